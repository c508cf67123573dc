//! Where profiles come from: the files compiled in, and the texts of agencies.

use std::cmp::Reverse;
use std::sync::OnceLock;

use jiff::civil::Date;

use super::{Kind, Problem, Profile};

/// The files of `law/profiles`.
const EMBEDDED: [&str; 12] = [
    include_str!("../../../../law/profiles/complaint.1.toml"),
    include_str!("../../../../law/profiles/complaint.2.toml"),
    include_str!("../../../../law/profiles/supervisory-complaint.1.toml"),
    include_str!("../../../../law/profiles/supervisory-complaint.2.toml"),
    include_str!("../../../../law/profiles/information-request.1.toml"),
    include_str!("../../../../law/profiles/information-request.2.toml"),
    include_str!("../../../../law/profiles/aspiration.1.toml"),
    include_str!("../../../../law/profiles/aspiration.2.toml"),
    include_str!("../../../../law/profiles/appreciation.1.toml"),
    include_str!("../../../../law/profiles/appreciation.2.toml"),
    include_str!("../../../../law/profiles/service-request.1.toml"),
    include_str!("../../../../law/profiles/service-request.2.toml"),
];

/// Why a profile was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// The text cannot be read as a profile; the message names the place.
    #[error("cannot be read: {0}")]
    Syntax(String),
    /// It can be read, but must not be used.
    #[error("{}", list(.0))]
    Invalid(Vec<Problem>),
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("; ")
}

impl Profile {
    /// The profiles that come with the program: every kind, every version.
    #[must_use]
    pub fn embedded() -> &'static [Self] {
        static PROFILES: OnceLock<Vec<Profile>> = OnceLock::new();
        PROFILES.get_or_init(|| {
            let profiles: Result<_, _> = EMBEDDED.into_iter().map(Self::from_toml).collect();
            profiles.expect("invariant: the embedded profiles are valid, see the tests")
        })
    }

    /// The profile with a key such as `complaint@1`, of those that come with the program.
    #[must_use]
    pub fn by_key(key: &str) -> Option<&'static Self> {
        let (id, version) = key.rsplit_once('@')?;
        let version: u32 = version.parse().ok()?;
        Self::embedded().iter().find(|profile| profile.id == id && profile.version == version)
    }

    /// Reads and checks a profile written in TOML.
    ///
    /// # Errors
    /// The text cannot be read, or the profile must not be used.
    pub fn from_toml(text: &str) -> Result<Self, ProfileError> {
        let read: Self =
            toml::from_str(text).map_err(|error| ProfileError::Syntax(error.to_string()))?;
        read.checked()
    }

    /// Reads and checks a profile written in JSON.
    ///
    /// # Errors
    /// The text cannot be read, or the profile must not be used.
    pub fn from_json(text: &str) -> Result<Self, ProfileError> {
        let read: Self =
            serde_json::from_str(text).map_err(|error| ProfileError::Syntax(error.to_string()))?;
        read.checked()
    }

    fn checked(self) -> Result<Self, ProfileError> {
        let problems = self.problems();
        if problems.is_empty() { Ok(self) } else { Err(ProfileError::Invalid(problems)) }
    }

    /// Whether this profile of an agency may stand in place of `base`, the one that comes with the
    /// program.
    ///
    /// # Errors
    /// It must not be used at all, rules another kind, takes the key of an embedded profile, or is
    /// laxer than the law.
    pub fn check_override(&self, base: &Self) -> Result<(), ProfileError> {
        let problems = self.problems_beside(base);
        if problems.is_empty() { Ok(()) } else { Err(ProfileError::Invalid(problems)) }
    }
}

/// The profile that rules a report of this kind received on a date: the newest that was valid by
/// then, or the oldest there is for a report from before all of them.
#[must_use]
pub fn profile_for(kind: Kind, received: Date) -> &'static Profile {
    profile_among(kind, received, |_| true)
        .expect("invariant: every kind has an embedded profile, see the tests")
}

/// As [`profile_for`], of those versions only that `may_rule` allows.
#[must_use]
pub fn profile_among(
    kind: Kind,
    received: Date,
    may_rule: impl Fn(&Profile) -> bool,
) -> Option<&'static Profile> {
    let versions =
        || Profile::embedded().iter().filter(|profile| profile.kind == kind && may_rule(profile));
    let newest_valid = versions()
        .filter(|profile| profile.valid_from <= received)
        .max_by_key(|profile| (profile.valid_from, profile.version));
    newest_valid
        .or_else(|| versions().min_by_key(|profile| (profile.valid_from, Reverse(profile.version))))
}
