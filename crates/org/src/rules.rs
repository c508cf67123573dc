//! Pure decisions: what each role and each token scope may do. Deny by default: what is not named
//! here is not allowed.
//!
//! A role is held for the whole agency or for a unit with those under it. What belongs to another
//! agency is out of reach by the store itself: every statement carries the agency of the
//! [`Access`](tanggap_kernel::Access).

use std::collections::HashSet;

use tanggap_kernel::Access;
use tanggap_kernel::access::{Permission, Permissions};
use tanggap_kernel::id::UnitId;

use crate::model::{RoleGrant, Unit};

/// What somebody is to the agency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Takes reports in, checks and forwards them, writes to citizens.
    Agent,
    /// Follows up what was forwarded to their unit.
    UnitOfficer,
    /// Sees to it that all of that happens in time; decides objections.
    Supervisor,
    /// Sets the agency up; does not read cases.
    Administrator,
    /// Reads, and changes nothing.
    Inspector,
    /// Adds further agencies under this roof; sees none of their data.
    Host,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Agent,
        Self::UnitOfficer,
        Self::Supervisor,
        Self::Administrator,
        Self::Inspector,
        Self::Host,
    ];

    /// Its word in the database, in forms and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::UnitOfficer => "unit_officer",
            Self::Supervisor => "supervisor",
            Self::Administrator => "administrator",
            Self::Inspector => "inspector",
            Self::Host => "host",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// The key of its name in the catalogue.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Agent => "org-role-agent",
            Self::UnitOfficer => "org-role-unit-officer",
            Self::Supervisor => "org-role-supervisor",
            Self::Administrator => "org-role-administrator",
            Self::Inspector => "org-role-inspector",
            Self::Host => "org-role-host",
        }
    }

    /// Whether it can only be held for a unit.
    #[must_use]
    pub const fn needs_unit(self) -> bool {
        matches!(self, Self::UnitOfficer)
    }

    /// Whether it can be held for a unit at all.
    #[must_use]
    pub const fn takes_unit(self) -> bool {
        !matches!(self, Self::Administrator | Self::Host)
    }
}

/// What a role may do, in the units it is held for.
#[must_use]
pub fn permissions(role: Role) -> Permissions {
    use Permission as P;
    let agent = [
        P::CaseRead,
        P::CaseCreate,
        P::CaseVerify,
        P::CaseForward,
        P::CaseAnswer,
        P::CaseWrite,
        P::CaseForReporter,
        P::IdentityRead,
        P::TalkRead,
        P::TalkWrite,
        P::RouteWork,
    ];
    match role {
        Role::Agent => Permissions::of(&agent),
        Role::UnitOfficer => Permissions::of(&[
            P::CaseRead,
            P::CaseFollowUp,
            P::CaseAnswer,
            P::CaseWrite,
            P::IdentityRead,
            P::RouteWork,
        ]),
        Role::Supervisor => {
            let more =
                [P::CaseSupervise, P::BoardRead, P::OrgRead, P::RouteSupervise, P::TalkSupervise];
            Permissions::of(&[&agent[..], &more].concat())
        }
        Role::Administrator => Permissions::of(&[
            P::OrgManage,
            P::OrgRead,
            P::AuditRead,
            P::JobsManage,
            P::TokensManage,
            P::ChannelsManage,
            P::PersonErase,
        ]),
        Role::Inspector => {
            Permissions::of(&[P::CaseRead, P::BoardRead, P::OrgRead, P::AuditRead, P::TalkRead])
        }
        Role::Host => Permissions::of(&[P::AgenciesManage]),
    }
}

/// What a bearer token may do, in the whole agency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TokenScope {
    /// See cases, with identities masked.
    CasesRead,
    /// Make cases and move them through every step.
    CasesWrite,
    /// See identities unmasked.
    IdentityRead,
    /// See figures over cases.
    BoardRead,
    /// See units and categories.
    OrgRead,
}

impl TokenScope {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::CasesRead, Self::CasesWrite, Self::IdentityRead, Self::BoardRead, Self::OrgRead];

    /// Its word, as OAuth writes scopes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CasesRead => "cases:read",
            Self::CasesWrite => "cases:write",
            Self::IdentityRead => "identity:read",
            Self::BoardRead => "board:read",
            Self::OrgRead => "org:read",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }

    /// The key of its name in the catalogue.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::CasesRead => "org-scope-cases-read",
            Self::CasesWrite => "org-scope-cases-write",
            Self::IdentityRead => "org-scope-identity-read",
            Self::BoardRead => "org-scope-board-read",
            Self::OrgRead => "org-scope-org-read",
        }
    }

    /// Whether somebody who manages tokens may give it: an administrator connects other systems
    /// without reading reports themselves, but opens identities to nobody that are closed to them.
    #[must_use]
    pub fn may_be_given_by(self, access: &Access) -> bool {
        self != Self::IdentityRead || access.can(Permission::IdentityRead, None)
    }

    /// What it allows.
    #[must_use]
    pub const fn permissions(self) -> &'static [Permission] {
        use Permission as P;
        match self {
            Self::CasesRead => &[P::CaseRead],
            Self::CasesWrite => &[
                P::CaseCreate,
                P::CaseVerify,
                P::CaseForward,
                P::CaseFollowUp,
                P::CaseAnswer,
                P::CaseWrite,
                P::CaseForReporter,
                P::CaseSupervise,
            ],
            Self::IdentityRead => &[P::IdentityRead],
            Self::BoardRead => &[P::BoardRead],
            Self::OrgRead => &[P::OrgRead],
        }
    }
}

/// `unit` and all units under it, sorted; ends even where the tree was damaged into a ring.
#[must_use]
pub fn units_under(units: &[Unit], unit: UnitId) -> Vec<UnitId> {
    let mut found = HashSet::from([unit]);
    let mut edge = vec![unit];
    while let Some(parent) = edge.pop() {
        for child in units.iter().filter(|u| u.parent_id == Some(parent)) {
            if found.insert(child.id) {
                edge.push(child.id);
            }
        }
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_unstable();
    found
}

/// Why a set of roles cannot be given: the message's key, or nothing.
#[must_use]
pub fn roles_problem(grants: &[RoleGrant]) -> Option<&'static str> {
    if grants.iter().any(|g| g.role.needs_unit() && g.unit_id.is_none()) {
        return Some("org-invalid-role-unit");
    }
    if grants.iter().any(|g| !g.role.takes_unit() && g.unit_id.is_some()) {
        return Some("org-invalid-role-agency");
    }
    None
}

/// A name for addresses made from any text: `Dinas P.U.` becomes `dinas-p-u`; at most 60 signs.
#[must_use]
pub fn slug_of(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= 60 {
            break;
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// Whether a text can stand in addresses as it is.
#[must_use]
pub fn is_slug(text: &str) -> bool {
    !text.is_empty() && slug_of(text) == text
}

/// Whether a text looks like an e-mail address: one `@`, a dot behind it, no blanks.
#[must_use]
pub fn is_email(text: &str) -> bool {
    let sound = |c: char| !c.is_whitespace() && !c.is_control();
    text.len() <= 254
        && text.chars().all(sound)
        && text.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty()
                && !host.contains('@')
                && host.split('.').count() >= 2
                && host.split('.').all(|label| !label.is_empty())
        })
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
