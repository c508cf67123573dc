//! The tree of parts: which are the letter, which are its files.
//!
//! A part that is plain or HTML text and not marked as an attachment belongs to the letter; of
//! alternatives the plain one is read and the HTML one kept beside it. A message inside a message
//! is opened where it is shown inline, and kept as an `.eml` file where it was attached or returned
//! by a mail system. Everything else is a file.

use std::collections::HashSet;

use super::headers::Headers;
use super::names::{self, Field};
use super::{Attachment, Defect, charset, html, tnef, transfer};

/// Levels of parts inside parts that are opened.
const DEPTH_MAX: usize = 20;
/// Parts of one message that are read.
const PARTS_MAX: usize = 1_000;

/// What the walk gathers.
#[derive(Debug, Default)]
pub(super) struct Out {
    pub attachments: Vec<Attachment>,
    pub defects: Vec<Defect>,
    parts: usize,
}

impl Out {
    /// Notes a defect where the condition holds.
    pub fn note_if(&mut self, condition: bool, defect: Defect) {
        if condition {
            self.defects.push(defect);
        }
    }
}

/// A stretch of the letter: plain text, HTML, or both where they are alternatives.
#[derive(Debug, Default)]
pub(super) struct Block {
    plain: Option<String>,
    html: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Parent {
    None,
    Mixed,
    Digest,
    Report,
}

/// Where in the tree a part stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    depth: usize,
    parent: Parent,
}

impl Place {
    /// The message itself.
    pub fn top() -> Place {
        Place { depth: 0, parent: Parent::None }
    }

    fn inside(self, parent: Parent) -> Place {
        Place { depth: self.depth + 1, parent }
    }
}

/// One part's description, read from its headers.
struct Kind {
    content_type: Field,
    media_type: String,
    attached: bool,
    inline: bool,
    name: Option<String>,
    content_id: Option<String>,
    encoding: String,
}

impl Kind {
    fn read(headers: &Headers, parent: Parent) -> Kind {
        let content_type = headers.get("content-type").map(Field::read).unwrap_or_default();
        let disposition = headers.get("content-disposition").map(Field::read).unwrap_or_default();
        let default = if parent == Parent::Digest { "message/rfc822" } else { "text/plain" };
        let media_type = match content_type.value.split_once('/') {
            Some((kind, sub)) if !kind.is_empty() && !sub.is_empty() => content_type.value.clone(),
            _ => default.to_owned(),
        };
        let name = disposition.param("filename").or_else(|| content_type.param("name"));
        let content_id = headers.get("content-id").map(|id| id.trim().trim_matches(['<', '>']));
        Kind {
            media_type,
            attached: disposition.value == "attachment",
            inline: disposition.value == "inline",
            name: name.as_deref().and_then(names::safe),
            content_id: content_id.filter(|id| !id.is_empty()).map(ToOwned::to_owned),
            encoding: encoding(headers),
            content_type,
        }
    }

    /// Text of the letter, not a file.
    fn is_letter(&self) -> bool {
        !self.attached && matches!(self.media_type.as_str(), "text/plain" | "text/html")
    }

    /// A message that is shown inside this one.
    fn is_shown_message(&self, parent: Parent) -> bool {
        matches!(self.media_type.as_str(), "message/rfc822" | "message/global")
            && !self.attached
            && parent != Parent::Report
            && self.name.is_none()
    }
}

fn encoding(headers: &Headers) -> String {
    let value = headers.get("content-transfer-encoding").unwrap_or_default();
    value.trim().trim_matches('"').split([';', ' ']).next().unwrap_or_default().to_ascii_lowercase()
}

/// Reads one part (or the message) with everything below it.
pub(super) fn entity(headers: &Headers, body: &[u8], place: Place, out: &mut Out) -> Vec<Block> {
    out.parts += 1;
    let kind = Kind::read(headers, place.parent);
    let too_deep = place.depth >= DEPTH_MAX;
    out.note_if(too_deep, Defect::TooManyParts);
    if let Some(subtype) = kind.media_type.strip_prefix("multipart/")
        && !too_deep
    {
        let boundary = kind.content_type.param("boundary").unwrap_or_default();
        match children(body, boundary.trim_end().as_bytes()) {
            Some(found) => return multipart(subtype, &found, body, place, out),
            None => {
                out.defects.push(Defect::BoundaryMissing);
                return letter(&kind, body, out);
            }
        }
    }
    if kind.is_letter() {
        return letter(&kind, body, out);
    }
    let bytes = undo(&kind, body, out);
    if kind.is_shown_message(place.parent) && !too_deep {
        return message(&bytes, place, out);
    }
    file(kind, bytes, out);
    Vec::new()
}

/// Bytes that are no mail: text stays text, anything else one file.
pub(super) fn foreign(raw: &[u8], out: &mut Out) -> Vec<Block> {
    if raw.is_empty() {
        return Vec::new();
    }
    let is_text = !raw.contains(&0) && (std::str::from_utf8(raw).is_ok() || raw.is_ascii());
    let media_type = match (tnef::is_tnef(raw), is_text) {
        (true, _) => "application/ms-tnef",
        (false, true) => "text/plain",
        (false, false) => "application/octet-stream",
    };
    let headers = Headers::single("content-type", media_type);
    let kind = Kind::read(&headers, Parent::None);
    if kind.is_letter() {
        return letter(&kind, raw, out);
    }
    file(kind, raw.to_vec(), out);
    Vec::new()
}

/// The plain text and the HTML of the letter; also marks the files that the HTML shows.
pub(super) fn bodies(blocks: Vec<Block>, out: &mut Out) -> (String, Option<String>) {
    let (mut text, mut page) = (Vec::new(), Vec::new());
    let has_html = blocks.iter().any(|block| block.html.is_some());
    for block in blocks {
        let plain = block.plain.filter(|plain| !plain.trim().is_empty());
        if has_html {
            let from_plain = || plain.as_deref().map(html::from_text);
            page.extend(block.html.clone().or_else(from_plain));
        }
        text.extend(plain.or_else(|| block.html.as_deref().map(html::to_text_quoted)));
    }
    let page = has_html.then(|| page.join("\n"));
    if let Some(page) = &page {
        let shown: HashSet<&str> = page.split("cid:").skip(1).map(content_id_at).collect();
        for file in &mut out.attachments {
            file.inline |= file.content_id.as_deref().is_some_and(|id| shown.contains(id));
        }
    }
    (text.join("\n"), page)
}

fn content_id_at(text: &str) -> &str {
    text.split(['"', '\'', '>', ' ', ')']).next().unwrap_or_default()
}

/// The parts between boundary lines; `None` where no boundary line occurs.
fn children<'a>(body: &'a [u8], boundary: &[u8]) -> Option<Vec<&'a [u8]>> {
    if boundary.is_empty() {
        return None;
    }
    let mut parts = Vec::new();
    let mut from = None;
    let mut at = 0;
    while at < body.len() {
        let end = body[at..].iter().position(|&b| b == b'\n').map_or(body.len(), |n| at + n + 1);
        if let Some(last) = boundary_line(&body[at..end], boundary) {
            if let Some(from) = from {
                parts.push(without_line_end(&body[from..at]));
            }
            from = Some(end);
            if last {
                return Some(parts);
            }
        }
        at = end;
    }
    let from = from?;
    if from < body.len() {
        parts.push(&body[from..]);
    }
    Some(parts)
}

/// Whether the line is this boundary, and if so whether it closes the multipart.
fn boundary_line(line: &[u8], boundary: &[u8]) -> Option<bool> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary)?.trim_ascii_end();
    match rest {
        b"" => Some(false),
        b"--" => Some(true),
        _ => None,
    }
}

fn without_line_end(part: &[u8]) -> &[u8] {
    let part = part.strip_suffix(b"\n").unwrap_or(part);
    part.strip_suffix(b"\r").unwrap_or(part)
}

fn multipart(
    subtype: &str,
    parts: &[&[u8]],
    body: &[u8],
    place: Place,
    out: &mut Out,
) -> Vec<Block> {
    let parent = match subtype {
        "digest" => Parent::Digest,
        "report" => Parent::Report,
        _ => Parent::Mixed,
    };
    let mut blocks = Vec::new();
    for part in parts {
        if out.parts >= PARTS_MAX {
            out.defects.push(Defect::TooManyParts);
            rest_of(body, part, out);
            break;
        }
        let (headers, body) = Headers::split(part);
        out.note_if(headers.broken, Defect::BrokenHeader);
        blocks.extend(entity(&headers, body, place.inside(parent), out));
    }
    if subtype == "alternative" { vec![merged(blocks)] } else { blocks }
}

/// Alternatives are one block: what each offers, side by side.
fn merged(blocks: Vec<Block>) -> Block {
    let (mut plain, mut page) = (Vec::new(), Vec::new());
    for block in blocks {
        plain.extend(block.plain);
        page.extend(block.html);
    }
    let join = |texts: Vec<String>| (!texts.is_empty()).then(|| texts.join("\n"));
    Block { plain: join(plain), html: join(page) }
}

/// What follows the last part that is read, as one file.
fn rest_of(body: &[u8], part: &[u8], out: &mut Out) {
    let from = part.as_ptr() as usize - body.as_ptr() as usize;
    let kind =
        Kind::read(&Headers::single("content-type", "application/octet-stream"), Parent::None);
    file(kind, body[from..].to_vec(), out);
}

/// Undoes the transfer encoding.
fn undo(kind: &Kind, body: &[u8], out: &mut Out) -> Vec<u8> {
    let (bytes, clean) = match kind.encoding.as_str() {
        "base64" => transfer::base64(body),
        "quoted-printable" => transfer::quoted(body),
        "x-uuencode" | "uuencode" | "x-uue" | "uue" => {
            match transfer::uu_files(body).into_iter().next() {
                Some(file) => (file.bytes, true),
                None => (body.to_vec(), false),
            }
        }
        _ => (body.to_vec(), true),
    };
    out.note_if(!clean, Defect::TransferEncoding);
    bytes
}

fn letter(kind: &Kind, body: &[u8], out: &mut Out) -> Vec<Block> {
    let bytes = undo(kind, body, out);
    let is_html = kind.media_type == "text/html";
    let label = kind.content_type.param("charset");
    let label = label.or_else(|| is_html.then(|| html::charset(&bytes)).flatten());
    let decoded = charset::decode(label.as_deref(), &bytes);
    out.note_if(decoded.guessed, Defect::Charset);
    let text = charset::clean(decoded.text);
    if is_html {
        return vec![Block { plain: None, html: Some(text) }];
    }
    vec![Block { plain: Some(without_uu_files(text, out)), html: None }]
}

/// Takes uuencoded files out of a text and keeps them as files.
fn without_uu_files(text: String, out: &mut Out) -> String {
    let files = transfer::uu_files(text.as_bytes());
    if files.is_empty() {
        return text;
    }
    let (mut kept, mut from) = (String::new(), 0);
    for found in files {
        kept.push_str(&text[from..found.start]);
        from = found.end;
        unpacked(&found.name, found.bytes, out);
    }
    kept + &text[from..]
}

fn unpacked(name: &str, bytes: Vec<u8>, out: &mut Out) {
    let media_type = "application/octet-stream".to_owned();
    let number = out.attachments.len() + 1;
    let name = names::safe(name).unwrap_or_else(|| names::default(&media_type, number));
    out.attachments.push(Attachment {
        name,
        media_type,
        bytes,
        inline: false,
        content_id: None,
        unpacked: true,
    });
}

/// A message shown inside this one: who wrote it, its text, its files.
fn message(raw: &[u8], place: Place, out: &mut Out) -> Vec<Block> {
    let (headers, body) = Headers::split(raw);
    let mut top = String::new();
    for name in ["From", "Date", "Subject"] {
        if let Some(value) = headers.text(&name.to_ascii_lowercase()) {
            top.push_str(&format!("{name}: {value}\n"));
        }
    }
    let mut blocks = vec![Block { plain: Some(top), html: None }];
    blocks.extend(entity(&headers, body, place.inside(Parent::None), out));
    blocks
}

fn file(kind: Kind, bytes: Vec<u8>, out: &mut Out) {
    let number = out.attachments.len() + 1;
    let subject = || {
        let (headers, _) = Headers::split(&bytes);
        headers.text("subject").and_then(|s| names::safe(&s)).map(|s| s + ".eml")
    };
    let name = match kind.name {
        Some(name) => name,
        None if kind.media_type == "message/rfc822" => {
            subject().unwrap_or_else(|| names::default(&kind.media_type, number))
        }
        None => names::default(&kind.media_type, number),
    };
    let inside = tnef::unpack(&bytes);
    out.attachments.push(Attachment {
        name,
        media_type: kind.media_type,
        bytes,
        inline: kind.inline,
        content_id: kind.content_id,
        unpacked: false,
    });
    for found in inside {
        unpacked(&found.name, found.bytes, out);
    }
}
