//! What a reporter is told by mail: receipt, question, step, answer. Queued in the outbound
//! ledger in the transaction that caused it; without a relay it waits there, visibly.

use tanggap_contacts as contacts;
use tanggap_conversations::{NewOutbound, Priority, outbound};
use tanggap_kernel::{Access, Actor, Result};
use tanggap_store::Tx;
use tanggap_ui::{Arg, t, t_args};

use crate::model::Case;

/// Where the address of the installation goes into a text; the sender fills it in.
pub const BASE_URL: &str = "{base_url}";

/// Something to tell a reporter.
pub struct Notice<'a> {
    /// About which case.
    pub case: &'a Case,
    /// What happened.
    pub event: &'static str,
    /// The PIN, in the receipt only.
    pub pin: Option<&'a str>,
    /// What was said to them.
    pub text: &'a str,
}

/// Queues the mail for a notice, where the reporter left an address.
///
/// # Errors
/// A fault of the engine.
pub fn send(tx: &mut Tx<'_>, access: &Access, notice: &Notice<'_>) -> Result<()> {
    let Some(contact) = notice.case.contact_id else { return Ok(()) };
    let Some((name, recipient)) = contacts::reachable(tx, access, contact)? else { return Ok(()) };
    // The reporter's own language where they act themselves; Indonesian otherwise (UU 24/2009).
    let locale = match access.actor {
        Actor::Citizen => access.locale,
        _ => tanggap_kernel::Locale::Id,
    };
    let key = notice.event.replace(['.', '_'], "-");
    let name = match name.as_str() {
        "" => t(locale, "case-actor-citizen"),
        name => name.into(),
    };
    let args: [(&str, Arg<'_>); 5] = [
        ("code", notice.case.code.as_str().into()),
        ("subject", notice.case.subject.as_str().into()),
        ("pin", notice.pin.unwrap_or("").into()),
        ("name", name.into()),
        ("text", notice.text.into()),
    ];
    let subject = t_args(locale, &format!("mail-{key}.subject"), &args);
    let mut body = t_args(locale, &format!("mail-{key}"), &args).into_owned();
    body.push_str("\n\n");
    let link = format!("{BASE_URL}/lacak/{}", notice.case.code);
    body.push_str(&t_args(locale, "mail-footer", &[("link", link.as_str().into())]));
    body.push_str(&t(locale, "mail-signature"));
    let mail = NewOutbound {
        case_id: Some(notice.case.id.0),
        channel: "email",
        recipient: &recipient,
        subject: &format!("[{}] {subject}", notice.case.code),
        body: &body,
        // The receipt is owed at once (UU 25/2009 art. 44), and an answer by its deadline.
        priority: match notice.event {
            "case.received" | "case.answered" => Priority::Owed,
            _ => Priority::Ordinary,
        },
        ..NewOutbound::default()
    };
    outbound::queue(tx, access, &mail)?;
    Ok(())
}
