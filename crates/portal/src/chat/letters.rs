//! Letters around a chat: the transcript that a visitor asks for by mail, and the answers that
//! follow whoever left before they came, by mail or by WhatsApp.

use tanggap_cases::notices::BASE_URL;
use tanggap_conversations::chat::{self, Said, Visitor};
use tanggap_conversations::outbound::{Extra, ExtraTemplate};
use tanggap_conversations::{InteractionId, MessageId, NewOutbound, outbound, talks, templates};
use tanggap_kernel::{Access, Locale, Refusal, Result};
use tanggap_org as org;
use tanggap_store::Tx;
use tanggap_store::jobs::{Job, Runner};
use tanggap_ui::{Arg, Text, t_args};

use crate::door::Door;

const WHATSAPP: &str = "whatsapp";

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
            mail(tx, &access, text.locale, id, ("chat-mail-transcript", &args), &email)
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

/// The approved text by which answers follow on WhatsApp where its time for free words is not
/// open; its gaps are the name and what was answered.
const TEMPLATE: &str = "balasan_obrolan";
/// Characters of what was answered that it holds.
const ANSWER_MAX: usize = 600;

/// The handler: answers that nobody looked at go where their visitor can be reached.
fn follow(tx: &mut Tx<'_>, job: &Job) -> Result<()> {
    let Some(id) = InteractionId::parse(&job.key) else { return Ok(()) };
    let access = Access::system(job.agency_id);
    let Some((visitor, unread)) = chat::unread(tx, &access, id)? else { return Ok(()) };
    let is_sent = match (&visitor.email, &visitor.phone) {
        (Some(email), _) => by_mail(tx, &access, &visitor, email, &unread)?,
        (None, Some(phone)) => by_whatsapp(tx, &access, &visitor, phone, &unread)?,
        (None, None) => false,
    };
    match is_sent {
        true => Ok(chat::followed(tx, &access, id, &unread)?),
        false => Ok(()),
    }
}

/// Writes to a number, where the agency has an account and the person may be written to; false
/// where not.
fn by_whatsapp(
    tx: &mut Tx<'_>,
    access: &Access,
    visitor: &Visitor,
    phone: &str,
    unread: &[Said],
) -> Result<bool> {
    let Some(account) = outbound::account_for(tx, access, WHATSAPP)? else { return Ok(false) };
    let thread = phone.trim_start_matches('+');
    let said: Vec<&str> = unread.iter().map(|said| said.body.as_str()).collect();
    let talk = talks::of_thread(tx, access, account.into(), thread)?;
    let is_open = talk.is_some_and(|talk| talk.is_window_open(tx.now()));
    let (body, template) = match is_open {
        true => (said.join("\n\n"), None),
        false => {
            let locale = Locale::parse(&visitor.locale).unwrap_or_default();
            let found = templates::find(tx, access, account.into(), TEMPLATE, locale.tag())?;
            let Some(found) = found.filter(|found| found.gaps == 2) else { return Ok(false) };
            let answer = said.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
            let values = vec![name_of(visitor, locale), answer.chars().take(ANSWER_MAX).collect()];
            let text = found.filled(&values);
            let (name, language) = (found.name, found.language);
            (text, Some(ExtraTemplate { name, language, values }))
        }
    };
    let new = NewOutbound {
        channel: WHATSAPP,
        exchange: Some(visitor.id),
        account_id: account,
        recipient: thread,
        body: &body,
        extra: Extra { template, ..Extra::default() },
        ..NewOutbound::default()
    };
    outbound::queue(tx, access, &new)?;
    Ok(true)
}

fn name_of(visitor: &Visitor, locale: Locale) -> String {
    match visitor.name.as_str() {
        "" => tanggap_ui::t(locale, "case-actor-citizen").into_owned(),
        name => name.to_owned(),
    }
}

fn by_mail(
    tx: &mut Tx<'_>,
    access: &Access,
    visitor: &Visitor,
    email: &str,
    unread: &[Said],
) -> Result<bool> {
    let Some(agency) = org::agency(tx, access.agency_id)? else { return Ok(false) };
    let locale = Locale::parse(&visitor.locale).unwrap_or_default();
    let lines = lines(Text { locale, zone: agency.zone }, unread);
    let name = name_of(visitor, locale);
    let link = format!("{BASE_URL}/i/{}/obrolan", agency.slug);
    let args: [(&str, Arg<'_>); 4] = [
        ("agency", agency.name_in(locale).into()),
        ("name", name.as_str().into()),
        ("text", lines.as_str().into()),
        ("link", link.as_str().into()),
    ];
    mail(tx, access, locale, visitor.id, ("chat-mail-follow", &args), email)?;
    Ok(true)
}

fn mail(
    tx: &mut Tx<'_>,
    access: &Access,
    locale: Locale,
    exchange: InteractionId,
    (key, args): (&str, &[(&str, Arg<'_>)]),
    recipient: &str,
) -> Result<()> {
    let subject = t_args(locale, &format!("{key}.subject"), args);
    let body = t_args(locale, key, args);
    let mail = NewOutbound {
        exchange: Some(exchange),
        channel: "email",
        recipient,
        subject: &subject,
        body: &body,
        ..NewOutbound::default()
    };
    outbound::queue(tx, access, &mail)?;
    Ok(())
}
