//! Reads a raw RFC 5322 message. Pure, total and bounded.
//!
//! The MIME structure is walked here, with limits on size, depth and number of parts, because mail
//! from the street is broken in ways that must not cost a message: missing boundaries, lying
//! charsets, truncated encodings. Addresses and dates are read by the `mail-parser` crate.
//!
//! **Invariant: [`parse`] returns for every input, and no byte the sender wrote as text or file is
//! dropped silently.** What was odd is listed in `defects`; where the bytes are no mail at all,
//! `understood` is false and they are kept as text or as one attachment.

mod authentic;
mod auto;
mod bounce;
mod charset;
mod digest;
mod headers;
mod html;
mod mime;
mod names;
mod reply;
mod safe;
mod tnef;
mod transfer;
mod words;

use headers::Headers;

pub use authentic::{Authentication, Verdict};
pub use bounce::{DeliveryFailure, DeliveryKind, DeliveryReport, FailureReason};
pub use digest::digest;
pub use html::{to_text as html_to_text, to_text_quoted as html_to_text_quoted};
pub use reply::{Reply, split_reply};
pub use safe::{Safe, safe_html, safe_html_with};

/// Bytes of a message that are read at most; the rest is left to the kept raw copy. Relays refuse
/// messages well below this (25 MB of files are 34 MB in base64).
pub const RAW_BYTES_MAX: usize = 40 * 1024 * 1024;

/// One mailbox as written in a header.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    /// Display name, decoded; `None` where the header has none.
    pub name: Option<String>,
    /// `local@domain` as written (case kept).
    pub email: String,
}

/// One file that came with the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// File name without any path; a sensible one is made up where the sender gave none.
    pub name: String,
    /// Media type in lower case, for example `image/jpeg`.
    pub media_type: String,
    /// Content with the transfer encoding undone, otherwise untouched.
    pub bytes: Vec<u8>,
    /// Shown inside the HTML body (disposition `inline` or referred to by `cid:`).
    pub inline: bool,
    /// `Content-ID` without angle brackets.
    pub content_id: Option<String>,
    /// Found inside another container (`winmail.dat`, uuencoded text) and not a MIME part itself.
    pub unpacked: bool,
}

/// What kind of machine wrote the message, if one did (RFC 3834 and the usual headers).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AutoKind {
    /// A person, as far as one can tell.
    #[default]
    None,
    /// Out-of-office notes, receipts and other automatic answers: never answer these by machine.
    AutoReply,
    /// Mailing lists and bulk mail.
    List,
    /// A mail system's report: not delivered, delayed, or complained of.
    Bounce,
}

/// What was wrong with a message. None of these stops it from being taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Defect {
    /// No header field was found.
    NoHeaders,
    /// A line among the headers is no header field.
    BrokenHeader,
    /// `multipart/*` without a boundary, or with one that never occurs.
    BoundaryMissing,
    /// Nested deeper, or in more parts, than is read; the rest is kept as one attachment.
    TooManyParts,
    /// Longer than [`RAW_BYTES_MAX`]; the rest was not read.
    TooLarge,
    /// Text in an unknown or wrongly named charset; the charset was guessed.
    Charset,
    /// A base64 or quoted-printable text with foreign characters in it.
    TransferEncoding,
    /// `Date` is there but cannot be read.
    Date,
    /// No sender's address.
    NoSender,
}

/// A message as data. Text fields hold no NUL characters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ParsedMail {
    /// `Message-ID` with its angle brackets.
    pub message_id: Option<String>,
    /// Subject, decoded and on one line.
    pub subject: Option<String>,
    /// The first author; where `From` has no address that of `Reply-To`, `Sender` or
    /// `Return-Path`.
    pub from: Option<Address>,
    /// Every address of `From`.
    pub authors: Vec<Address>,
    /// Addresses of `To`, groups flattened.
    pub to: Vec<Address>,
    /// Addresses of `Cc`.
    pub cc: Vec<Address>,
    /// Addresses of `Reply-To`.
    pub reply_to: Vec<Address>,
    /// `Delivered-To` or `X-Original-To`: the address that the mail system delivered to, with
    /// whatever stood behind a `+`.
    pub delivered_to: Option<String>,
    /// First identifier of `In-Reply-To`, with angle brackets.
    pub in_reply_to: Option<String>,
    /// Identifiers of `References`, oldest first, with angle brackets.
    pub references: Vec<String>,
    /// `Date` in microseconds since 1970, UTC.
    pub date: Option<i64>,
    /// What a person reads: the plain text, or the HTML's visible text where there is no other.
    pub text: String,
    /// The HTML body as sent. Hostile: sanitise before showing.
    pub html: Option<String>,
    /// Files, in the order in which they occur.
    pub attachments: Vec<Attachment>,
    /// Written by a machine?
    pub auto: AutoKind,
    /// What mail systems say of the sender, the one that had it last first. Whoever writes the
    /// letter can write such things too: see [`Authentication`].
    pub authentication: Vec<Authentication>,
    /// What a mail system reports of a message of ours; always there where `auto` is a bounce.
    pub report: Option<DeliveryReport>,
    /// What was wrong, each kind once.
    pub defects: Vec<Defect>,
    /// False where the bytes do not look like a mail at all.
    pub understood: bool,
}

/// Reads a raw message. Never fails and never panics; see the module's invariant.
pub fn parse(raw: &[u8]) -> ParsedMail {
    let mut out = mime::Out::default();
    let raw = bounded(raw, &mut out);
    let raw = headers::skip_mbox_line(raw);
    let raw = headers::with_line_feeds(raw);
    let (headers, body) = Headers::split(&raw);
    out.note_if(headers.broken, Defect::BrokenHeader);

    let understood = headers.looks_like_mail() || (headers.len() > 0 && !is_binary(&raw));
    let blocks = if understood {
        mime::entity(&headers, body, mime::Place::top(), &mut out)
    } else {
        out.defects.push(Defect::NoHeaders);
        mime::foreign(&raw, &mut out)
    };

    let (text, html) = mime::bodies(blocks, &mut out);
    let mut mail = if understood { envelope(&headers, &mut out) } else { ParsedMail::default() };
    mail.text = text;
    mail.html = html;
    mail.understood = understood;
    mail.attachments = out.attachments;
    (mail.auto, mail.report) = auto::classify(&headers, &mail);
    mail.defects = out.defects;
    mail.defects.sort();
    mail.defects.dedup();
    mail
}

/// The header fields a reader cares about.
fn envelope(headers: &Headers, out: &mut mime::Out) -> ParsedMail {
    let authors = headers.addresses("from");
    let from = authors
        .first()
        .cloned()
        .or_else(|| headers.addresses("reply-to").into_iter().next())
        .or_else(|| headers.addresses("sender").into_iter().next())
        .or_else(|| headers.addresses("return-path").into_iter().next());
    out.note_if(from.is_none(), Defect::NoSender);
    let date = headers.date("date");
    out.note_if(date.is_none() && headers.get("date").is_some(), Defect::Date);
    ParsedMail {
        message_id: headers.ids("message-id").into_iter().next(),
        subject: headers.text("subject"),
        from,
        authors,
        to: headers.addresses("to"),
        cc: headers.addresses("cc"),
        reply_to: headers.addresses("reply-to"),
        delivered_to: delivered_to(headers),
        authentication: authentic::read(headers),
        in_reply_to: headers.ids("in-reply-to").into_iter().next(),
        references: headers.ids("references"),
        date,
        ..ParsedMail::default()
    }
}

fn delivered_to(headers: &Headers) -> Option<String> {
    let names = ["x-original-to", "delivered-to", "envelope-to"];
    let found = names.iter().find_map(|name| headers.addresses(name).into_iter().next());
    found.map(|to| to.email)
}

fn bounded<'a>(raw: &'a [u8], out: &mut mime::Out) -> &'a [u8] {
    out.note_if(raw.len() > RAW_BYTES_MAX, Defect::TooLarge);
    &raw[..raw.len().min(RAW_BYTES_MAX)]
}

/// NULs in the first kilobytes: a file, not a letter.
fn is_binary(raw: &[u8]) -> bool {
    raw[..raw.len().min(4096)].contains(&0)
}
