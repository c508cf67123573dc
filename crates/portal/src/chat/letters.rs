//! Mail around a chat: the transcript that a visitor asks for, and the answers that follow whoever
//! left before they came.

use tanggap_cases::notices::BASE_URL;
use tanggap_conversations::chat::{self, Said, Visitor};
use tanggap_conversations::{InteractionId, MessageId, NewOutbound, outbound};
use tanggap_kernel::{Access, Locale, Refusal, Result};
use tanggap_org as org;
use tanggap_store::Tx;
use tanggap_store::jobs::{Job, Runner};
use tanggap_ui::{Arg, Text, t_args};

use crate::door::Door;

/// Adds the handlers of the chat.
#[must_use]
pub fn register(runner: Runner) -> Runner {
    runner.on(chat::FOLLOW, follow)
}

/// Sends what was said to an address that the visitor gives.
///
/// # Errors
/// [`Refusal::Illegal`] where enough went out, or a fault.
pub async fn transcript(door: &Door, visitor: &Visitor, email: String) -> Result<()> {
    let (access, id) = (door.access(), visitor.id);
    let (text, agency) = (door.text(), door.agency.name_in(door.text().locale).to_owned());
    door.ctx
        .db
        .write(move |tx| {
            if !chat::count_transcript(tx, &access, id)? {
                return Err(Refusal::Illegal("chat-illegal-transcripts").into());
            }
            let all = chat::said(tx, &access, id, MessageId(0))?;
            let lines = lines(text, &all);
            let args: [(&str, Arg<'_>); 2] =
                [("agency", agency.as_str().into()), ("text", lines.as_str().into())];
            mail(tx, &access, text.locale, "chat-mail-transcript", &args, &email)
        })
        .await
}

/// One message below the other, each with who and when.
fn lines(text: Text, all: &[Said]) -> String {
    let one = |said: &Said| {
        let who = text.t(if said.by_visitor { "chat-you" } else { "chat-officer" });
        format!("{}, {}\n{}\n", who, text.date_time(said.at), said.body)
    };
    all.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// The handler: answers that nobody looked at go by mail, where there is an address.
fn follow(tx: &mut Tx<'_>, job: &Job) -> Result<()> {
    let Some(id) = InteractionId::parse(&job.key) else { return Ok(()) };
    let access = Access::system(job.agency_id);
    let Some((visitor, email, unread)) = chat::take_unread(tx, &access, id)? else {
        return Ok(());
    };
    let Some(agency) = org::agency(tx, job.agency_id)? else { return Ok(()) };
    let locale = Locale::parse(&visitor.locale).unwrap_or_default();
    let lines = lines(Text { locale, zone: agency.zone }, &unread);
    let name = match visitor.name.as_str() {
        "" => tanggap_ui::t(locale, "case-actor-citizen"),
        name => name.into(),
    };
    let link = format!("{BASE_URL}/i/{}/obrolan", agency.slug);
    let args: [(&str, Arg<'_>); 4] = [
        ("agency", agency.name_in(locale).into()),
        ("name", name.into()),
        ("text", lines.as_str().into()),
        ("link", link.as_str().into()),
    ];
    mail(tx, &access, locale, "chat-mail-follow", &args, &email)
}

fn mail(
    tx: &mut Tx<'_>,
    access: &Access,
    locale: Locale,
    key: &str,
    args: &[(&str, Arg<'_>)],
    recipient: &str,
) -> Result<()> {
    let subject = t_args(locale, &format!("{key}.subject"), args);
    let body = t_args(locale, key, args);
    let mail = NewOutbound {
        channel: "email",
        recipient,
        subject: &subject,
        body: &body,
        ..NewOutbound::default()
    };
    outbound::queue(tx, access, &mail)?;
    Ok(())
}
