//! What a visitor does in a chat, whichever way they came: write, say where an answer may follow,
//! ask for a transcript, end, rate.

use std::sync::Arc;

use tanggap_cases::talking::{self, Heard};
use tanggap_contacts::identity::{Email, Phone};
use tanggap_conversations::chat::vouch::Vouched;
use tanggap_conversations::chat::{self, NewVisitor, Visitor, Words};
use tanggap_conversations::files::Scanner;
use tanggap_conversations::{InteractionId, MessageId, NewAttachment, TalkState, talks};
use tanggap_kernel::error::Invalid;
use tanggap_kernel::{Access, Error, Fault, Refusal, Result, Timestamp};
use tanggap_store::Tx;

use super::{Chat, Holder, letters, vouched};
use crate::door::Door;
use crate::limits::{Bucket, Limits};
use crate::pow;
use crate::report::keep;
use crate::sent::{Sent, Values};

/// The longest name and page address, in characters.
const LINE_MAX: usize = 300;
/// How often a message is taken in anew where the talk was changed meanwhile.
const TRIES: u8 = 4;

/// How often one visitor may write; how often one address may begin is in [`Limits`].
pub struct Flood {
    /// Messages of one talk.
    pub words: Bucket<String>,
    /// Typing and read marks of one talk.
    pub signs: Bucket<String>,
    /// Chats that are begun with proof of work, by one address.
    pub begun: crate::limits::Gate,
}

impl Default for Flood {
    fn default() -> Self {
        Self {
            words: Bucket::new(20, 3 * Timestamp::SECOND / 2),
            signs: Bucket::new(60, Timestamp::SECOND / 2),
            begun: crate::limits::Gate::new(200, 3 * Timestamp::SECOND),
        }
    }
}

/// What handlers of the chat share.
#[derive(Clone)]
pub struct Tools {
    /// Limits of the portal.
    pub limits: Arc<Limits>,
    /// Limits of the chat.
    pub flood: Arc<Flood>,
    /// Looks into files.
    pub scanner: Option<Scanner>,
}

/// What became of a message.
pub struct Spoken {
    /// The talk.
    pub talk: InteractionId,
    /// The message.
    pub message: MessageId,
    /// Whether whom the host application named was believed; `None` where it named nobody.
    pub vouched: Option<bool>,
}

fn too_many(wait_s: i64) -> Refusal {
    Refusal::TooMany { retry_after_s: wait_s }
}

/// Takes a message with its files; begins the talk where there is none.
///
/// # Errors
/// [`Refusal::Illegal`] where nobody is there and there is no talk yet, [`Refusal::TooMany`],
/// [`Refusal::Invalid`], or a fault.
pub async fn say(
    tools: &Tools,
    door: &Door,
    chat: &Chat,
    holder: &Holder,
    sent: Sent,
) -> Result<Spoken> {
    let Sent { values, files, problems } = sent;
    if !problems.is_empty() {
        return Err(Refusal::Invalid(problems).into());
    }
    let token = holder.token(&door.ctx.secrets, door.agency.id);
    tools.flood.words.pass(token.clone(), door.ctx.now()).map_err(too_many)?;
    let known = super::held(door, Some(holder)).await?.filter(|known| !known.ended);
    let claimed = values.get("identitas");
    let trusted = vouched(door, chat, claimed);
    let believed = (!claimed.is_empty()).then_some(trusted.is_some());
    let who = match trusted {
        Some(trusted) => trusted,
        None => named(&values)?,
    };
    let mut unproven = false;
    if known.is_none() {
        unproven = !admit(tools, door, chat, &values, &token).await?;
    }
    let files = kept(tools, door, files).await?;
    let new = NewVisitor {
        account_id: chat.account.id,
        token,
        locale: door.text().locale.tag().to_owned(),
        who,
        page: page_of(values.get("halaman")),
        unproven,
    };
    let words = Words { key: values.get("key").to_owned(), text: values.get("text").into(), files };
    words.check()?;
    let (talk, message) = take_in(door, new, words).await?;
    Ok(Spoken { talk, message, vouched: believed })
}

/// Takes a message in, again where somebody changed the talk meanwhile: two who write at once.
async fn take_in(door: &Door, new: NewVisitor, words: Words) -> Result<(InteractionId, MessageId)> {
    let what = Arc::new((new, words));
    for _ in 1..TRIES {
        let (access, what) = (door.access(), Arc::clone(&what));
        let taken = door.ctx.db.write(move |tx| take(tx, &access, &what.0, &what.1)).await;
        match taken {
            Err(Error::Refused(Refusal::Stale)) => {}
            other => return other,
        }
    }
    let access = door.access();
    door.ctx.db.write(move |tx| take(tx, &access, &what.0, &what.1)).await
}

/// Takes a message in: the first one, and the first after the end, begins a talk.
fn take(
    tx: &mut Tx<'_>,
    access: &Access,
    new: &NewVisitor,
    words: &Words,
) -> Result<(InteractionId, MessageId)> {
    let heard = Heard {
        account: Some(new.account_id),
        channel: chat::CHANNEL,
        thread: &new.token,
        from: chat::named(&new.who),
        subject: "",
        text: words.text.trim(),
        files: &words.files,
        external_id: &words.external(&new.token),
        raw: None,
        at: tx.now(),
        window_until: None,
        order: None,
    };
    if let Some(taken) = talking::hear(tx, access, &heard)?
        && taken.is_new
    {
        chat::register(tx, access, taken.talk, new)?;
    }
    let (talk, message) = chat::sent_before(tx, access, &new.token, words)?
        .ok_or_else(|| Fault::new("a message that was taken is not there"))?;
    // Who writes has seen what stands above.
    chat::read_by_visitor(tx, access, talk, message)?;
    Ok((talk, message))
}

/// Whether a talk may begin here and now, and whether work was proven for it.
async fn admit(
    tools: &Tools,
    door: &Door,
    chat: &Chat,
    values: &Values,
    token: &str,
) -> Result<bool> {
    let words = Words { key: values.get("key").to_owned(), ..Words::default() };
    let (access, token) = (door.access(), token.to_owned());
    let before = door.ctx.db.read(move |tx| Ok(chat::sent_before(tx, &access, &token, &words)?));
    if before.await?.is_some() {
        // Only told again: it was let in before.
        return Ok(true);
    }
    if !chat.open {
        return Err(Refusal::Illegal("chat-illegal-closed").into());
    }
    let proven = prove(door, values.get("altcha")).await?;
    let (address, now) = (door.visitor.address, door.ctx.now());
    let passed = match proven {
        true => tools.flood.begun.pass(address, now),
        false => tools.limits.unproven.pass(address, now),
    };
    passed.map_err(too_many)?;
    Ok(proven)
}

/// Spends the proof of work that came along, where it is one.
///
/// # Errors
/// A fault.
pub async fn prove(door: &Door, sent: &str) -> Result<bool> {
    match pow::check(&door.ctx, sent) {
        Some(work) => door.ctx.db.write(move |tx| pow::spend(tx, &work)).await,
        None => Ok(false),
    }
}

/// Keeps files; refuses the message where one of them cannot be taken, so that nobody believes it
/// was sent whole.
///
/// # Errors
/// [`Refusal::Invalid`], or a fault.
pub async fn kept(
    tools: &Tools,
    door: &Door,
    files: Vec<crate::sent::Upload>,
) -> Result<Vec<NewAttachment>> {
    if files.len() > chat::FILES_MAX {
        let many = Invalid::new("files", "chat-invalid-files").arg("max", chat::FILES_MAX);
        return Err(Refusal::Invalid(vec![many]).into());
    }
    let (kept, problems) = keep(&tools.limits, tools.scanner.as_ref(), door, files).await?;
    if problems.is_empty() { Ok(kept) } else { Err(Refusal::Invalid(problems).into()) }
}

/// Who somebody says they are; nothing of it has to be given.
///
/// # Errors
/// [`Refusal::Invalid`] for addresses and numbers that are none.
pub fn named(values: &Values) -> Result<Vouched, Refusal> {
    let mut wrong = Vec::new();
    let email = match values.get("email") {
        "" => None,
        text => match Email::parse(text) {
            Ok(email) => Some(email.as_str().to_owned()),
            Err(_) => {
                wrong.push(Invalid::new("email", "ui-invalid-email"));
                None
            }
        },
    };
    let phone = match values.get("phone") {
        "" => None,
        text => match Phone::parse(text) {
            Ok(phone) => Some(phone.e164().to_owned()),
            Err(_) => {
                wrong.push(Invalid::new("phone", "ui-invalid-phone"));
                None
            }
        },
    };
    if !wrong.is_empty() {
        return Err(Refusal::Invalid(wrong));
    }
    let name = values.get("name").chars().take(LINE_MAX).collect();
    Ok(Vouched { subject: String::new(), name, email, phone })
}

/// The visitor ends their talk; that it is over already is no failure.
fn end(tx: &mut Tx<'_>, access: &Access, id: InteractionId) -> Result<()> {
    let by = chat::holder(access);
    match talks::get(tx, &by, id)?.state {
        TalkState::Ended => Ok(()),
        _ => talking::end(tx, &by, id).map(drop),
    }
}

/// The address of a page without what a host application may have put behind it.
fn page_of(sent: &str) -> String {
    let plain = sent.split(['?', '#']).next().unwrap_or_default();
    let sound = plain.starts_with("https://") || plain.starts_with("http://");
    if sound { plain.chars().take(LINE_MAX).collect() } else { String::new() }
}

/// Does one of the small things: `alamat`, `salinan`, `akhiri`, `nilai`.
///
/// # Errors
/// [`Refusal::NotFound`] for another, or what it refuses.
pub async fn small(
    tools: &Tools,
    door: &Door,
    visitor: &Visitor,
    act: &str,
    values: &Values,
) -> Result<()> {
    tools.limits.looks.pass(door.visitor.address, door.ctx.now()).map_err(too_many)?;
    let (access, visitor) = (door.access(), visitor.clone());
    match act {
        "alamat" => {
            let who = named(values)?;
            if who.email.is_none() && who.phone.is_none() {
                return Err(Refusal::field("email", "ui-invalid-required").into());
            }
            door.ctx.db.write(move |tx| chat::reach(tx, &access, &visitor, &who)).await
        }
        "salinan" => {
            let email = named(values)?.email;
            let email = email.ok_or(Refusal::field("email", "ui-invalid-required"))?;
            letters::transcript(door, &visitor, email).await
        }
        "akhiri" => door.ctx.db.write(move |tx| end(tx, &access, visitor.id)).await,
        "nilai" => {
            let rating = values.get("rating").parse().unwrap_or(0);
            let comment = values.get("comment").to_owned();
            door.ctx.db.write(move |tx| chat::rate(tx, &access, &visitor, rating, &comment)).await
        }
        _ => Err(Refusal::NotFound.into()),
    }
}
