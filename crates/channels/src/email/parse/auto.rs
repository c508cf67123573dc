//! Was this written by a machine? RFC 3834's `Auto-Submitted`, and what came before it.
//!
//! Matters twice: an automatic answer must never answer one (loops), and a bounce is news about a
//! message of ours, not a case.

use super::bounce::{self, DeliveryReport};
use super::headers::Headers;
use super::{AutoKind, ParsedMail};

/// Subjects of bounces, lower case.
const BOUNCE_SUBJECTS: &[&str] = &[
    "undelivered mail",
    "undeliverable",
    "undelivered message",
    "delivery status notification",
    "delivery failure",
    "delivery failed",
    "delivery report",
    "mail delivery failed",
    "mail delivery failure",
    "mail delivery problem",
    "mail delivery error",
    "returned mail",
    "returned to sender",
    "failure notice",
    "mail system error",
    "message delivery failure",
    "could not be delivered",
    "delivery notification",
    "nondeliverable mail",
    "mail could not",
    "message status - undeliverable",
    "rejected mail",
    "gagal terkirim",
    "tidak terkirim",
    "pemberitahuan status pengiriman",
    "unable to deliver",
    "unzustellbar",
    "unzustellbare",
    "undeliverable mail",
    "user unknown",
    "error sending message",
    "mail not delivered",
    "permanent delivery failure",
];

/// Subjects of absence notes and other automatic answers, lower case.
const REPLY_SUBJECTS: &[&str] = &[
    "out of office",
    "out of the office",
    "automatic reply",
    "auto-reply",
    "autoreply",
    "auto reply",
    "auto response",
    "autoresponse",
    "automatic response",
    "balasan otomatis",
    "jawaban otomatis",
    "sedang cuti",
    "di luar kantor",
    "vacation reply",
    "on vacation",
    "automatische antwort",
    "abwesenheit",
    "réponse automatique",
    "respuesta automática",
];

/// Local parts from which mail systems write.
const MAILERS: &[&str] = &["mailer-daemon", "postmaster", "mail-daemon", "mailerdaemon"];

/// Which kind of machine wrote it, and what it reports, where it is a mail system's report.
pub(super) fn classify(headers: &Headers, mail: &ParsedMail) -> (AutoKind, Option<DeliveryReport>) {
    // A report that a person attached to a letter of their own does not count.
    let is_report = bounce::is_report(headers);
    let by_words = is_bounce(headers, mail);
    let formal = bounce::formal(headers, &mail.attachments).filter(|_| is_report || by_words);
    if formal.is_some() || by_words {
        let mut report = formal.unwrap_or_default();
        bounce::complete(&mut report, mail);
        return (AutoKind::Bounce, Some(report));
    }
    (by_headers(headers, mail), None)
}

fn by_headers(headers: &Headers, mail: &ParsedMail) -> AutoKind {
    if is_reply(headers, mail) {
        AutoKind::AutoReply
    } else if is_list(headers) {
        AutoKind::List
    } else {
        AutoKind::None
    }
}

fn is_bounce(headers: &Headers, mail: &ParsedMail) -> bool {
    let subject = mail.subject.as_deref().unwrap_or_default().to_lowercase();
    let subject = subject.trim();
    let named = BOUNCE_SUBJECTS.iter().any(|s| subject.contains(s));
    let local = mail.from.as_ref().and_then(|from| from.email.split('@').next());
    let by_mailer = local.is_some_and(|local| MAILERS.contains(&local.to_lowercase().as_str()));
    let no_path = headers.get("return-path").is_some_and(|path| path.trim() == "<>");
    let is_answer = subject.starts_with("re:") || mail.in_reply_to.is_some();
    (by_mailer && !is_reply(headers, mail)) || (named && (no_path || !is_answer))
}

fn is_reply(headers: &Headers, mail: &ParsedMail) -> bool {
    let first = |name: &str| {
        let value = headers.get(name).unwrap_or_default();
        value.split([';', ' ']).find(|v| !v.is_empty()).unwrap_or_default().to_ascii_lowercase()
    };
    let submitted = first("auto-submitted");
    if !submitted.is_empty() && submitted != "no" {
        return true;
    }
    let present =
        ["x-autoreply", "x-autorespond", "x-auto-reply-from", "x-autoresponder", "x-loop"];
    if present.iter().any(|name| headers.get(name).is_some())
        || first("x-precedence") == "auto_reply"
    {
        return true;
    }
    let suppress = headers.get("x-auto-response-suppress").unwrap_or_default().to_ascii_lowercase();
    if suppress.contains("all") || suppress.contains("oof") || suppress.contains("autoreply") {
        return true;
    }
    if matches!(first("precedence").as_str(), "auto_reply" | "auto-reply" | "autoreply") {
        return true;
    }
    let content_type = headers.get("content-type").unwrap_or_default().to_ascii_lowercase();
    let receipt = content_type.contains("disposition-notification");
    let subject = mail.subject.as_deref().unwrap_or_default().to_lowercase();
    receipt || REPLY_SUBJECTS.iter().any(|s| subject.starts_with(s))
}

fn is_list(headers: &Headers) -> bool {
    let precedence = headers.get("precedence").unwrap_or_default().trim().to_ascii_lowercase();
    matches!(precedence.as_str(), "list" | "bulk" | "junk")
        || ["list-id", "list-unsubscribe", "list-post", "x-mailing-list", "mailing-list"]
            .iter()
            .any(|name| headers.get(name).is_some())
}
