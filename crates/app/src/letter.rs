//! Takes in one raw mail: continues the case that it answers, or opens one.
//!
//! **Nothing is dropped.** The raw bytes are kept before anything is understood; what cannot be
//! read becomes a case with the whole message attached. The same message twice makes nothing
//! twice: its Message-ID (or the hash of its bytes) is unique within the agency; two messages that
//! differ and bear the same one are two all the same.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Serialize;
use tanggap_calendar::Kind;
use tanggap_cases::actions::{self, Origin, Words};
use tanggap_cases::addresses;
use tanggap_cases::inquiries::InquiryId;
use tanggap_cases::model::Case;
use tanggap_cases::report::{DESCRIPTION_MAX, FILES_MAX, Report, SUBJECT_MAX, Ticket};
use tanggap_cases::rules::Voice;
use tanggap_cases::store as case_store;
use tanggap_channels::email::parse::{self, Attachment, AutoKind, ParsedMail};
use tanggap_channels::email::report::MailReport;
use tanggap_contacts::identity::Email;
use tanggap_contacts::{self as contacts, NewContact};
use tanggap_conversations::files::{self, OCTETS, Prepared, Scanner};
use tanggap_conversations::outbound::{self, OutboundId};
use tanggap_conversations::{self as talk, Beside, NewAttachment};
use tanggap_kernel::{Access, AgencyId, Error, Locale, Refusal, Result, Timestamp, code};
use tanggap_store::Tx;
use tanggap_ui::{Arg, Ctx, t, t_args};

use crate::work::mail::{inquiry_of_address, row_of_message_id, row_of_reply_address};

mod afterwards;
mod inquiry;
mod report;

const CHANNEL: &str = "email";
const NAME_MAX: usize = 200;
/// Identifiers of a thread that are looked up, the newest first.
const THREAD_MAX: usize = 20;
/// Addresses of a letter that are looked at for a signed one.
const ADDRESSEES_MAX: usize = 50;
/// Cases that letters of one address open within an hour, and within a day, while each is answered
/// with a receipt. A machine that answers every receipt with a new letter runs into this.
const RECEIPTS_AN_HOUR_MAX: usize = 5;
const RECEIPTS_A_DAY_MAX: usize = 20;
/// The longest Message-ID that is believed to be one (RFC 5322 allows a line of 998).
const ID_BYTES_MAX: usize = 998;
/// Pictures that a letter's layout shows of itself.
const PICTURES_MAX: usize = 100;
/// People who share an address and are looked at.
const SHARING_MAX: i64 = 10;

/// What came of a message.
#[derive(Debug, Serialize)]
pub struct Taken {
    /// The tracking code of its case.
    pub case: Option<String>,
    /// Whether it opened that case.
    pub created: bool,
    /// What the message says.
    #[serde(flatten)]
    pub mail: MailReport,
}

/// A message ready for its transaction: everything is kept, nothing is decided.
#[derive(Clone)]
pub struct Letter {
    mail: ParsedMail,
    external_id: String,
    raw: String,
    files: Vec<NewAttachment>,
    ticket: Ticket,
    /// The message of ours whose signed reply address it was sent to.
    answers: Option<OutboundId>,
    /// The inquiry of somebody outside whose signed address it was sent to.
    inquiry: Option<InquiryId>,
    /// A trusted mail system says that somebody else wrote it than it says.
    forged: bool,
    /// What that mail system found out.
    checks: Vec<(String, bool)>,
    /// Content-IDs of its pictures, and their blobs.
    pictures: Vec<(String, String)>,
    /// What tells it from another that bears the same Message-ID.
    digest: String,
}

/// By which door a letter comes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Door<'a> {
    /// What looks at its files.
    pub scanner: Option<&'a Scanner>,
    /// The mail system whose word on the sender counts (the authserv-id of its
    /// `Authentication-Results`): ours, which takes such fields out of what comes from outside.
    pub authserv: Option<&'a str>,
}

/// Takes in a raw message for an agency that came by a door.
///
/// # Errors
/// A fault of the engine or of the files; never because of what the message says.
pub async fn take_in(ctx: &Ctx, agency: AgencyId, raw: Vec<u8>, door: Door<'_>) -> Result<Taken> {
    let raw = Bytes::from(raw);
    let mail = parsed(raw.clone()).await?;
    let report = MailReport::from(&mail);
    let letter = keep(ctx, mail, raw, door).await?;
    let (case, created) = ctx.db.write(move |tx| store(tx, agency, &letter)).await?;
    Ok(Taken { case, created, mail: report })
}

/// Reads a raw message that came by a door, and keeps its bytes and files.
///
/// # Errors
/// A fault of the files.
pub async fn read(ctx: &Ctx, raw: Vec<u8>, door: Door<'_>) -> Result<Letter> {
    let raw = Bytes::from(raw);
    keep(ctx, parsed(raw.clone()).await?, raw, door).await
}

async fn parsed(raw: Bytes) -> Result<ParsedMail> {
    let reading = tokio::task::spawn_blocking(move || parse::parse(&raw)).await;
    Ok(reading.map_err(|e| tanggap_kernel::Fault::new(format!("reading a mail: {e}")))?)
}

/// Keeps the raw message and its files.
async fn keep(ctx: &Ctx, mut mail: ParsedMail, raw: Bytes, door: Door<'_>) -> Result<Letter> {
    let kept = ctx.blobs.put(raw.clone()).await?;
    let digest = parse::digest(&raw);
    let (mut kept_files, mut pictures) = (Vec::new(), Vec::new());
    for mut file in std::mem::take(&mut mail.attachments) {
        let content_id = file.content_id.take().filter(|_| pictures.len() < PICTURES_MAX);
        let kept = keep_file(ctx, file, door.scanner).await?;
        pictures.extend(content_id.map(|id| (id, kept.blob.clone())));
        kept_files.push(kept);
    }
    if mail.text.chars().count() > DESCRIPTION_MAX {
        let whole = words("app-mail-whole-text");
        kept_files.push(keep_as_it_is(ctx, &whole, "text/plain", mail.text.clone().into()).await?);
    }
    if !mail.understood {
        let whole = words("app-mail-whole-message");
        kept_files.push(keep_as_it_is(ctx, &whole, OCTETS, raw).await?);
    }
    let message_id = mail.message_id.clone().filter(|id| id.len() <= ID_BYTES_MAX);
    let external_id = message_id.unwrap_or_else(|| format!("<{kept}@raw>"));
    let ticket = Ticket::draw(&ctx.secrets)?;
    let addressees = mail.to.iter().chain(&mail.cc).take(ADDRESSEES_MAX);
    let addressees = addressees.map(|to| to.email.as_str()).chain(mail.delivered_to.as_deref());
    let answers = addressees.clone().find_map(|to| row_of_reply_address(&ctx.secrets, to));
    let inquiry = addressees.clone().find_map(|to| inquiry_of_address(&ctx.secrets, to));
    // The field of the system that had the letter last stands first.
    let said = mail.authentication.iter();
    let mut trusted =
        said.filter(|one| door.authserv.is_some_and(|id| id.eq_ignore_ascii_case(&one.server)));
    let trusted = trusted.next();
    let forged = trusted.is_some_and(parse::Authentication::is_forged);
    let checks = trusted.map(checks).unwrap_or_default();
    let (raw, files) = (kept, kept_files);
    Ok(Letter {
        mail,
        external_id,
        raw,
        files,
        ticket,
        answers,
        inquiry,
        forged,
        checks,
        pictures,
        digest,
    })
}

/// The checks that were made and have an outcome.
fn checks(said: &parse::Authentication) -> Vec<(String, bool)> {
    let all = [("spf", said.spf), ("dkim", said.dkim), ("dmarc", said.dmarc)];
    let known = all.into_iter().filter_map(|(name, verdict)| match verdict {
        Some(parse::Verdict::Pass) => Some((name.to_owned(), true)),
        Some(parse::Verdict::Fail) => Some((name.to_owned(), false)),
        Some(parse::Verdict::None) | None => None,
    });
    known.collect()
}

/// A file as any other upload; what an upload refuses (too large, empty) is kept as it is.
async fn keep_file(
    ctx: &Ctx,
    file: Attachment,
    scanner: Option<&Scanner>,
) -> Result<NewAttachment> {
    let bytes = Bytes::from(file.bytes);
    let max = parse::RAW_BYTES_MAX;
    match files::take(&ctx.blobs, bytes.clone(), file.name.clone(), max, scanner).await {
        Ok(kept) => Ok(kept),
        Err(Error::Refused(_)) => keep_as_it_is(ctx, &file.name, OCTETS, bytes).await,
        Err(error) => Err(error),
    }
}

async fn keep_as_it_is(
    ctx: &Ctx,
    name: &str,
    media_type: &'static str,
    bytes: Bytes,
) -> Result<NewAttachment> {
    let prepared = Prepared { name: name.to_owned(), media_type, bytes, thumbnail: None };
    files::keep(&ctx.blobs, prepared, None).await
}

/// Puts the letter where it belongs; returns the case's code and whether it is new.
///
/// # Errors
/// A fault of the engine; [`Refusal::Stale`] where others change its case meanwhile.
pub fn store(tx: &mut Tx<'_>, agency: AgencyId, letter: &Letter) -> Result<(Option<String>, bool)> {
    let access = Access::system(agency);
    let letter = match named(tx, &access, letter)? {
        Named::New(id) if id == letter.external_id => Cow::Borrowed(letter),
        Named::New(external_id) => Cow::Owned(Letter { external_id, ..letter.clone() }),
        Named::Known(Some(case)) => {
            let case = case_store::find(tx, &access, case.into())?;
            return Ok((case.map(|case| case.code), false));
        }
        Named::Known(None) => return Ok((None, false)),
    };
    let letter = letter.as_ref();
    if let Some(told) = &letter.mail.report
        && let Some((sent, failure)) = report::note(tx, &access, told)?
    {
        // News about a message of ours, not somebody's letter.
        if let Some(case) = inquiry::reported(tx, &access, letter, &sent, told.kind, failure)? {
            return Ok((Some(case.code), false));
        }
        let Some(case) = sent.case_id else { return Ok((None, false)) };
        let Some(case) = case_store::find(tx, &access, case.into())? else {
            return Ok((None, false));
        };
        let note = report::in_words(told.kind, failure);
        let case = hear(tx, &access, &case, letter, &note, &failure.why)?;
        return Ok((Some(case.code), false));
    }
    // Before all else that could be an answer: whoever is asked never speaks as the citizen.
    if let Some(case) = inquiry::take_in(tx, &access, letter)? {
        return Ok((Some(case.code), false));
    }
    let earlier = case_of(tx, &access, letter)?;
    if let Some(case) = &earlier
        && let Some(case) = continue_case(tx, &access, case, letter)?
    {
        return Ok((Some(case.code), false));
    }
    let case = open_case(tx, &access, letter, earlier.as_ref())?;
    if let Some(earlier) = &earlier {
        afterwards::point(tx, &access, earlier, &case)?;
    }
    Ok((Some(case.code), true))
}

/// Whether a letter is here already.
enum Named {
    /// It is, in this case.
    Known(Option<i64>),
    /// It is not; the id by which it will be known.
    New(String),
}

/// Looks for a letter by its Message-ID. Programs give the same one to several letters, and so may
/// whoever wants somebody else's to be taken for known: what says something else is another.
fn named(tx: &mut Tx<'_>, access: &Access, letter: &Letter) -> Result<Named> {
    let Some((case, beside)) = talk::letter_by_id(tx, access, &letter.external_id)? else {
        return Ok(Named::New(letter.external_id.clone()));
    };
    // Of those that were taken in before digests were kept, the id alone counts.
    if beside.digest.is_empty() || beside.digest == letter.digest {
        return Ok(Named::Known(case));
    }
    let external_id = format!("{} {}", letter.external_id, letter.digest);
    match talk::letter_by_id(tx, access, &external_id)? {
        Some((case, _)) => Ok(Named::Known(case)),
        None => Ok(Named::New(external_id)),
    }
}

/// Puts a machine's news into the history that colleagues see.
fn hear(
    tx: &mut Tx<'_>,
    access: &Access,
    case: &Case,
    letter: &Letter,
    note: &str,
    said: &str,
) -> Result<Case> {
    let text = fitting(&format!("{note}\n\n{said}"), true);
    let said = Words { voice: Voice::Internal, text: &text, attachments: &[] };
    let subject = subject(&letter.mail);
    let origin = Origin {
        interaction: None,
        channel: CHANNEL,
        subject: &subject,
        external_id: &letter.external_id,
        raw: Some(&letter.raw),
        at: None,
    };
    actions::receive(tx, access, case.id, &said, &origin)
}

/// The case that a letter answers: by the signed address that it was sent to, by its thread, or by
/// a code in its subject where it comes from the one who reported it.
fn case_of(tx: &mut Tx<'_>, access: &Access, letter: &Letter) -> Result<Option<Case>> {
    let mail = &letter.mail;
    if let Some(id) = letter.answers
        && let Some(case) = case_of_row(tx, access, id)?
    {
        return Ok(case_store::find(tx, access, case.into())?);
    }
    let thread = mail.in_reply_to.iter().chain(mail.references.iter().rev());
    for id in thread.take(THREAD_MAX) {
        let case = match talk::interaction_of_message(tx, access, id)? {
            Some((_, case)) => case,
            None => case_of_our_mail(tx, access, id)?,
        };
        if let Some(id) = case {
            return Ok(case_store::find(tx, access, id.into())?);
        }
    }
    let subject = mail.subject.as_deref().unwrap_or_default();
    let words = subject.split(|c: char| c.is_whitespace() || "[]():;,.".contains(c));
    for code in words.filter(|word| word.len() > 8).filter_map(code::parse).take(3) {
        if let Some(case) = case_store::by_code(tx, access, &code)?
            && is_from_reporter(tx, access, &case, letter)?
        {
            return Ok(Some(case));
        }
    }
    Ok(None)
}

fn case_of_our_mail(tx: &mut Tx<'_>, access: &Access, id: &str) -> Result<Option<i64>> {
    match row_of_message_id(id) {
        Some(row) => case_of_row(tx, access, row),
        None => Ok(None),
    }
}

fn case_of_row(tx: &mut Tx<'_>, access: &Access, row: OutboundId) -> Result<Option<i64>> {
    match outbound::get(tx, access, row) {
        Ok(sent) => Ok(sent.case_id),
        Err(Error::Refused(Refusal::NotFound)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_from_reporter(
    tx: &mut Tx<'_>,
    access: &Access,
    case: &Case,
    letter: &Letter,
) -> Result<bool> {
    let sender = sender(&letter.mail).filter(|_| !letter.forged);
    let (Some(contact), Some(sender)) = (case.contact_id, sender) else { return Ok(false) };
    let contact = contacts::get(tx, access, contact)?;
    Ok(contact.emails.iter().any(|email| email == sender.as_str()))
}

/// Puts a letter into the case that it answers; `None`: that is over, and it begins a new one.
fn continue_case(
    tx: &mut Tx<'_>,
    access: &Access,
    case: &Case,
    letter: &Letter,
) -> Result<Option<Case>> {
    let mail = &letter.mail;
    let own = is_from_reporter(tx, access, case, letter)?;
    if let Some(sender) = sender(mail).filter(|_| own && mail.auto == AutoKind::None) {
        addresses::used(tx, access, case, ("email", sender.as_str()))?;
    }
    // Whoever writes to the address that we signed has a letter of ours; who names a letter only
    // may have guessed it.
    let is_theirs = own
        || match letter.answers {
            Some(id) => case_of_row(tx, access, id)? == Some(case.id.0),
            None => false,
        };
    let (said, folded) = spoken(mail);
    let said = &said;
    let address = sender_as_written(mail);
    let more = own && mail.auto == AutoKind::None && afterwards::asks_for_more(case, said);
    // A machine's answer is for colleagues to see; it is nobody's word.
    let automatic = mail.auto != AutoKind::None && mail.auto != AutoKind::List;
    let text = match (automatic, own) {
        (true, _) => with_note("app-mail-automatic", &address, said),
        (false, false) if letter.forged => with_note("app-mail-forged", &address, said),
        (false, false) if !is_theirs => with_note("app-mail-stranger", &address, said),
        (false, false) => with_note("app-mail-other-sender", &address, said),
        (false, true) => said.clone(),
    };
    let text = fitting(&text, mail.understood);
    let (voice, writer) = match is_theirs && !automatic {
        true => (Voice::FromCitizen, Access::citizen(access.agency_id, Locale::Id)),
        false => (Voice::Internal, access.clone()),
    };
    let said = Words { voice, text: &text, attachments: &letter.files };
    let subject = subject(mail);
    let origin = Origin {
        interaction: None,
        channel: CHANNEL,
        subject: &subject,
        external_id: &letter.external_id,
        raw: Some(&letter.raw),
        at: None,
    };
    let case = match more {
        true => actions::reopen(tx, &writer, case.id, &said, &origin)?,
        false => Some(actions::receive(tx, &writer, case.id, &said, &origin)?),
    };
    if case.is_some() {
        note_beside(tx, access, letter, folded)?;
    }
    Ok(case)
}

/// What the writer of a reply says, and what is folded away: quotes and signature, as long as a
/// case's text may be; the rest lies in the kept letter.
fn spoken(mail: &ParsedMail) -> (String, String) {
    let split = parse::split_reply(&mail.text);
    if split.visible.trim().is_empty() {
        return (mail.text.clone(), String::new());
    }
    let parts = [split.signature.trim(), split.quoted.trim()];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    (split.visible, parts.join("\n\n").chars().take(DESCRIPTION_MAX).collect())
}

/// What the letter says beside its words.
fn beside(letter: &Letter, folded: String) -> Beside {
    let has_layout = letter.mail.html.is_some();
    Beside {
        folded,
        checks: letter.checks.clone(),
        has_layout,
        pictures: if has_layout { letter.pictures.clone() } else { Vec::new() },
        digest: letter.digest.clone(),
        ..Beside::default()
    }
}

/// Keeps what the letter says beside its words.
fn note_beside(tx: &mut Tx<'_>, access: &Access, letter: &Letter, folded: String) -> Result<()> {
    let beside = beside(letter, folded);
    talk::set_beside(tx, access, &letter.external_id, &beside)
}

fn open_case(
    tx: &mut Tx<'_>,
    access: &Access,
    letter: &Letter,
    earlier: Option<&Case>,
) -> Result<Case> {
    let mail = &letter.mail;
    let automatic = mail.auto != AutoKind::None || is_looping(tx, access, mail)?;
    let mut text = fitting(&mail.text, mail.understood);
    // What opens a case is kept whole before everybody's eyes, but for what it quotes of ours.
    let mut quoted = String::new();
    if let Some(earlier) = earlier {
        let (said, rest) = spoken(mail);
        text = fitting(&afterwards::carried_on(earlier, &said), true);
        quoted = rest;
    }
    if letter.forged {
        text = fitting(&with_note("app-mail-forged", &sender_as_written(mail), &text), true);
    } else if automatic {
        // A receipt to a machine would begin a conversation of machines: no address, no receipt.
        let note = with_note("app-mail-automatic", &sender_as_written(mail), &text);
        text = fitting(&note, true);
    }
    let mut report = Report::new(Kind::Complaint, &subject(mail), &text, letter.ticket.clone());
    report.channel = CHANNEL;
    // An address that somebody else wrote in is nobody's identity, and gets no receipt.
    report.reporter = reporter(mail, automatic || letter.forged);
    report.external_id = Some(letter.external_id.clone());
    report.raw = Some(letter.raw.clone());
    report.attachments = letter.files.iter().take(FILES_MAX).cloned().collect();
    let writer = Access::citizen(access.agency_id, Locale::Id);
    let case = actions::open(tx, &writer, &report)?.case;
    note_beside(tx, access, letter, quoted)?;
    let first = talk::messages_of_case(tx, access, case.id.0)?.into_iter().next();
    if let Some(message) = first {
        for file in letter.files.iter().skip(FILES_MAX) {
            talk::attach(tx, access, message.interaction_id, message.id, file)?;
        }
    }
    Ok(case)
}

/// Whether an address has been told of so many new cases lately that something answers itself.
fn is_looping(tx: &mut Tx<'_>, access: &Access, mail: &ParsedMail) -> Result<bool> {
    let Some(sender) = sender(mail) else { return Ok(false) };
    let people = contacts::with_identity(tx, access, "email", sender.as_str(), SHARING_MAX)?;
    let (mut hour, mut day) = (0, 0);
    for contact in people {
        for case in case_store::of_contact(tx, access, contact, RECEIPTS_A_DAY_MAX as i64)? {
            let age = tx.now().as_micros() - case.received_at.as_micros();
            let by_mail = case.channel == CHANNEL;
            hour += usize::from(by_mail && age < Timestamp::HOUR);
            day += usize::from(by_mail && age < Timestamp::DAY);
        }
    }
    Ok(hour >= RECEIPTS_AN_HOUR_MAX || day >= RECEIPTS_A_DAY_MAX)
}

fn reporter(mail: &ParsedMail, automatic: bool) -> Option<NewContact> {
    let from = mail.from.as_ref()?;
    let email = sender(mail).map(|email| email.as_str().to_owned());
    let local = from.email.split('@').next().unwrap_or_default();
    let name = from.name.as_deref().filter(|name| !name.trim().is_empty()).unwrap_or(local);
    let name: String = name.trim().chars().take(NAME_MAX).collect();
    let email = email.filter(|_| !automatic);
    Some(NewContact { name, email, ..NewContact::default() })
}

fn sender(mail: &ParsedMail) -> Option<Email> {
    Email::parse(&mail.from.as_ref()?.email).ok()
}

fn sender_as_written(mail: &ParsedMail) -> String {
    let written = mail.from.as_ref().map_or("?", |from| from.email.as_str());
    written.chars().take(NAME_MAX).collect()
}

fn subject(mail: &ParsedMail) -> String {
    let subject = mail.subject.as_deref().unwrap_or_default().trim();
    match subject.is_empty() {
        true => words("app-mail-no-subject"),
        false => subject.chars().take(SUBJECT_MAX).collect(),
    }
}

/// A text that a case takes: never empty, never too long.
fn fitting(text: &str, understood: bool) -> String {
    let text = text.trim();
    if !understood && text.is_empty() {
        return words("app-mail-not-understood");
    }
    if text.is_empty() {
        return words("app-mail-no-text");
    }
    if text.chars().count() <= DESCRIPTION_MAX {
        return text.to_owned();
    }
    let cut = words("app-mail-cut");
    let room = DESCRIPTION_MAX.saturating_sub(cut.chars().count() + 2);
    let start: String = text.chars().take(room).collect();
    format!("{start}\n\n{cut}")
}

fn with_note(key: &str, address: &str, text: &str) -> String {
    let note = t_args(Locale::Id, key, &[("address", Arg::from(address))]);
    format!("{note}\n\n{}", text.trim())
}

fn words(key: &str) -> String {
    t(Locale::Id, key).into_owned()
}
