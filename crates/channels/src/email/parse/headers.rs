//! The header block of a message or a part: cutting it off, unfolding, and reading fields.
//!
//! Fields are kept in order with lower-case names and values decoded to UTF-8 (raw 8-bit headers
//! are common in old Indonesian and East Asian mailers). A line that is no field is skipped while
//! fields still follow it; else it begins the body.

use std::borrow::Cow;

use mail_parser::HeaderValue;
use mail_parser::parsers::MessageStream;

use super::{Address, charset, names, words};

/// Fields of one header block that are kept at most.
const FIELDS_MAX: usize = 1_000;
/// Bytes of one field that are read at most.
const FIELD_BYTES_MAX: usize = 128 * 1024;
/// Addresses of one field that are kept at most.
const ADDRESSES_MAX: usize = 1_000;

/// Names that tell a mail from an arbitrary text with a colon in it.
const KNOWN: &[&str] = &[
    "bcc",
    "cc",
    "content-type",
    "date",
    "delivered-to",
    "from",
    "in-reply-to",
    "message-id",
    "mime-version",
    "received",
    "references",
    "reply-to",
    "return-path",
    "sender",
    "subject",
    "to",
    "content-transfer-encoding",
    "content-disposition",
];

/// One header block.
#[derive(Debug, Default)]
pub(super) struct Headers {
    fields: Vec<(String, String)>,
    /// A line among the fields was no field.
    pub broken: bool,
}

/// Drops the `From sender date` line that mailbox files put before a message.
pub(super) fn skip_mbox_line(raw: &[u8]) -> &[u8] {
    let raw = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw);
    if raw.starts_with(b"From ") || raw.starts_with(b">From ") {
        let end = raw.iter().position(|&b| b == b'\n').map_or(raw.len(), |at| at + 1);
        return &raw[end..];
    }
    raw
}

/// Messages whose lines end in lone carriage returns get line feeds.
pub(super) fn with_line_feeds(raw: &[u8]) -> Cow<'_, [u8]> {
    if raw.contains(&b'\n') || !raw.contains(&b'\r') {
        return Cow::Borrowed(raw);
    }
    Cow::Owned(raw.iter().map(|&b| if b == b'\r' { b'\n' } else { b }).collect())
}

impl Headers {
    /// Cuts `raw` into its header block and its body.
    pub fn split(raw: &[u8]) -> (Headers, &[u8]) {
        let mut headers = Headers::default();
        let mut fields: Vec<(&[u8], Vec<u8>)> = Vec::new();
        let mut at = 0;
        while at < raw.len() {
            let end = line_end(raw, at);
            let line = trim_line(&raw[at..end]);
            if line.is_empty() {
                at = end;
                break;
            }
            if matches!(line[0], b' ' | b'\t') && !fields.is_empty() {
                if let Some((_, value)) = fields.last_mut()
                    && value.len() < FIELD_BYTES_MAX
                {
                    value.extend_from_slice(line);
                }
            } else if let Some((name, value)) = field(line) {
                if fields.len() < FIELDS_MAX {
                    fields.push((name, value[..value.len().min(FIELD_BYTES_MAX)].to_vec()));
                }
            } else {
                headers.broken = true;
                if !field_follows(raw, end) {
                    break;
                }
            }
            at = end;
        }
        headers.fields = decode_fields(fields, &raw[at..]);
        (headers, &raw[at..])
    }

    /// A block with one field.
    pub fn single(name: &str, value: &str) -> Headers {
        Headers { fields: vec![(name.to_owned(), value.to_owned())], broken: false }
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// At least one field that only mail and its parts have.
    pub fn looks_like_mail(&self) -> bool {
        self.fields.iter().any(|(name, _)| KNOWN.contains(&name.as_str()))
    }

    /// The first field of that (lower-case) name, unfolded, not decoded further.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every field of that (lower-case) name.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Free text with RFC 2047 words decoded and white space folded; `None` where absent.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| {
            let text = words::decode(value);
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        })
    }

    /// Mailboxes of all fields of that name, groups flattened.
    pub fn addresses(&self, name: &str) -> Vec<Address> {
        let mut out = Vec::new();
        for value in self.all(name) {
            let line = words::for_tokens(value) + "\n";
            let parsed = MessageStream::new(line.as_bytes()).parse_address();
            if let HeaderValue::Address(list) = parsed {
                for addr in list.iter().take(ADDRESSES_MAX - out.len().min(ADDRESSES_MAX)) {
                    out.extend(address(addr, value));
                }
            }
        }
        out
    }

    /// `<…>` identifiers of the first field of that name, with their brackets.
    pub fn ids(&self, name: &str) -> Vec<String> {
        let Some(value) = self.get(name) else { return Vec::new() };
        let mut ids = Vec::new();
        let mut rest = value;
        while let Some(open) = rest.find('<') {
            let Some(close) = rest[open..].find('>') else { break };
            let id: String = rest[open + 1..open + close].split_whitespace().collect();
            if !id.is_empty() {
                ids.push(format!("<{id}>"));
            }
            rest = &rest[open + close + 1..];
        }
        if ids.is_empty() {
            let bare = value.split_whitespace().find(|w| w.contains('@')).unwrap_or_default();
            let bare = bare.trim_matches(['<', '>']);
            ids.extend((!bare.is_empty()).then(|| format!("<{bare}>")));
        }
        ids
    }

    /// The date of a field in microseconds UTC; `None` where absent or unreadable.
    pub fn date(&self, name: &str) -> Option<i64> {
        let line = self.get(name)?.to_owned() + "\n";
        match MessageStream::new(line.as_bytes()).parse_date() {
            HeaderValue::DateTime(date) if (1..=12).contains(&date.month) && date.day >= 1 => {
                date.to_timestamp().checked_mul(1_000_000)
            }
            _ => None,
        }
    }
}

fn line_end(raw: &[u8], at: usize) -> usize {
    raw[at..].iter().position(|&b| b == b'\n').map_or(raw.len(), |n| at + n + 1)
}

fn trim_line(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// `Name: value`, or nothing where the line is no field.
fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|&b| b == b':')?;
    let name = line[..colon].trim_ascii_end();
    let named = !name.is_empty() && name.len() <= 200 && name.iter().all(|b| b.is_ascii_graphic());
    named.then(|| (name, &line[colon + 1..]))
}

/// Whether another field comes before the next empty line.
fn field_follows(raw: &[u8], mut at: usize) -> bool {
    while at < raw.len() {
        let end = line_end(raw, at);
        let line = trim_line(&raw[at..end]);
        if line.is_empty() {
            return false;
        }
        if field(line).is_some_and(|(name, _)| is_plausible(name)) {
            return true;
        }
        at = end;
    }
    false
}

/// Letters, digits and hyphens: `X-Mailer`, but not `http` nor a sentence.
fn is_plausible(name: &[u8]) -> bool {
    name.len() > 1
        && name[0].is_ascii_alphabetic()
        && name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        && !matches!(name, b"http" | b"https" | b"mailto")
}

/// Values to UTF-8. The charset of a raw 8-bit header is nowhere stated: UTF-8 if it is valid,
/// else the body's charset, else one that a part below names, else windows-1252.
fn decode_fields(fields: Vec<(&[u8], Vec<u8>)>, body: &[u8]) -> Vec<(String, String)> {
    let content_type = fields
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(b"content-type"))
        .map(|(_, value)| String::from_utf8_lossy(value).into_owned());
    let label = || {
        let own =
            content_type.as_ref().and_then(|value| names::Field::read(value).param("charset"));
        own.or_else(|| charset::named_in(body))
    };
    let decode = |value: Vec<u8>| match String::from_utf8(value) {
        Ok(text) => text,
        Err(e) => charset::decode_8bit(label().as_deref(), e.as_bytes()),
    };
    fields
        .into_iter()
        .map(|(name, value)| {
            let name = String::from_utf8_lossy(name).to_ascii_lowercase();
            (name, charset::clean(decode(value)))
        })
        .collect()
}

/// A mailbox; what has no address (a name alone, an empty group) is none. Two mailboxes without a
/// comma between them come as one with two `@`: then the first one written counts.
fn address(addr: &mail_parser::Addr<'_>, written: &str) -> Option<Address> {
    let email = addr.address.as_deref()?;
    let email = match email.matches('@').count() {
        0 | 1 => email,
        _ => written.split([' ', '\t', '<', '>', ',', ';']).find(|word| word.contains('@'))?,
    };
    let word = email.split_whitespace().find(|word| word.contains('@'));
    let email = word.unwrap_or(email).trim().trim_matches(['<', '>', '"', '\'', ',', ';']);
    let fine = !email.is_empty() && !email.contains(char::is_whitespace);
    let name = addr.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    fine.then(|| Address { name: name.map(ToOwned::to_owned), email: email.to_owned() })
}
