//! The words that profiles are written in: kinds, events, owners, policies. The same words stand
//! in the database, in the API and in the files, so they never change.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The word is none of those that are known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown word {0:?}")]
pub struct UnknownWord(pub String);

/// Declares an enumeration whose variants are known by one word each.
macro_rules! words {
    (
        $(#[$about:meta])*
        $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// All of them, in the order of their declaration.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word that files, the API and the database use.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWord(word.to_owned())),
                }
            }
        }
    };
}

words! {
    /// A kind of report that anyone can make on an ordinary form.
    ///
    /// Whistle-blowing is not among them: it has its own law, its own people and its own door.
    Kind {
        /// *Pengaduan tidak berkadar pengawasan*: an ordinary complaint about a service.
        Complaint = "complaint",
        /// *Pengaduan berkadar pengawasan*: a breach of rules or abuse that must be examined.
        SupervisoryComplaint = "supervisory_complaint",
        /// *Permintaan informasi* of the ordinary sort; a formal PPID request is another matter.
        InformationRequest = "information_request",
        /// *Aspirasi*: a proposal or suggestion.
        Aspiration = "aspiration",
        /// *Apresiasi*: thanks and praise.
        Appreciation = "appreciation",
        /// *Permohonan layanan*: an application for a service.
        ServiceRequest = "service_request",
    }
}

words! {
    /// Who has to act before a deadline.
    Owner {
        /// The agency.
        Agency = "agency",
        /// The citizen; nobody at the agency is late.
        Citizen = "citizen",
    }
}

words! {
    /// Something that happens to a case and starts, stops or ends a clock.
    Event {
        /// The citizen received the service that the complaint is about.
        ServiceReceived = "service_received",
        /// The report came in.
        Received = "received",
        /// The reporter was asked to complete it.
        Incomplete = "incomplete",
        /// The reporter completed it.
        Completed = "completed",
        /// It was checked and declared complete and ours.
        Verified = "verified",
        /// It was forwarded to the unit in charge.
        Forwarded = "forwarded",
        /// The unit sent it back.
        Returned = "returned",
        /// The unit took its first action and told the reporter.
        FirstAction = "first_action",
        /// The answer was given to the reporter.
        Answered = "answered",
        /// The complaint was decided, without the reporter having been told yet.
        Decided = "decided",
        /// The reporter was told the decision.
        Notified = "notified",
        /// The reporter wrote again after the answer.
        ReporterReplied = "reporter_replied",
        /// The reporter confirmed that it is solved.
        Confirmed = "confirmed",
        /// The reporter said that it is not solved, before or after closing.
        Reopened = "reopened",
        /// The reporter objected to the superior.
        Objected = "objected",
        /// The superior decided the objection and told the reporter.
        ObjectionAnswered = "objection_answered",
        /// It was closed.
        Closed = "closed",
        /// It went to the authority that it belongs to.
        Referred = "referred",
        /// It was joined to the report that it repeats.
        Duplicate = "duplicate",
        /// It was archived with a reason.
        Archived = "archived",
        /// It counts as withdrawn.
        Lapsed = "lapsed",
    }
}

impl Event {
    /// Whether the case is over with it, so that every clock stops. A case that is reopened or
    /// objected to afterwards starts clocks of its own.
    #[must_use]
    pub const fn ends_case(self) -> bool {
        use Event::{Archived, Closed, Duplicate, Lapsed, Referred};
        matches!(self, Closed | Referred | Duplicate | Archived | Lapsed)
    }
}

/// The stable name of a deadline: capitals, digits and underscores, 3 to 40 of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Policy(String);

impl Policy {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Policy {
    type Error = UnknownWord;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let sound = |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_';
        if (3..=40).contains(&name.len()) && name.bytes().all(sound) {
            Ok(Self(name))
        } else {
            Err(UnknownWord(name))
        }
    }
}

impl From<Policy> for String {
    fn from(policy: Policy) -> Self {
        policy.0
    }
}
