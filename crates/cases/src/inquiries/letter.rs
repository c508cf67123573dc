//! The letter to somebody outside: what of a case may go along, and its exact words.
//!
//! **Invariant: the reporter is in it only where somebody chose so and the report allows it.** Who
//! reported anonymously or confidentially is never named (UU 25/2009 art. 42(5)). What goes along
//! of what was said has the reporter's name and everybody's numbers and addresses hidden, and the
//! writer's own words are refused where they name the reporter. Messages of the program itself
//! (receipts with a PIN) and what other outsiders wrote cannot be chosen.

use std::collections::HashSet;

use tanggap_calendar::Zone;
use tanggap_contacts::identity::{Email, Phone};
use tanggap_contacts::{self as contacts, Contact};
use tanggap_conversations::{
    self as talk, Attachment, AttachmentId, Direction, InteractionId, Message, MessageId,
    NewAttachment, Scan, accounts,
};
use tanggap_kernel::error::Check;
use tanggap_kernel::{Access, Actor, Invalid, Locale, Permission, Result};
use tanggap_lang::personal;
use tanggap_org as org;
use tanggap_store::Tx;
use tanggap_ui::{Arg, Text, t, t_args};

use super::store::{self, InquiryId};
use crate::actions::{load, without_traces};
use crate::model::{Case, CaseId};
use crate::report::{DESCRIPTION_MAX, SUBJECT_MAX};
use crate::rules;

/// Characters of the name of whom one writes to.
pub const NAME_MAX: usize = 200;
/// The most bytes of files that one letter carries; mail systems refuse larger ones.
pub const FILES_BYTES_MAX: i64 = 15 << 20;
/// Letters of a word by which a name is known.
const WORD_MIN: usize = 3;
/// Digits at the end by which a number is known, however it begins.
const DIGITS: usize = 8;
/// What stands where the reporter was named.
const HIDDEN: &str = "••••••";
/// Words in names that name nobody.
const TITLES: [&str; 15] = [
    "bapak", "pak", "ibu", "bpk", "sdr", "sdri", "haji", "hajah", "hjh", "drs", "dra", "prof",
    "nyonya", "tuan", "nona",
];

/// To whom a letter goes.
#[derive(Clone, Debug)]
pub enum Whom<'a> {
    /// Somebody who is not asked yet.
    New {
        /// Their name.
        name: &'a str,
        /// Their address.
        address: &'a str,
    },
    /// Somebody who was asked already.
    Again(InquiryId),
}

/// What somebody outside is asked, and what goes along.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// About which case.
    pub case: CaseId,
    /// Whom.
    pub whom: Whom<'a>,
    /// The letter's subject.
    pub subject: &'a str,
    /// What the writer says.
    pub text: &'a str,
    /// What was said in the case and goes along.
    pub messages: &'a [MessageId],
    /// Files of it that do.
    pub files: &'a [AttachmentId],
    /// The reporter's name and ways to reach them go along.
    pub identity: bool,
    /// Names the form that it was written on: sent twice, it goes out once.
    pub once: &'a str,
}

/// A letter exactly as it goes out.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Who gets it.
    pub name: String,
    /// At which address, lower case.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub body: String,
    /// Its files.
    pub files: Vec<NewAttachment>,
    /// It tells who reported.
    pub identity: bool,
}

/// What of a case can go along.
#[derive(Clone, Debug, Default)]
pub struct Offered {
    /// What people said, oldest first.
    pub messages: Vec<Message>,
    /// The files of it.
    pub files: Vec<Attachment>,
}

/// Whether somebody may tell outsiders who reported: it is known, neither anonymous nor
/// confidential, and theirs to look at.
#[must_use]
pub fn may_give_identity(case: &Case, access: &Access) -> bool {
    let open = !case.anonymous && !case.confidential;
    open && case.contact_id.is_some() && rules::may_identify(case, access)
}

/// What of a case can go along with a letter, for somebody who may see the case.
///
/// # Errors
/// A fault of the engine.
pub fn offered(tx: &mut Tx<'_>, access: &Access, case: &Case) -> Result<Offered> {
    let asked = store::of_case(tx, access, case.id)?;
    let others: HashSet<InteractionId> = asked.iter().map(|one| one.interaction).collect();
    let mut messages = talk::messages_of_case(tx, access, case.id.0)?;
    messages.retain(|message| {
        let by_person = matches!(Actor::parse(&message.actor), Some(Actor::User(_)));
        let said = message.direction == Direction::In || by_person;
        said && !others.contains(&message.interaction_id)
    });
    if !rules::may_recognise(case, access) {
        for message in &mut messages {
            message.body = without_traces(message, access);
        }
    }
    let said: HashSet<MessageId> = messages.iter().map(|message| message.id).collect();
    let mut files = talk::attachments_of_case(tx, access, case.id.0)?;
    files.retain(|file| file.scan != Scan::Infected && said.contains(&file.message_id));
    Ok(Offered { messages, files })
}

/// The letter that `ask` makes, as it goes out to the letter.
///
/// # Errors
/// `NotFound`, `Forbidden`, fields to correct (`name`, `address`, `subject`,
/// `text`, `messages`, `files`, `identity`), or a fault.
pub fn compose(tx: &mut Tx<'_>, access: &Access, ask: &Ask<'_>) -> Result<Letter> {
    let case = load(tx, access, ask.case)?;
    access.require(Permission::CaseWrite, case.unit_id)?;
    let reporter = match case.contact_id {
        Some(id) => Some(contacts::get(tx, access, id)?),
        None => None,
    };
    let mut check = Check::new();
    let (name, to) = match &ask.whom {
        Whom::New { name, address } => {
            let to = addressee(tx, access, &case, reporter.as_ref(), address)?;
            (
                name.trim().to_owned(),
                to.unwrap_or_else(|key| {
                    check.push(Invalid::new("address", key));
                    String::new()
                }),
            )
        }
        Whom::Again(id) => {
            let known = store::of(tx, access, case.id, *id)?;
            (known.name, known.address)
        }
    };
    let (subject, text) = (ask.subject.trim(), ask.text.trim());
    for (field, value, max) in [
        ("name", name.as_str(), NAME_MAX),
        ("subject", subject, SUBJECT_MAX),
        ("text", text, DESCRIPTION_MAX),
    ] {
        check.require(!value.is_empty(), field, "ui-invalid-required");
        if value.chars().count() > max {
            check.push(Invalid::new(field, "ui-invalid-long").arg("max", max));
        }
    }
    let known = Known::of(&case, reporter.as_ref());
    if ask.identity && !may_give_identity(&case, access) {
        check.push(Invalid::new("identity", "inquiry-invalid-identity"));
    }
    if !ask.identity {
        for (field, value) in [("name", name.as_str()), ("subject", subject), ("text", text)] {
            check.require(!known.is_named_in(value), field, "inquiry-invalid-reporter");
        }
    }
    let offered = offered(tx, access, &case)?;
    let files = chosen_files(&offered, ask, &known, &mut check);
    let found: Vec<&Message> =
        offered.messages.iter().filter(|message| ask.messages.contains(&message.id)).collect();
    check.require(found.len() == distinct(ask.messages), "messages", "ui-invalid-choice");
    check.done()?;
    let agency = org::agency(tx, access.agency_id)?;
    let zone = agency.as_ref().map_or_else(Zone::default, |agency| agency.zone);
    let mut body = words("inquiry-letter-to", &[("name", name.as_str().into())]);
    body.push_str(&format!("\n\n{text}"));
    body.push_str(&quoted(&found, &known, ask.identity, zone));
    if let (true, Some(reporter)) = (ask.identity, &reporter) {
        body.push_str(&format!("\n\n{}", identity(reporter)));
    }
    let agency = agency.map(|agency| agency.name).unwrap_or_default();
    body.push_str(&format!("\n\n{}", words("inquiry-letter-end", &[("agency", agency.into())])));
    let subject = subject.to_owned();
    Ok(Letter { name, to, subject, body, files, identity: ask.identity })
}

fn distinct<T: Eq + std::hash::Hash>(list: &[T]) -> usize {
    list.iter().collect::<HashSet<_>>().len()
}

fn words(key: &str, args: &[(&str, Arg<'_>)]) -> String {
    // Letters of a body are in Indonesian (UU 24/2009).
    t_args(Locale::Id, key, args).into_owned()
}

/// An address that may be asked; or what is wrong with it.
fn addressee(
    tx: &mut Tx<'_>,
    access: &Access,
    case: &Case,
    reporter: Option<&Contact>,
    typed: &str,
) -> Result<Result<String, &'static str>> {
    let Ok(email) = Email::parse(typed) else { return Ok(Err("ui-invalid-email")) };
    let address = email.as_str().to_owned();
    if reporter.is_some_and(|reporter| reporter.emails.contains(&address)) {
        return Ok(Err("inquiry-invalid-citizen"));
    }
    let ours = accounts::by_address(tx, "email", &address)?;
    if ours.is_some_and(|account| account.agency_id == access.agency_id) {
        return Ok(Err("inquiry-invalid-ours"));
    }
    // Colleagues see the case itself, or must not (UU 25/2009 art. 45).
    match org::user_by_email(tx, access, &address)? {
        Some(user) if Some(user.id) == case.reported_user_id => {
            Ok(Err("inquiry-invalid-concerned"))
        }
        Some(_) => Ok(Err("inquiry-invalid-staff")),
        None => Ok(Ok(address)),
    }
}

fn chosen_files(
    offered: &Offered,
    ask: &Ask<'_>,
    known: &Known,
    check: &mut Check,
) -> Vec<NewAttachment> {
    let chosen: Vec<&Attachment> =
        offered.files.iter().filter(|file| ask.files.contains(&file.id)).collect();
    check.require(chosen.len() == distinct(ask.files), "files", "ui-invalid-choice");
    let bytes: i64 = chosen.iter().map(|file| file.size).sum();
    if bytes > FILES_BYTES_MAX {
        let max = FILES_BYTES_MAX >> 20;
        check.push(Invalid::new("files", "inquiry-invalid-size").arg("max", max));
    }
    let file = |(place, file): (usize, &&Attachment)| NewAttachment {
        name: file_name(&file.name, known, ask.identity, place + 1),
        media_type: file.media_type.clone(),
        size: file.size,
        blob: file.blob.clone(),
        thumbnail: file.thumbnail.clone(),
        scan: file.scan,
    };
    chosen.iter().enumerate().map(file).collect()
}

/// A file's name goes along unless it tells who reported: then a plain one stands in.
fn file_name(name: &str, known: &Known, identity: bool, place: usize) -> String {
    let spaced = name.replace(['_', '-', '.'], " ");
    if identity || (known.hide(&spaced) == spaced && personal::find(name).is_empty()) {
        return name.to_owned();
    }
    let kind = name.rsplit_once('.').map(|(_, kind)| kind).filter(|kind| kind.len() <= 5);
    let plain = words("inquiry-letter-file", &[("n", place.into())]);
    kind.map_or_else(|| plain.clone(), |kind| format!("{plain}.{kind}"))
}

/// What was said and goes along, each with who said it and when.
fn quoted(messages: &[&Message], known: &Known, identity: bool, zone: Zone) -> String {
    if messages.is_empty() {
        return String::new();
    }
    let text = Text { locale: Locale::Id, zone };
    let key = if identity { "inquiry-letter-along-open" } else { "inquiry-letter-along" };
    let mut out = format!("\n\n{}", t(Locale::Id, key));
    for message in messages {
        let key = match message.direction {
            Direction::In => "inquiry-letter-citizen",
            Direction::Out | Direction::Internal => "inquiry-letter-staff",
        };
        let said = match identity {
            true => message.body.trim().to_owned(),
            false => personal::redact(&known.hide(message.body.trim())),
        };
        out.push_str(&format!("\n\n{}\n{said}", text.t1(key, "at", text.date(message.at))));
    }
    out
}

fn identity(reporter: &Contact) -> String {
    let mut lines = vec![words("inquiry-letter-identity", &[])];
    let phone = reporter.phone(false).unwrap_or_default();
    let email = reporter.email(false).unwrap_or_default();
    for (key, value) in [
        ("inquiry-letter-name", reporter.name.as_str()),
        ("inquiry-letter-phone", phone.as_str()),
        ("inquiry-letter-email", email.as_str()),
    ] {
        if !value.is_empty() {
            lines.push(words(key, &[("value", value.into())]));
        }
    }
    lines.push(words("inquiry-letter-purpose", &[]));
    lines.join("\n")
}

/// By what a reporter is known.
#[derive(Debug, Default)]
struct Known {
    /// Words of names, of the reporter's and of whoever they report for.
    words: Vec<String>,
    /// Mail addresses and names of accounts, in lower case.
    addresses: Vec<String>,
    /// The ends of numbers.
    digits: Vec<String>,
    /// The case's code: who has it looks for the case.
    code: String,
}

impl Known {
    fn of(case: &Case, reporter: Option<&Contact>) -> Self {
        let mut known = Self { code: case.code.clone(), ..Self::default() };
        known.add_name(case.proxy_for.as_deref().unwrap_or_default());
        let Some(reporter) = reporter else { return known };
        known.add_name(&reporter.name);
        known.addresses.extend(reporter.emails.iter().map(|email| email.to_lowercase()));
        for handle in &reporter.handles {
            let (_, own) = handle.split_once(':').unwrap_or(("", handle));
            known.add_number(own);
            if own.chars().any(char::is_alphabetic) {
                known.addresses.push(own.to_lowercase());
            }
        }
        for phone in &reporter.phones {
            known.add_number(Phone::parse(phone).as_ref().map_or(phone, |phone| phone.e164()));
        }
        known.add_number(reporter.nik.as_deref().unwrap_or_default());
        known
    }

    fn add_name(&mut self, name: &str) {
        let own = split(name).map(|(_, word)| word.to_lowercase());
        let tells =
            |word: &String| word.chars().count() >= WORD_MIN && !TITLES.contains(&word.as_str());
        self.words.extend(own.filter(tells));
    }

    fn add_number(&mut self, number: &str) {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        if digits.len() >= DIGITS {
            self.digits.push(digits[digits.len() - DIGITS..].to_owned());
        }
    }

    /// Whether a text names the reporter: a number, an address, or as much of the name as tells
    /// them from others (two of its words side by side, or its only one).
    fn is_named_in(&self, text: &str) -> bool {
        if self.tells_address(text) || !self.numbers_in(text).is_empty() {
            return true;
        }
        let words: Vec<String> = split(text).map(|(_, word)| word.to_lowercase()).collect();
        let known = |word: &String| self.words.contains(word);
        match self.words.len() {
            0 => false,
            1 => words.iter().any(known),
            _ => words.windows(2).any(|pair| pair[0] != pair[1] && pair.iter().all(known)),
        }
    }

    fn tells_address(&self, text: &str) -> bool {
        let lower = text.to_lowercase();
        self.addresses.iter().any(|address| lower.contains(address.as_str()))
    }

    /// Where numbers of the reporter's stand, however they are grouped.
    fn numbers_in(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        let mut found = Vec::new();
        let (mut digits, mut from, mut to) = (String::new(), 0, 0);
        let mut end = |digits: &mut String, range: std::ops::Range<usize>| {
            if self.digits.iter().any(|known| digits.contains(known.as_str())) {
                found.push(range);
            }
            digits.clear();
        };
        for (at, c) in text.char_indices() {
            if c.is_ascii_digit() {
                if digits.is_empty() {
                    from = at;
                }
                digits.push(c);
                to = at + 1;
            } else if !" -.()/+".contains(c) {
                end(&mut digits, from..to);
            }
        }
        end(&mut digits, from..to);
        found
    }

    /// The text with each word of the reporter's name, their numbers, addresses and the code of
    /// the case hidden.
    fn hide(&self, text: &str) -> String {
        let mut ranges = self.numbers_in(text);
        let named = |(_, word): &(usize, &str)| self.words.contains(&word.to_lowercase());
        ranges.extend(split(text).filter(named).map(|(at, word)| at..at + word.len()));
        let lower = text.to_ascii_lowercase();
        for known in self.addresses.iter().chain([&self.code.to_ascii_lowercase()]) {
            let known = known.to_ascii_lowercase();
            ranges.extend(lower.match_indices(&known).map(|(at, hit)| at..at + hit.len()));
        }
        ranges.retain(|range| !range.is_empty());
        ranges.sort_by_key(|range| range.start);
        let (mut out, mut from) = (String::with_capacity(text.len()), 0);
        for range in ranges {
            if range.end <= from {
                continue;
            }
            if range.start >= from {
                out.push_str(&text[from..range.start]);
                out.push_str(HIDDEN);
            }
            from = range.end;
        }
        out.push_str(&text[from..]);
        out
    }
}

/// The words of a text and where they stand.
fn split(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let word = |c: char| c.is_alphanumeric() || c == '\'' || c == '’';
    let base = text.as_ptr() as usize;
    text.split(move |c: char| !word(c))
        .filter(|part| !part.is_empty())
        .map(move |part| (part.as_ptr() as usize - base, part))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn known() -> Known {
        let mut known = Known { code: "TGP-7K3M-9QXD".into(), ..Known::default() };
        known.add_name("Hj. Siti Aminah");
        known.addresses.push("siti.aminah@contoh.id".into());
        known.add_number("+6281234567890");
        known
    }

    #[test]
    fn what_names_the_reporter_is_known_and_what_does_not_is_not() {
        for named in [
            "Pelapornya Siti Aminah.",
            "aminah, SITI",
            "hubungi 0812-3456-7890",
            "(0812) 3456 7890",
            "WA +62 812 3456 7890 ya",
            "surelnya Siti.Aminah@contoh.id",
        ] {
            assert!(known().is_named_in(named), "{named}");
        }
        for other in [
            "Jalan Siti Manggopoh rusak",
            "Mohon keterangan Bapak/Ibu tentang pekerjaan di Pasar Aminah Raya",
            "hubungi 021-3852-1717",
            "pada 12 Maret 2026 pukul 08.12",
            "",
        ] {
            assert!(!known().is_named_in(other), "{other}");
        }
        let mut one = Known::default();
        one.add_name("Suparman");
        assert!(one.is_named_in("laporan suparman") && !one.is_named_in("laporan Suparmanto"));
        assert!(!Known::default().is_named_in("siapa pun"), "nobody is known");
    }

    #[test]
    fn what_goes_along_has_the_reporter_hidden() {
        let said = "Saya Siti Aminah (siti.aminah@contoh.id, 0812 3456 7890), laporan \
                    TGP-7K3M-9QXD. Lubang di depan toko Bu Aminah.";
        let hidden = personal::redact(&known().hide(said));
        for part in ["Siti", "Aminah", "aminah", "3456", "TGP", "contoh.id"] {
            assert!(!hidden.contains(part), "{part}: {hidden}");
        }
        assert!(hidden.contains("Lubang di depan toko Bu ••••••."), "{hidden}");
        assert_eq!(file_name("KTP_Siti_Aminah.jpg", &known(), false, 2), "lampiran-2.jpg");
        assert_eq!(file_name("lubang.jpg", &known(), false, 2), "lubang.jpg");
        assert_eq!(file_name("KTP_Siti_Aminah.jpg", &known(), true, 2), "KTP_Siti_Aminah.jpg");
    }

    proptest! {
        #[test]
        fn hiding_never_leaves_the_reporter_and_never_fails(
            before in ".{0,40}", between in "[ ,.]{1,3}", after in ".{0,40}",
        ) {
            let known = known();
            let text = format!("{before} SITI{between}aminah {after} 081234567890");
            let hidden = known.hide(&text);
            prop_assert!(!known.is_named_in(&hidden), "{}", hidden);
            prop_assert_eq!(known.hide(&hidden), hidden);
        }
    }
}
