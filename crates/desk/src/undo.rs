//! Taking back what was just done: the toast that tells of it offers the way back.
//!
//! That is a step as any other, authorised and noted: a case goes back to whom it belonged, for
//! the version that one's own step left (where somebody changed it meanwhile, it is refused); a
//! reminder that was set is removed; a talk that was laid aside goes on. Steps that the law dates
//! are not taken back; each has its own that corrects it. Nor is a removed reminder: its note is
//! forgotten at once.

use tanggap_cases::model::Case;
use tanggap_cases::reminders::About;
use tanggap_cases::rules::Action;
use tanggap_conversations::InteractionId;
use tanggap_kernel::id::{self, UserId};
use tanggap_ui::Page;

use crate::reminders;
use crate::talks::list;

/// What takes something back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Undo {
    /// Gives a case back that is at this version to whom it belonged before; empty: to nobody.
    Assign { version: i64, owner: String },
    /// Removes a reminder.
    Forget(About),
    /// Brings a talk back that was laid aside from a shelf.
    Wake(InteractionId, String),
}

/// The form of its button.
#[derive(Clone, Debug)]
pub(crate) struct UndoForm {
    pub href: String,
    /// What its answer is shown in.
    pub frame: &'static str,
    pub step: &'static str,
    pub fields: Vec<(&'static str, String)>,
}

impl Undo {
    /// What takes `action` back, which made `after` of a case that was `before`'s.
    pub(crate) fn of(action: &Action, before: Option<UserId>, after: &Case) -> Option<Self> {
        if !matches!(action, Action::Assign { .. }) || before == after.owner_id {
            return None;
        }
        let owner = before.map(|user| user.to_string()).unwrap_or_default();
        Some(Self::Assign { version: after.version, owner })
    }

    /// As it is told to the page that offers it.
    pub(crate) fn to_text(&self) -> String {
        let of = |about: &About| {
            let (kind, about) = about.parts();
            format!("{kind}.{}", id::to_text(about))
        };
        match self {
            Self::Assign { version, owner } => format!("assign.{version}.{owner}"),
            Self::Forget(about) => format!("forget.{}", of(about)),
            Self::Wake(talk, shelf) => format!("wake.{talk}.{shelf}"),
        }
    }

    /// Reads it from there.
    pub(crate) fn parse(told: &str) -> Option<Self> {
        let about = |kind: &str, id: &str| About::of(kind, id::from_text(id)?);
        let parts: Vec<&str> = told.split('.').collect();
        match parts[..] {
            ["assign", version, owner] if owner.is_empty() || UserId::parse(owner).is_some() => {
                Some(Self::Assign { version: version.parse().ok()?, owner: owner.to_owned() })
            }
            ["forget", kind, of] => Some(Self::Forget(about(kind, of)?)),
            ["wake", talk, shelf] => {
                Some(Self::Wake(InteractionId::parse(talk)?, shelf.to_owned()))
            }
            _ => None,
        }
    }

    /// The form that a page offers with what it tells; `code`: of the case that it shows.
    pub(crate) fn offered(page: &Page, code: Option<&str>) -> Option<UndoForm> {
        let undo = Self::parse(&page.flash.as_ref()?.undo)?;
        let form = |href, step, fields| UndoForm { href, frame: "_top", step, fields };
        Some(match undo {
            Self::Assign { version, owner } => UndoForm {
                frame: "laporan",
                ..form(
                    format!("/meja/{}/langkah", code?),
                    "assign",
                    vec![("version", version.to_string()), ("user", owner)],
                )
            },
            Self::Forget(about) => form(reminders::href(about), "clear", Vec::new()),
            Self::Wake(talk, shelf) => {
                let shelf = list::shelf_query(&shelf);
                form(format!("/percakapan/{talk}/langkah{shelf}"), "wake", Vec::new())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_read_again() {
        let talk = InteractionId(8);
        for undo in [
            Undo::Assign { version: 7, owner: String::new() },
            Undo::Forget(About::Case(tanggap_cases::model::CaseId(7))),
            Undo::Forget(About::Talk(talk)),
            Undo::Wake(talk, "menunggu".to_owned()),
            Undo::Wake(talk, String::new()),
        ] {
            assert_eq!(Undo::parse(&undo.to_text()), Some(undo));
        }
        for wrong in ["", "assign.", "assign.x.", "assign.7", "assign.7.<b>", "verify.7.", "wake."]
        {
            assert_eq!(Undo::parse(wrong), None, "{wrong}");
        }
    }
}
