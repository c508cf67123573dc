//! Talks and cases together: what a citizen writes on a channel reaches the talk and the case that
//! it belongs to, and what staff answer goes out where the citizen wrote.
//!
//! A talk that belongs to a case is seen by those who may see the case: a complaint's talk stays
//! hidden from whom it is about (UU 25/2009 art. 45).

use serde_json::json;
use tanggap_contacts::{self as contacts, Met, NewContact};
use tanggap_conversations::outbound::{Extra, ExtraFile};
use tanggap_conversations::window::MayWrite;
use tanggap_conversations::{
    self as talk, AccountId, Direction, InteractionId, NewAttachment, NewMessage, NewOutbound,
    NewTalk, Priority, Shelf, Talk, outbound, talks, templates, window,
};
use tanggap_kernel::error::Check;
use tanggap_kernel::id::UserId;
use tanggap_kernel::paging::{Cursor, Page};
use tanggap_kernel::{Access, Invalid, Locale, Permission, Refusal, Result, Timestamp};
use tanggap_routing::actions::NO_PICK;
use tanggap_routing::{replies, talks as routing};
use tanggap_store::Tx;

use crate::actions::{self, announce, load};
use crate::model::{Case, CaseId};
use crate::report::{DESCRIPTION_MAX, Report};
use crate::rules::Voice;
use crate::words::{Origin, Words, receive};
use crate::{queries, store, wrap_up};

/// The channel on which a message has arrived once it is there: both see the same page.
pub const WEBCHAT: &str = "webchat";

/// The channels on which talks are held.
const CHANNELS: [&str; 8] =
    ["email", "sms", "whatsapp", "telegram", "messenger", "instagram", "x", WEBCHAT];

/// Characters of what fills a gap of an approved text.
const VALUE_MAX: usize = 600;

/// A citizen's message as its channel gave it; its files are kept already.
#[derive(Clone, Debug)]
pub struct Heard<'a> {
    /// The account of ours that it reached.
    pub account: Option<AccountId>,
    /// `sms`, `whatsapp`, `telegram` ...
    pub channel: &'a str,
    /// Where an answer goes.
    pub thread: &'a str,
    /// Who wrote, as far as the channel says.
    pub from: Option<NewContact>,
    /// Its subject, where the channel has one.
    pub subject: &'a str,
    /// What they wrote; never empty where no file came with it.
    pub text: &'a str,
    /// Files.
    pub files: &'a [NewAttachment],
    /// Names the message within the agency, so that a second delivery is known.
    pub external_id: &'a str,
    /// The raw payload's blob.
    pub raw: Option<&'a str>,
    /// When they wrote.
    pub at: Timestamp,
    /// Until when the channel lets us write freely after it.
    pub window_until: Option<Timestamp>,
    /// Whether it is one of the words that the program answers by itself.
    pub order: Option<Order>,
}

/// A message that is no word to anybody but asks the program for something: nobody has to answer
/// it, and it is no reply to what a case waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// To open a case; in a talk that has one it is a word to that case.
    Open,
    /// Something else.
    Other,
}

/// Where a message went.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Its talk.
    pub talk: Talk,
    /// Whether it began that talk.
    pub is_new: bool,
}

/// Takes a citizen's message in; `None`: it was here before.
///
/// # Errors
/// A fault of the engine, or [`Refusal::Stale`] where the talk changed meanwhile.
pub fn hear(tx: &mut Tx<'_>, agency: &Access, heard: &Heard<'_>) -> Result<Option<Taken>> {
    if talk::interaction_of_message(tx, agency, heard.external_id)?.is_some() {
        return Ok(None);
    }
    let citizen = Access::citizen(agency.agency_id, Locale::Id);
    let contact_id = match &heard.from {
        Some(from) => Some(contacts::find_or_create(tx, &citizen, from, Met::ByThemself)?.id),
        None => None,
    };
    let new = NewTalk {
        account_id: heard.account,
        channel: heard.channel,
        thread: heard.thread,
        contact_id,
        subject: heard.subject,
        case_id: None,
    };
    let (mut going, is_new) = talks::find_or_begin(tx, &citizen, &new)?;
    going.contact_id = going.contact_id.or(contact_id);
    let text: String = heard.text.chars().take(DESCRIPTION_MAX).collect();
    let by_itself = match heard.order {
        Some(Order::Open) => going.case_id.is_none(),
        order => order.is_some(),
    };
    match going.case_id {
        Some(case) if !by_itself => {
            let words = Words { voice: Voice::FromCitizen, text: &text, attachments: heard.files };
            let origin = Origin {
                interaction: Some(going.id),
                channel: heard.channel,
                subject: heard.subject,
                external_id: heard.external_id,
                raw: heard.raw,
                at: Some(heard.at),
            };
            receive(tx, &citizen, CaseId(case), &words, &origin)?;
        }
        _ => {
            let new = NewMessage {
                direction: Some(Direction::In),
                body: &text,
                found_by: heard.subject,
                external_id: Some(heard.external_id),
                raw: heard.raw,
                at: Some(heard.at),
            };
            let message = talk::add_message(tx, &citizen, going.id, &new)?;
            for file in heard.files {
                talk::attach(tx, &citizen, going.id, message, file)?;
            }
        }
    }
    if !by_itself {
        replies::asked(tx, agency, &mut going, heard.at)?;
        guess_language(&mut going, &text);
    }
    let until = heard.window_until;
    let going = talks::heard(tx, &citizen, going, &text, heard.at, until, by_itself)?;
    if !by_itself {
        routing::seek(tx, agency.agency_id, &going)?;
    }
    Ok(Some(Taken { talk: going, is_new }))
}

/// Marks the language where the words leave no doubt and nobody has said it.
fn guess_language(going: &mut Talk, text: &str) {
    if going.language.is_none()
        && let Some(code) = tanggap_lang::language(text)
    {
        (going.language, going.language_guessed) = (Some(code.to_owned()), true);
    }
}

/// Marks the language in which somebody writes, empty for none: from now on it is asked for where
/// the talk waits.
///
/// # Errors
/// As [`talks::speak`]; [`Refusal::Invalid`] where the agency does not know that language.
pub fn speak(tx: &mut Tx<'_>, access: &Access, id: InteractionId, code: &str) -> Result<Talk> {
    let (going, _) = open(tx, access, id)?;
    let known = routing::languages(tx, access)?.iter().any(|(known, _)| known == code);
    if !known && !code.is_empty() {
        return Err(Refusal::field("language", "ui-invalid-choice").into());
    }
    let language = Some(code.to_owned()).filter(|code| !code.is_empty());
    let going = talks::speak(tx, access, going, language)?;
    routing::relabel(tx, access, &going)?;
    Ok(going)
}

/// What staff write in a talk.
#[derive(Clone, Debug, Default)]
pub struct Said<'a> {
    /// The text; of a template what it says.
    pub text: &'a str,
    /// Files, already kept.
    pub files: &'a [NewAttachment],
    /// The approved template that it is, where the channel's time for free words is over.
    pub template: Option<outbound::ExtraTemplate>,
    /// The version of the talk that was seen.
    pub version: Option<i64>,
}

/// Answers in a talk, on the channel on which the citizen wrote.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::Forbidden`], [`Refusal::Stale`], [`Refusal::Illegal`] where
/// it has ended, fields to correct (nothing said; the channel wants a template), or a fault.
pub fn answer(
    tx: &mut Tx<'_>,
    access: &Access,
    id: InteractionId,
    said: &Said<'_>,
) -> Result<Talk> {
    let (going, case) = open(tx, access, id)?;
    access.require(Permission::TalkWrite, None)?;
    if said.version.is_some_and(|seen| seen != going.version) {
        return Err(Refusal::Stale.into());
    }
    if going.state == talk::TalkState::Ended {
        return Err(Refusal::Illegal("talk-illegal-ended").into());
    }
    let text = said.text.trim();
    if text.is_empty() && said.files.is_empty() {
        return Err(Refusal::field("text", "case-invalid-empty").into());
    }
    if text.chars().count() > DESCRIPTION_MAX {
        return Err(Refusal::field("text", "case-invalid-long").into());
    }
    let refused = match going.may_write(tx.now()) {
        MayWrite::Always | MayWrite::Until(_) => None,
        MayWrite::ByPersonUntil(_) if access.user().is_some() => None,
        MayWrite::TemplatesOnly if said.template.is_some() => None,
        MayWrite::TemplatesOnly => Some("talk-invalid-window"),
        MayWrite::ByPersonUntil(_) | MayWrite::Nothing => Some("talk-invalid-window-over"),
    };
    if let Some(key) = refused {
        return Err(Refusal::field("text", key).into());
    }
    let extra = Extra {
        files: said.files.iter().map(extra_file).collect(),
        template: said.template.clone(),
        private_reply: window::is_public(&going.thread),
        by_person: access.user().is_some(),
        ..Extra::default()
    };
    let said = Written { text, footer: "", files: said.files, extra, priority: Priority::Live };
    let (nobodys, asked) = (going.owner_id.is_none(), going.reply);
    check_take(tx, access, &going)?;
    let going = write(tx, access, going, said)?;
    if let Some(asked) = asked {
        replies::answered(tx, access, id, asked)?;
    }
    if nobodys {
        routing::take(tx, access, &going)?;
    }
    if let Some(mut case) = case {
        case.awaiting = false;
        case.updated_at = tx.now();
        store::update(tx, access, &case)?;
        case.version += 1;
        announce(tx, access, &case, "case.written_to_citizen", json!({}));
    }
    Ok(going)
}

/// Answers by a text that the provider approved before, with its gaps filled: what may be written
/// where the channel's time for free words is over.
///
/// # Errors
/// As [`answer`]; fields to correct (`template`, `value-1` …) where it is not approved or a gap
/// stays empty.
pub fn answer_by_template(
    tx: &mut Tx<'_>,
    access: &Access,
    id: InteractionId,
    (name, language): (&str, &str),
    values: &[String],
    version: Option<i64>,
) -> Result<Talk> {
    let (going, _) = open(tx, access, id)?;
    let found = match going.account_id {
        Some(account) => templates::find(tx, access, account, name, language)?,
        None => None,
    };
    let found = found.ok_or_else(|| Refusal::field("template", "talk-invalid-template"))?;
    let mut check = Check::new();
    // Providers refuse line breaks and runs of spaces in what fills a gap.
    let one_line = |value: &String| value.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut values: Vec<String> = values.iter().map(one_line).collect();
    values.resize(usize::try_from(found.gaps).unwrap_or(0), String::new());
    for (place, value) in values.iter().enumerate() {
        let field = format!("value-{}", place + 1);
        check.require(!value.is_empty(), &field, "ui-invalid-required");
        if value.chars().count() > VALUE_MAX {
            check.push(Invalid::new(field, "ui-invalid-long").arg("max", VALUE_MAX));
        }
    }
    check.done()?;
    let text = found.filled(&values);
    let (name, language) = (found.name, found.language);
    let template = Some(outbound::ExtraTemplate { name, language, values });
    answer(tx, access, id, &Said { text: &text, template, version, ..Said::default() })
}

/// Says something in a talk by the program itself: a receipt, a step. `said` is what the talk shows
/// and what is put after it on its way out. Where the channel does not let us write now, nothing
/// is said and `false` is returned.
///
/// # Errors
/// A fault of the engine.
pub fn tell(
    tx: &mut Tx<'_>,
    access: &Access,
    going: Talk,
    said: (&str, &str),
    priority: Priority,
) -> Result<bool> {
    let ended = going.state == talk::TalkState::Ended;
    if ended || !going.is_window_open(tx.now()) {
        return Ok(false);
    }
    let (system, awaiting) = (Access::system(access.agency_id), going.awaiting);
    let (reply, last_out_at) = (going.reply, going.last_out_at);
    let said = Written { text: said.0, footer: said.1, priority, ..Written::default() };
    let mut told = write(tx, &system, going, said)?;
    if awaiting {
        // A machine's receipt is no answer.
        (told.awaiting, told.reply, told.last_out_at) = (true, reply, last_out_at);
        talks::note(tx, &system, told)?;
    }
    Ok(true)
}

#[derive(Default)]
struct Written<'a> {
    text: &'a str,
    /// What goes out after it.
    footer: &'a str,
    files: &'a [NewAttachment],
    extra: Extra,
    priority: Priority,
}

fn write(tx: &mut Tx<'_>, access: &Access, going: Talk, written: Written<'_>) -> Result<Talk> {
    let Written { text, footer, files, extra, priority } = written;
    let new = NewMessage { direction: Some(Direction::Out), body: text, ..NewMessage::default() };
    let message = talk::add_message(tx, access, going.id, &new)?;
    for file in files {
        talk::attach(tx, access, going.id, message, file)?;
    }
    if going.channel != WEBCHAT {
        let (key, body) = (format!("message:{message}"), format!("{text}{footer}"));
        let queued = NewOutbound {
            case_id: going.case_id,
            message_id: Some(message),
            channel: &going.channel,
            account_id: going.account_id.map_or(0, |id| id.0),
            recipient: &going.thread,
            subject: &going.subject,
            body: &body,
            key: Some(&key),
            priority,
            extra,
            ..NewOutbound::default()
        };
        outbound::queue(tx, access, &queued)?;
    }
    talks::answered(tx, access, going, text)
}

fn extra_file(file: &NewAttachment) -> ExtraFile {
    ExtraFile {
        name: file.name.clone(),
        media_type: file.media_type.clone(),
        blob: file.blob.clone(),
    }
}

/// A talk and the case that it belongs to, for somebody who may see both.
///
/// # Errors
/// [`Refusal::NotFound`], or a fault.
pub fn open(tx: &mut Tx<'_>, access: &Access, id: InteractionId) -> Result<(Talk, Option<Case>)> {
    let going = talks::get(tx, access, id)?;
    let case = match going.case_id {
        Some(case) => Some(load(tx, access, CaseId(case))?),
        None => None,
    };
    Ok((going, case))
}

/// A page of talks, without those of complaints about who looks.
///
/// # Errors
/// [`Refusal::Forbidden`], or a fault.
pub fn list(
    tx: &mut Tx<'_>,
    access: &Access,
    shelf: Shelf,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Page<Talk>> {
    let mut page = talks::list(tx, access, shelf, after, limit)?;
    hide(tx, access, &mut page.rows)?;
    Ok(page)
}

/// The newest talks of a person, without those of complaints about who looks.
///
/// # Errors
/// A fault of the engine.
pub fn of_contact(
    tx: &mut Tx<'_>,
    access: &Access,
    contact: contacts::ContactId,
    limit: i64,
) -> Result<Vec<Talk>> {
    let mut found = talks::of_contact(tx, access, contact, limit)?;
    hide(tx, access, &mut found)?;
    Ok(found)
}

/// Leaves out the talks of cases that one may not see.
fn hide(tx: &mut Tx<'_>, access: &Access, found: &mut Vec<Talk>) -> Result<()> {
    let cases: Vec<i64> = found.iter().filter_map(|talk| talk.case_id).collect();
    let seen = queries::visible(tx, access, &cases)?;
    found.retain(|talk| talk.case_id.is_none_or(|case| seen.contains(&CaseId(case))));
    Ok(())
}

/// Gives a talk to somebody, whose room it takes from now on; to nobody: it waits in its queue
/// again.
///
/// # Errors
/// As [`talks::assign`].
pub fn assign(
    tx: &mut Tx<'_>,
    access: &Access,
    id: InteractionId,
    owner: Option<UserId>,
) -> Result<Talk> {
    let (going, _) = open(tx, access, id)?;
    let going = talks::assign(tx, access, going, owner)?;
    match owner {
        Some(_) => routing::take(tx, access, &going)?,
        None => routing::release(tx, access, &going)?,
    }
    Ok(going)
}

/// Refuses where a person may not take what waits in that queue, only what rings at them.
pub(crate) fn check_take(tx: &mut Tx<'_>, access: &Access, going: &Talk) -> Result<()> {
    match access.user().is_some() && !routing::may_take(tx, access, going)? {
        true => Err(NO_PICK.into()),
        false => Ok(()),
    }
}

/// Ends a talk; who was at it notes what it was about ([`crate::wrap_up`]) and is free for the
/// next.
///
/// # Errors
/// As [`talks::end`].
pub fn end(tx: &mut Tx<'_>, access: &Access, id: InteractionId) -> Result<Talk> {
    let (going, _) = open(tx, access, id)?;
    let asked = going.reply;
    let note_due = wrap_up::is_required(tx, access)?;
    let going = talks::end(tx, access, going, note_due)?;
    if let Some(asked) = asked {
        replies::dropped(tx, access, id, asked)?;
    }
    routing::settle(tx, access.agency_id, &going)?;
    Ok(going)
}

/// Makes a talk part of a case that is there already, where it is with the one who reported it.
///
/// What is said in a case is told to its reporter, and news of it go where they wrote last. So
/// somebody else's talk never becomes part of it: `same_person` is what a member of staff says of
/// two contacts that nothing else shows to be one, or of a visitor who only named themself.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::Forbidden`], [`Refusal::Illegal`] where the talk has its case
/// already, [`Refusal::Invalid`] where the code names no case that this person may see, or the
/// talk is not with its reporter; or a fault.
pub fn link(
    tx: &mut Tx<'_>,
    access: &Access,
    id: InteractionId,
    code: &str,
    same_person: bool,
) -> Result<Case> {
    let (mut going, known) = open(tx, access, id)?;
    access.require(Permission::TalkWrite, None)?;
    if known.is_some() {
        return Err(Refusal::Illegal("talk-illegal-case").into());
    }
    let case = match actions::load_by_code(tx, access, code) {
        Ok(case) => case,
        Err(tanggap_kernel::Error::Refused(Refusal::NotFound)) => {
            return Err(Refusal::field("code", "case-invalid-code").into());
        }
        Err(other) => return Err(other),
    };
    let proven = is_proven(tx, access, &going)?;
    if case.contact_id.is_none() || case.contact_id != going.contact_id || !proven {
        if !same_person {
            return Err(Refusal::field("same_person", "talk-invalid-same-person").into());
        }
        if let (Some(reporter), Some(writer)) = (case.contact_id, going.contact_id)
            && reporter != writer
        {
            contacts::adopt(tx, access, reporter, writer)?;
        }
        going.contact_id = case.contact_id.or(going.contact_id);
    }
    talk::link_case(tx, access, going.id, case.id.0, going.contact_id)?;
    announce_joined(tx, access, &going, &case);
    talks::note(tx, access, going)?;
    Ok(case)
}

/// Opens a case for what a talk is about, and makes the talk part of it. The citizen gets code and
/// PIN in the talk.
///
/// # Errors
/// As [`actions::open`]; [`Refusal::Illegal`] where the talk has its case already.
pub fn open_case(
    tx: &mut Tx<'_>,
    access: &Access,
    id: InteractionId,
    report: &Report,
) -> Result<Case> {
    let (going, known) = open(tx, access, id)?;
    access.require(Permission::TalkWrite, None)?;
    if known.is_some() {
        return Err(Refusal::Illegal("talk-illegal-case").into());
    }
    let channel = CHANNELS.iter().find(|known| **known == going.channel).unwrap_or(&"api");
    let filed = Report { talk: Some(id), contact: going.contact_id, channel, ..report.clone() };
    let case = actions::open(tx, access, &filed)?.case;
    let going = talks::get(tx, access, id)?;
    announce_joined(tx, access, &going, &case);
    Ok(case)
}

/// Whether more than a visitor's own words tells who they are: a channel vouches for its number
/// or handle, a chat for nobody but by the host application's signature.
fn is_proven(tx: &mut Tx<'_>, access: &Access, going: &Talk) -> Result<bool> {
    if going.channel != WEBCHAT {
        return Ok(true);
    }
    let visitor = talk::chat::visitor(tx, access, going.id)?;
    Ok(visitor.is_some_and(|visitor| visitor.vouched.is_some()))
}

fn announce_joined(tx: &mut Tx<'_>, access: &Access, going: &Talk, case: &Case) {
    let body = json!({ "channel": going.channel, "talk": going.id.to_string() });
    announce(tx, access, case, "case.talk_joined", body);
}
