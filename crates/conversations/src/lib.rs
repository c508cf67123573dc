//! What was said: interactions on a channel, their messages and files, and what goes out.
//!
//! An interaction is one exchange on one channel; a case holds many. An interaction is never
//! itself the case. Every message is searchable from the commit that stored it.

pub mod accounts;
mod attachments;
pub mod chat;
pub mod files;
pub mod inbound;
mod messages;
mod model;
pub mod outbound;
pub mod quick;
mod reply;
mod search;
pub mod states;
pub mod talks;
pub mod templates;
pub mod window;

use tanggap_kernel::{Access, Fault};
use tanggap_store::Tx;

pub use accounts::{Account, AccountId};
pub use attachments::{ATTACHMENTS, attach, attachment, attachments_of, attachments_of_case};
pub use messages::{
    MESSAGES, add_message, first_interaction, interaction_of_message, letter_by_id, letter_of,
    link_case, messages_of, messages_of_case, messages_of_case_after, open_interaction, set_beside,
};
pub use model::{
    Attachment, AttachmentId, Beside, Direction, Interaction, InteractionId, Message, MessageId,
    NewAttachment, NewMessage, Paper, Scan,
};
pub use outbound::{NewOutbound, Outbound, OutboundId, Priority, SendState};
pub use search::{cases_with, cases_with_ahead, index};
pub use talks::{NewTalk, Shelf, Talk, TalkState};

/// Says that the conversation of a case will be read soon (see [`Tx::ahead`]).
///
/// # Errors
/// A fault of the engine.
pub fn ahead(tx: &mut Tx<'_>, access: &Access, case_id: i64) -> Result<(), Fault> {
    messages::ahead(tx, access, case_id)?;
    attachments::ahead(tx, access, case_id)?;
    outbound::ahead(tx, access, case_id)
}

/// The statements of this crate, for the test that reads every plan.
#[must_use]
pub fn statements() -> Vec<&'static tanggap_store::Sql> {
    [
        accounts::STATEMENTS,
        attachments::STATEMENTS,
        chat::STATEMENTS,
        inbound::STATEMENTS,
        messages::STATEMENTS,
        outbound::STATEMENTS,
        outbound::lanes::STATEMENTS,
        outbound::office::STATEMENTS,
        outbound::receipts::STATEMENTS,
        outbound::settings::STATEMENTS,
        outbound::suppressions::STATEMENTS,
        quick::STATEMENTS,
        search::STATEMENTS,
        states::STATEMENTS,
        talks::STATEMENTS,
        templates::STATEMENTS,
        window::STATEMENTS,
    ]
    .concat()
}
