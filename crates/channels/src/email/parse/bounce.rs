//! What mail systems say of a message of ours: bounces and delays (RFC 3464 and the many forms
//! before it) and complaints of readers (ARF, RFC 5965).
//!
//! The machine-readable part is believed first, then `X-Failed-Recipients`, then the words above
//! the returned message. Told apart: an address that does not exist (never write there again) from
//! a full box or a refused text (the address is fine).

use super::headers::{Headers, with_line_feeds};
use super::{Attachment, ParsedMail, names::Field};

/// Failures of one report that are read at most.
const FAILURES_MAX: usize = 100;
/// Lines of free words that are looked at.
const LINES_MAX: usize = 200;
/// Characters of a reason that are kept.
const WHY_CHARS_MAX: usize = 500;

/// What a mail system reports.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeliveryReport {
    /// What became of the message.
    pub kind: DeliveryKind,
    /// For whom, and why.
    pub failures: Vec<DeliveryFailure>,
    /// `Message-ID` of the message that it is about, with angle brackets.
    pub original_id: Option<String>,
}

/// What became of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeliveryKind {
    /// It was not delivered.
    #[default]
    Failed,
    /// Not yet; the mail system goes on trying.
    Delayed,
    /// It arrived, or was passed on to a system that sends no reports.
    Delivered,
    /// It arrived, and its reader marked it as unwanted.
    Complaint,
}

/// One address that a message did not reach.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeliveryFailure {
    /// The address, lower case.
    pub address: String,
    /// Enhanced status such as `5.1.1`.
    pub status: Option<String>,
    /// SMTP answer such as 550.
    pub code: Option<u16>,
    /// What it comes down to.
    pub reason: FailureReason,
    /// The system's words, in one line.
    pub why: String,
}

/// What a failure comes down to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FailureReason {
    /// There is no such address, or no such domain.
    Unknown,
    /// The address is switched off.
    Disabled,
    /// The box is full.
    Full,
    /// The text or its sender was taken for spam.
    Spam,
    /// The message is too large.
    TooLarge,
    /// Something else.
    #[default]
    Other,
}

impl FailureReason {
    /// Nothing will ever arrive at that address.
    #[must_use]
    pub fn is_of_address(self) -> bool {
        matches!(self, FailureReason::Unknown | FailureReason::Disabled)
    }
}

/// A mail that says of itself that it is a report.
pub(super) fn is_report(headers: &Headers) -> bool {
    let content_type = headers.get("content-type").map(Field::read).unwrap_or_default();
    content_type.value == "multipart/report" || headers.get("x-failed-recipients").is_some()
}

/// The report that a mail is, where it is one that programs can read.
pub(super) fn formal(headers: &Headers, files: &[Attachment]) -> Option<DeliveryReport> {
    let part = |kind: &str| files.iter().find(|file| file.media_type == kind);
    if let Some(file) = part("message/feedback-report") {
        return Some(complaint(&file.bytes, files));
    }
    let file = part("message/delivery-status").or_else(|| part("message/global-delivery-status"));
    let Some(file) = file else {
        let failed = headers.get("x-failed-recipients")?;
        let failures = failed.split(',').filter_map(plain_address).map(of_address);
        return Some(DeliveryReport {
            failures: failures.take(FAILURES_MAX).collect(),
            original_id: original_id(files),
            ..DeliveryReport::default()
        });
    };
    let mut report = status(&file.bytes).unwrap_or_default();
    report.original_id = original_id(files);
    Some(report)
}

/// Adds what the words above the returned message say.
pub(super) fn complete(report: &mut DeliveryReport, mail: &ParsedMail) {
    let (said, returned) = apart(&mail.text);
    if report.original_id.is_none() {
        let head = returned.iter().find_map(|line| {
            let (name, value) = line.trim_start_matches(['>', ' ']).split_once(':')?;
            name.trim().eq_ignore_ascii_case("message-id").then(|| value.trim())
        });
        report.original_id = head.filter(|id| id.starts_with('<')).map(ToOwned::to_owned);
    }
    let words = said.join(" ");
    if report.failures.is_empty() && report.kind != DeliveryKind::Complaint {
        report.failures = named(&said, mail);
    }
    for failure in &mut report.failures {
        if failure.code.is_none() {
            failure.code = smtp_code(&words);
        }
        if failure.why.is_empty() {
            failure.why = short(&words);
        }
        failure.reason = reason(failure.status.as_deref(), &failure.why);
        if failure.reason == FailureReason::Other {
            failure.reason = reason(None, &words);
        }
    }
}

/// The fields of `message/delivery-status`: blocks between empty lines, one for each recipient.
fn status(bytes: &[u8]) -> Option<DeliveryReport> {
    let mut rest: &[u8] = &with_line_feeds(bytes);
    let mut report = DeliveryReport::default();
    let mut kinds = Vec::new();
    while !rest.is_empty() && report.failures.len() < FAILURES_MAX {
        let (block, after) = Headers::split(rest);
        if after.len() == rest.len() {
            break;
        }
        rest = after;
        let address = ["original-recipient", "final-recipient", "x-actual-recipient"]
            .iter()
            .filter_map(|name| block.get(name))
            .find_map(|value| plain_address(value.rsplit(';').next().unwrap_or_default()));
        let Some(address) = address else { continue };
        let action = block.get("action").unwrap_or_default().trim().to_ascii_lowercase();
        kinds.push(match action.as_str() {
            "delayed" => DeliveryKind::Delayed,
            "delivered" | "relayed" | "expanded" => DeliveryKind::Delivered,
            // Held back by a policy until somebody does something: "you are not approved yet".
            _ if block.get("status").is_some_and(|s| s.trim().starts_with("4.7.")) => {
                DeliveryKind::Delayed
            }
            _ => DeliveryKind::Failed,
        });
        let why = block.get("diagnostic-code").unwrap_or_default();
        let why = short(why.split_once(';').map_or(why, |(_, words)| words));
        report.failures.push(DeliveryFailure {
            status: block.get("status").and_then(enhanced),
            code: smtp_code(&why),
            why,
            ..of_address(address)
        });
    }
    let worst = [DeliveryKind::Failed, DeliveryKind::Delayed, DeliveryKind::Delivered];
    report.kind = worst.into_iter().find(|kind| kinds.contains(kind))?;
    let mut of = kinds.iter();
    report.failures.retain(|_| of.next() == Some(&report.kind));
    Some(report)
}

/// The fields of `message/feedback-report`; who complained stands in the returned message, if the
/// provider does not hide it.
fn complaint(bytes: &[u8], files: &[Attachment]) -> DeliveryReport {
    let (fields, _) = Headers::split(bytes);
    let told = ["original-rcpt-to", "original-recipient", "removal-recipient"];
    let told = told.iter().find_map(|name| fields.get(name).and_then(plain_address));
    let returned = returned(files).map(|(headers, _)| headers);
    let address = told.or_else(|| {
        let to = returned.as_ref()?.addresses("to").into_iter().next()?;
        Some(to.email.to_lowercase())
    });
    DeliveryReport {
        kind: DeliveryKind::Complaint,
        failures: address
            .map(|address| DeliveryFailure {
                why: short(fields.get("feedback-type").unwrap_or_default()),
                ..of_address(address)
            })
            .into_iter()
            .collect(),
        original_id: original_id(files),
    }
}

fn of_address(address: String) -> DeliveryFailure {
    DeliveryFailure { address, ..DeliveryFailure::default() }
}

/// The head of the message that was sent back.
fn returned(files: &[Attachment]) -> Option<(Headers, &[u8])> {
    let kinds =
        ["message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global"];
    let file = files.iter().find(|file| kinds.contains(&file.media_type.as_str()))?;
    Some(Headers::split(&file.bytes))
}

fn original_id(files: &[Attachment]) -> Option<String> {
    returned(files)?.0.ids("message-id").into_iter().next()
}

/// The system's own words, and the message below them.
fn apart(text: &str) -> (Vec<&str>, Vec<&str>) {
    let lines: Vec<&str> = text.lines().take(LINES_MAX).collect();
    let begins = |line: &str| {
        let lower = line.trim().to_lowercase();
        let dashed = lower.starts_with("--") && lower.len() > 6;
        let copy = ["copy of", "below this line", "original message", "returned", "pesan asli"];
        (dashed && copy.iter().any(|words| lower.contains(words)))
            || ["return-path:", "received:"].iter().any(|name| lower.starts_with(name))
    };
    let is = |line: Option<&&str>, name: &str| {
        line.is_some_and(|line| line.to_lowercase().starts_with(name))
    };
    let headed = |at: usize| {
        is(lines.get(at), "from:") && (at + 1..at + 5).any(|next| is(lines.get(next), "subject:"))
    };
    let cut = (0..lines.len()).find(|&at| begins(lines[at]) || headed(at));
    let cut = cut.unwrap_or(lines.len());
    let (said, returned) = lines.split_at(cut);
    (said.to_vec(), returned.to_vec())
}

/// Addresses that the words name as not reached: at the start of a line, or after the words that
/// announce them.
fn named(lines: &[&str], mail: &ParsedMail) -> Vec<DeliveryFailure> {
    let ours: Vec<String> = mail.to.iter().map(|to| to.email.to_lowercase()).collect();
    let sender = mail.from.as_ref().map(|from| from.email.to_lowercase()).unwrap_or_default();
    let strange = |address: &String| {
        !ours.contains(address) && *address != sender && !address.starts_with("postmaster@")
    };
    let mut found: Vec<DeliveryFailure> = Vec::new();
    let mut announced = false;
    for line in lines {
        let line = line.trim();
        let address = first_address(line).or_else(|| bare_local(line, announced, &sender));
        if let Some(address) = address.filter(strange)
            && found.len() < FAILURES_MAX
            && !found.iter().any(|failure| failure.address == address)
        {
            found.push(DeliveryFailure { why: short(line), ..of_address(address) });
        }
        announced |= line.to_lowercase().contains("recipient") && line.ends_with(':');
    }
    let subject = mail.subject.as_deref().unwrap_or_default();
    if found.is_empty()
        && let Some(address) = first_address(subject).filter(strange)
    {
        found.push(DeliveryFailure { why: short(subject), ..of_address(address) });
    }
    found
}

/// The first address of a line, with what surrounds it taken off.
fn first_address(line: &str) -> Option<String> {
    let words = line.split(|c: char| c.is_whitespace() || "<>()[]\",;:".contains(c));
    words.take(40).find_map(plain_address)
}

/// Some providers name only what stands before their own `@`.
fn bare_local(line: &str, announced: bool, sender: &str) -> Option<String> {
    let (_, domain) = sender.split_once('@')?;
    let fits = announced
        && !line.is_empty()
        && line.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    fits.then(|| format!("{}@{domain}", line.to_lowercase()))
}

/// An address in lower case, or nothing.
fn plain_address(text: &str) -> Option<String> {
    let text = text.trim().trim_matches(['<', '>', '"', '\'', '.', ',']);
    let (local, domain) = text.rsplit_once('@')?;
    let plain = |b: u8| b.is_ascii_graphic() && !b"<>()[]\",;:\\".contains(&b);
    let fits = !local.is_empty()
        && domain.contains('.')
        && text.len() <= 254
        && text.bytes().all(plain)
        && !domain.starts_with('.');
    fits.then(|| text.to_lowercase())
}

/// `5.1.1`, found at the start of a field.
fn enhanced(text: &str) -> Option<String> {
    let word = text.split([' ', '(', '\t']).find(|word| !word.is_empty())?;
    let mut parts = word.split('.');
    let number = |part: Option<&str>| {
        part.is_some_and(|p| (1..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))
    };
    let fits = number(parts.next()) && number(parts.next()) && number(parts.next());
    (fits && parts.next().is_none()).then(|| word.to_owned())
}

/// The first word that is an SMTP answer: 4xx or 5xx, perhaps with `-` behind it.
fn smtp_code(text: &str) -> Option<u16> {
    let words = text.split(|c: char| c.is_whitespace() || "<>()[]:;,\"#".contains(c));
    words.take(400).find_map(|word| {
        let word = word.split('-').next().unwrap_or_default();
        let code: u16 = (word.len() == 3).then(|| word.parse().ok()).flatten()?;
        (400..600).contains(&code).then_some(code)
    })
}

/// What it comes down to, by the enhanced status and then by words.
fn reason(status: Option<&str>, why: &str) -> FailureReason {
    const WORDS: &[(FailureReason, &[&str])] = &[
        (
            FailureReason::Full,
            &[
                "quota",
                "mailbox full",
                "mailbox is full",
                "inbox is full",
                "over limit",
                "penuh",
                "exceeded storage",
                "out of space",
                "insufficient storage",
            ],
        ),
        (
            FailureReason::TooLarge,
            &[
                "too large",
                "too big",
                "size limit",
                "exceeds size",
                "exceeds the maximum",
                "message size",
                "terlalu besar",
            ],
        ),
        (
            FailureReason::Disabled,
            &["disabled", "inactive", "suspended", "deactivated", "no longer", "dinonaktifkan"],
        ),
        (
            FailureReason::Unknown,
            &[
                "user unknown",
                "unknown user",
                "no such",
                "does not exist",
                "doesn't exist",
                "not exist",
                "unknown recipient",
                "not a known user",
                "not known",
                "unknown address",
                "user not found",
                "not recognized",
                "not listed",
                "no mailbox",
                "mailbox not found",
                "mailbox unavailable",
                "not our customer",
                "recipient rejected",
                "invalid recipient",
                "address rejected",
                "no account",
                "tidak ditemukan",
                "tidak dikenal",
                "name service error",
                "name or service not known",
                "host not found",
                "domain not found",
                "no mx",
            ],
        ),
        (
            FailureReason::Spam,
            &[
                "spam",
                "blocked",
                "blacklist",
                "block list",
                "blocklist",
                "policy",
                "junk",
                "unsolicited",
                "content rejected",
                "reputation",
                "denied",
            ],
        ),
    ];
    match status {
        Some("5.2.2" | "4.2.2") => return FailureReason::Full,
        Some("5.3.4" | "5.2.3") => return FailureReason::TooLarge,
        Some("5.2.1") => return FailureReason::Disabled,
        Some("5.1.1" | "5.1.2" | "5.1.3" | "5.1.6" | "5.1.10" | "5.4.4") => {
            return FailureReason::Unknown;
        }
        _ => {}
    }
    let lower = why.to_lowercase();
    let fits = |(_, words): &&(FailureReason, &[&str])| words.iter().any(|w| lower.contains(w));
    WORDS.iter().find(fits).map_or(FailureReason::Other, |(reason, _)| *reason)
}

fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(WHY_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{AutoKind, parse};
    use super::*;

    fn report(raw: &str) -> DeliveryReport {
        let mail = parse(raw.as_bytes());
        assert_eq!(mail.auto, AutoKind::Bounce, "{raw}");
        mail.report.unwrap()
    }

    const STATUS: &str = "Return-Path: <>\nFrom: MAILER-DAEMON@mx.id\nTo: kami@contoh.go.id\n\
        Subject: Undelivered Mail\nContent-Type: multipart/report; \
        report-type=delivery-status; boundary=b\n\n--b\n\nmaaf\n--b\n\
        Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.id\n\n\
        Final-Recipient: rfc822; Warga@Contoh.id\nAction: ACTION\nStatus: 5.2.2\n\
        Diagnostic-Code: smtp; 552-5.2.2 kotak penuh\n\n--b\nContent-Type: message/rfc822\n\n\
        Message-ID: <x1@contoh.go.id>\nTo: warga@contoh.id\n\nhalo\n--b--\n";

    #[test]
    fn a_status_says_who_and_why() {
        let failed = report(&STATUS.replace("ACTION", "failed"));
        assert_eq!(failed.kind, DeliveryKind::Failed);
        assert_eq!(failed.original_id.as_deref(), Some("<x1@contoh.go.id>"));
        let [failure] = &failed.failures[..] else { panic!("{failed:?}") };
        assert_eq!(failure.address, "warga@contoh.id");
        assert_eq!(failure.status.as_deref(), Some("5.2.2"));
        assert_eq!((failure.code, failure.reason), (Some(552), FailureReason::Full));
        assert_eq!(report(&STATUS.replace("ACTION", "delayed")).kind, DeliveryKind::Delayed);
        assert_eq!(report(&STATUS.replace("ACTION", "relayed")).kind, DeliveryKind::Delivered);
    }

    #[test]
    fn a_reader_complains() {
        let told = report(
            "From: <fbl@mail.id>\nTo: kami@contoh.go.id\nSubject: FW: Kabar\nContent-Type: \
             multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nabuse\n--b\n\
             Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\n\n--b\n\
             Content-Type: message/rfc822\n\nFrom: kami@contoh.go.id\nTo: Warga <Warga@mail.id>\n\
             Message-ID: <x2@contoh.go.id>\n\nhalo\n--b--\n",
        );
        assert_eq!(told.kind, DeliveryKind::Complaint);
        assert_eq!(told.failures[0].address, "warga@mail.id");
        assert_eq!(told.failures[0].why, "abuse");
        assert_eq!(told.original_id.as_deref(), Some("<x2@contoh.go.id>"));
    }

    #[test]
    fn a_report_that_a_person_attached_is_no_report() {
        let raw = "From: budi@contoh.id\nTo: kami@contoh.go.id\nSubject: mengapa ini?\n\
            Content-Type: multipart/mixed; boundary=b\n\n--b\n\nlihat\n--b\nContent-Type: \
            message/delivery-status\n\nReporting-MTA: dns; mx.id\n\nFinal-Recipient: rfc822; \
            a@b.id\nAction: failed\n\n--b--\n";
        let mail = parse(raw.as_bytes());
        assert_eq!((mail.auto, mail.report), (AutoKind::None, None));
    }
}
