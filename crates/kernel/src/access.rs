//! Who acts, in which agency, and what they may do there. Deny by default.
//!
//! A person holds grants: a set of permissions for the whole agency or for some units. Every
//! store function takes the [`Access`], so that a statement without an agency cannot be written,
//! and every use case asks it before it decides.

use crate::id::{AgencyId, TokenId, UnitId, UserId};
use crate::{Locale, Refusal};

/// Who does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A member of staff.
    User(UserId),
    /// A citizen; without an account, so without a name.
    Citizen,
    /// An integration, by its token.
    Token(TokenId),
    /// Tanggap itself: timers and rules.
    System,
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::Citizen => f.write_str("citizen"),
            Self::Token(id) => write!(f, "token:{id}"),
            Self::System => f.write_str("system"),
        }
    }
}

impl Actor {
    /// Reads what [`Display`](std::fmt::Display) wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            Some(("user", id)) => UserId::parse(id).map(Self::User),
            Some(("token", id)) => TokenId::parse(id).map(Self::Token),
            None if text == "citizen" => Some(Self::Citizen),
            None if text == "system" => Some(Self::System),
            _ => None,
        }
    }
}

/// One thing that somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Permission {
    /// See cases.
    CaseRead,
    /// Register a case for a citizen.
    CaseCreate,
    /// Verify, ask for completion, mark as duplicate, archive, refer to another authority.
    CaseVerify,
    /// Forward a case to a unit.
    CaseForward,
    /// Accept, return and work on a follow-up of one's unit.
    CaseFollowUp,
    /// Send the answer.
    CaseAnswer,
    /// Write to the citizen or a note to colleagues.
    CaseWrite,
    /// Take over, reassign, escalate, decide objections.
    CaseSupervise,
    /// See the identity of a person, unmasked; each look is an event.
    IdentityRead,
    /// See figures over cases.
    BoardRead,
    /// Change the agency, its units, people, calendars and categories.
    OrgManage,
    /// See the organisation's set-up.
    OrgRead,
    /// Read the audit log.
    AuditRead,
    /// See and restart jobs.
    JobsManage,
    /// Issue and revoke API tokens.
    TokensManage,
    /// Add further agencies under this roof; opens none of their data.
    AgenciesManage,
    /// See exchanges on written channels.
    TalkRead,
    /// Answer, hand on and end exchanges.
    TalkWrite,
    /// Set up accounts of channels, and how what goes out is sent.
    ChannelsManage,
    /// Be offered work: say what one is doing, take, decline and hand over.
    RouteWork,
    /// See who is at what, move people between queues, hand over what others hold.
    RouteSupervise,
    /// Look at others' exchanges unannounced, whisper to whoever is at them, take them over.
    TalkSupervise,
    /// Take down what a reporter says of their own case: that it is solved, that it is not, that
    /// they take it back.
    CaseForReporter,
    /// Carry out people's requests to be forgotten.
    PersonErase,
}

impl Permission {
    /// All permissions, in order.
    pub const ALL: [Self; 24] = [
        Self::CaseRead,
        Self::CaseCreate,
        Self::CaseVerify,
        Self::CaseForward,
        Self::CaseFollowUp,
        Self::CaseAnswer,
        Self::CaseWrite,
        Self::CaseSupervise,
        Self::IdentityRead,
        Self::BoardRead,
        Self::OrgManage,
        Self::OrgRead,
        Self::AuditRead,
        Self::JobsManage,
        Self::TokensManage,
        Self::AgenciesManage,
        Self::TalkRead,
        Self::TalkWrite,
        Self::ChannelsManage,
        Self::RouteWork,
        Self::RouteSupervise,
        Self::TalkSupervise,
        Self::CaseForReporter,
        Self::PersonErase,
    ];
}

/// A set of permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Permissions(u64);

impl Permissions {
    /// The set of `list`.
    #[must_use]
    pub fn of(list: &[Permission]) -> Self {
        Self(list.iter().fold(0, |bits, p| bits | (1 << (*p as u8))))
    }

    /// Whether `permission` is in it.
    #[must_use]
    pub fn has(self, permission: Permission) -> bool {
        self.0 & (1 << (permission as u8)) != 0
    }
}

/// Permissions for the whole agency, or for some units.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Grant {
    /// What may be done.
    pub permissions: Permissions,
    /// In which units (children already included); `None` is the whole agency.
    pub units: Option<Vec<UnitId>>,
}

/// Which units a permission reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The whole agency.
    Agency,
    /// These units only, sorted; empty where the permission is not held.
    Units(Vec<UnitId>),
}

/// Who acts, where, with which rights, in which language. Made by sign-in, a token or the system;
/// the only key to the store.
#[derive(Clone, Debug)]
pub struct Access {
    /// The agency in which one acts.
    pub agency_id: AgencyId,
    /// Who acts.
    pub actor: Actor,
    /// On whose behalf, where it is not for oneself.
    pub on_behalf_of: Option<Actor>,
    /// What they may do.
    pub grants: Vec<Grant>,
    /// The units they belong to: a complaint about one of these is never theirs to see.
    pub member_of: Vec<UnitId>,
    /// The language they read.
    pub locale: Locale,
}

impl Access {
    /// Tanggap itself: may do everything in `agency_id`.
    #[must_use]
    pub fn system(agency_id: AgencyId) -> Self {
        let grant = Grant { permissions: Permissions::of(&Permission::ALL), units: None };
        Self { grants: vec![grant], actor: Actor::System, ..Self::citizen(agency_id, Locale::Id) }
    }

    /// A citizen of `agency_id`: no permissions; what they may do hangs on their code and PIN.
    #[must_use]
    pub fn citizen(agency_id: AgencyId, locale: Locale) -> Self {
        Self {
            agency_id,
            actor: Actor::Citizen,
            on_behalf_of: None,
            grants: Vec::new(),
            member_of: Vec::new(),
            locale,
        }
    }

    /// The member of staff who acts, where it is one.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        match self.actor {
            Actor::User(id) => Some(id),
            _ => None,
        }
    }

    /// Whether `permission` is held for a thing that belongs to `unit` (`None`: to no unit yet,
    /// which only a grant for the whole agency reaches).
    #[must_use]
    pub fn can(&self, permission: Permission, unit: Option<UnitId>) -> bool {
        self.grants.iter().any(|grant| {
            grant.permissions.has(permission)
                && match (&grant.units, unit) {
                    (None, _) => true,
                    (Some(units), Some(unit)) => units.contains(&unit),
                    (Some(_), None) => false,
                }
        })
    }

    /// Whether `permission` is held anywhere: enough to see a menu, never to do a thing.
    #[must_use]
    pub fn can_somewhere(&self, permission: Permission) -> bool {
        self.grants.iter().any(|grant| grant.permissions.has(permission))
    }

    /// Which units `permission` reaches.
    #[must_use]
    pub fn scope(&self, permission: Permission) -> Scope {
        let mut reached = Vec::new();
        for grant in self.grants.iter().filter(|grant| grant.permissions.has(permission)) {
            match &grant.units {
                None => return Scope::Agency,
                Some(units) => reached.extend_from_slice(units),
            }
        }
        reached.sort_unstable();
        reached.dedup();
        Scope::Units(reached)
    }

    /// Refuses unless `permission` is held for `unit`.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`].
    pub fn require(&self, permission: Permission, unit: Option<UnitId>) -> Result<(), Refusal> {
        if self.can(permission, unit) { Ok(()) } else { Err(Refusal::Forbidden) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_for_a_unit_reaches_neither_other_units_nor_unassigned_things() {
        let grant = Grant {
            permissions: Permissions::of(&[Permission::CaseRead]),
            units: Some(vec![UnitId(7)]),
        };
        let access = Access { grants: vec![grant], ..Access::citizen(AgencyId(1), Locale::Id) };
        assert!(access.can(Permission::CaseRead, Some(UnitId(7))));
        assert!(!access.can(Permission::CaseRead, Some(UnitId(8))));
        assert!(!access.can(Permission::CaseRead, None));
        assert!(!access.can(Permission::CaseAnswer, Some(UnitId(7))));
        assert_eq!(access.scope(Permission::CaseAnswer), Scope::Units(vec![]));
    }
}
