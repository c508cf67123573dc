//! Taking back whom a case was given to: the toast that tells of it offers to give the case back
//! to whom it belonged before.
//!
//! Giving it back is the same step once more, authorised and noted as any other, for the version
//! that one's own step left: where somebody changed the case meanwhile, it is refused. Steps that
//! the law dates are not taken back; each has its own that corrects it.

use tanggap_cases::model::Case;
use tanggap_cases::rules::Action;
use tanggap_kernel::id::UserId;

/// Gives a case back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Undo {
    /// The version that the step left.
    pub version: i64,
    /// To whom it belonged before; empty: to nobody.
    pub owner: String,
}

impl Undo {
    /// What takes `action` back, which made `after` of a case that was `before`'s.
    pub(crate) fn of(action: &Action, before: Option<UserId>, after: &Case) -> Option<Self> {
        if !matches!(action, Action::Assign { .. }) || before == after.owner_id {
            return None;
        }
        let owner = before.map(|user| user.to_string()).unwrap_or_default();
        Some(Self { version: after.version, owner })
    }

    /// As it is told to the page that offers it.
    pub(crate) fn to_text(&self) -> String {
        format!("assign.{}.{}", self.version, self.owner)
    }

    /// Reads it from there.
    pub(crate) fn parse(told: &str) -> Option<Self> {
        let (version, owner) = told.strip_prefix("assign.")?.split_once('.')?;
        if !owner.is_empty() {
            UserId::parse(owner)?;
        }
        Some(Self { version: version.parse().ok()?, owner: owner.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_read_again() {
        let nobody = Undo { version: 7, owner: String::new() };
        assert_eq!(Undo::parse(&nobody.to_text()), Some(nobody));
        for wrong in ["", "assign.", "assign.x.", "assign.7", "assign.7.<b>", "verify.7."] {
            assert_eq!(Undo::parse(wrong), None, "{wrong}");
        }
    }
}
