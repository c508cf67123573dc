//! What a reporter is told: receipt, question, step, answer. Queued in the outbound ledger in the
//! transaction that caused it, on the channel by which they wrote last; what cannot go out yet
//! waits there, visibly.

use tanggap_conversations::outbound::Extra;
use tanggap_conversations::{NewOutbound, Priority, Talk, TalkState, outbound, talks};
use tanggap_kernel::{Access, Actor, Locale, Result};
use tanggap_org as org;
use tanggap_store::Tx;
use tanggap_ui::{Arg, t, t_args};

use crate::model::Case;
use crate::{addresses, talking};

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

/// The most talks of a case that are looked through for one that goes on.
const TALKS_MAX: i64 = 10;

/// Tells a notice where the reporter wrote last: in the talk of the case that goes on, or else by
/// mail, where they left an address.
///
/// # Errors
/// A fault of the engine.
pub fn send(tx: &mut Tx<'_>, access: &Access, notice: &Notice<'_>) -> Result<()> {
    let going = talks::of_case(tx, access, notice.case.id.0, TALKS_MAX)?;
    // Mail has its own form, with a subject and a signature. Nothing is told to anybody else.
    let reporter = notice.case.contact_id;
    let going = going.into_iter().find(|talk| {
        talk.channel != "email"
            && talk.state != TalkState::Ended
            && talk.last_in_at.is_some()
            && reporter.is_some()
            && talk.contact_id == reporter
    });
    if let Some(going) = going
        && by_talk(tx, access, notice, going)?
    {
        return Ok(());
    }
    by_mail(tx, access, notice)
}

/// The reporter's own language where they act themselves; Indonesian otherwise (UU 24/2009).
fn locale_of(access: &Access) -> Locale {
    match access.actor {
        Actor::Citizen => access.locale,
        _ => Locale::Id,
    }
}

/// The receipt is owed at once (UU 25/2009 art. 44), and an answer by its deadline.
fn priority(notice: &Notice<'_>) -> Priority {
    match notice.event {
        "case.received" | "case.answered" => Priority::Owed,
        _ => Priority::Ordinary,
    }
}

fn key(notice: &Notice<'_>) -> String {
    format!("mail-{}", notice.event.replace(['.', '_'], "-"))
}

/// In few words, since some channels cost by length.
fn by_talk(tx: &mut Tx<'_>, access: &Access, notice: &Notice<'_>, going: Talk) -> Result<bool> {
    if going.channel == "sms" {
        return by_sms(tx, access, notice, going);
    }
    let (case, locale) = (notice.case, locale_of(access));
    let mut text = format!("[{}] {}", case.code, title(notice, locale));
    if !notice.text.is_empty() {
        text.push_str(&format!("\n\n{}", notice.text));
    }
    let mut footer = String::new();
    if let Some(pin) = notice.pin {
        let pin = t_args(locale, "talk-notice-pin", &[("pin", pin.into())]);
        // Staff read the talk, and the PIN is the citizen's alone: it is in what goes out only.
        // A chat's visitor has nothing but the talk.
        let place = if going.channel == talking::WEBCHAT { &mut text } else { &mut footer };
        place.push_str(&format!("\n{pin}"));
    }
    footer.push_str(&format!("\n\n{}", case_link(tx, access, &case.code)?));
    talking::tell(tx, access, going, (&text, &footer), priority(notice))
}

/// Where a citizen follows a case; [`BASE_URL`] is put in when it is sent.
///
/// # Errors
/// A fault of the engine.
pub fn case_link(tx: &mut Tx<'_>, access: &Access, code: &str) -> Result<String> {
    Ok(format!("{BASE_URL}{}/lacak/{code}", org::base_path(tx, access.agency_id)?))
}

/// The same in as few parts as it can be said: the address of the case is in the receipt only.
fn by_sms(tx: &mut Tx<'_>, access: &Access, notice: &Notice<'_>, going: Talk) -> Result<bool> {
    let (case, locale) = (notice.case, locale_of(access));
    let (mut text, footer) = match notice.pin {
        Some(pin) => {
            let code: [(&str, Arg<'_>); 1] = [("code", case.code.as_str().into())];
            let link = case_link(tx, access, &case.code)?;
            let secret: [(&str, Arg<'_>); 2] = [("pin", pin.into()), ("link", link.into())];
            let said = t_args(locale, "sms-notice-received", &code).into_owned();
            (said, format!(" {}", t_args(locale, "sms-notice-secret", &secret)))
        }
        None => (format!("{}: {}.", case.code, title(notice, locale)), String::new()),
    };
    if !notice.text.is_empty() {
        text.push_str(&format!("\n{}", notice.text));
    }
    talking::tell(tx, access, going, (&text, &footer), priority(notice))
}

/// What happened, as the subject of a mail says it.
fn title(notice: &Notice<'_>, locale: Locale) -> String {
    let case = notice.case;
    let named: [(&str, Arg<'_>); 2] =
        [("code", case.code.as_str().into()), ("subject", case.subject.as_str().into())];
    t_args(locale, &format!("{}.subject", key(notice)), &named).into_owned()
}

/// Tells a notice by mail, where the reporter left an address.
///
/// # Errors
/// A fault of the engine.
pub fn by_mail(tx: &mut Tx<'_>, access: &Access, notice: &Notice<'_>) -> Result<()> {
    let found = addresses::of(tx, access, notice.case, "email")?;
    let Some((name, recipient)) = found else { return Ok(()) };
    let (locale, key) = (locale_of(access), key(notice));
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
    let subject = t_args(locale, &format!("{key}.subject"), &args);
    let mut body = t_args(locale, &key, &args).into_owned();
    body.push_str("\n\n");
    let link = case_link(tx, access, &notice.case.code)?;
    body.push_str(&t_args(locale, "mail-footer", &[("link", link.as_str().into())]));
    body.push_str(&t(locale, "mail-signature"));
    let mail = NewOutbound {
        case_id: Some(notice.case.id.0),
        channel: "email",
        recipient: &recipient,
        subject: &format!("[{}] {subject}", notice.case.code),
        body: &body,
        priority: priority(notice),
        extra: Extra { letter: Some(locale.tag().to_owned()), ..Extra::default() },
        ..NewOutbound::default()
    };
    outbound::queue(tx, access, &mail)?;
    Ok(())
}
