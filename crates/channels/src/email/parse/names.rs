//! `Content-Type` and `Content-Disposition` fields: value, parameters, and a usable file name.
//!
//! Parameters come as RFC 2231 continuations and percent-encodings, as encoded words inside
//! quotes (forbidden, and what Outlook sends), or raw. All end as one UTF-8 text.

use super::{charset, words};

/// Characters of a file name that are kept at most.
const NAME_CHARS_MAX: usize = 150;

/// A field such as `text/plain; charset=utf-8`.
#[derive(Debug, Default)]
pub(super) struct Field {
    /// What comes before the first `;`, in lower case without comments.
    pub value: String,
    params: Vec<(String, String)>,
}

impl Field {
    /// Reads an unfolded field value.
    pub fn read(text: &str) -> Field {
        let mut parts = split_params(text).into_iter();
        let value = parts.next().unwrap_or_default();
        let value = value.split(['(', ' ', '\t']).find(|v| !v.is_empty()).unwrap_or_default();
        let mut params: Vec<(String, String)> = Vec::new();
        for part in parts {
            if let Some((name, value)) = part.split_once('=') {
                let name = name.trim().to_ascii_lowercase();
                if !name.is_empty() && !params.iter().any(|(n, _)| *n == name) {
                    params.push((name, unquote(value)));
                }
            }
        }
        Field { value: value.trim().to_ascii_lowercase(), params }
    }

    /// A parameter, decoded; `None` where absent or empty.
    pub fn param(&self, name: &str) -> Option<String> {
        let whole = self.raw(name).map(words::decode);
        self.extended(name).or(whole).filter(|value| !value.trim().is_empty())
    }

    fn raw(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// RFC 2231: `name*`, or `name*0`, `name*1*`, ... put together.
    fn extended(&self, name: &str) -> Option<String> {
        if let Some(value) = self.raw(&format!("{name}*")) {
            let (label, rest) = charset_prefix(value);
            return Some(charset::decode(label, &percent(rest)).text);
        }
        let (mut bytes, mut label) = (Vec::new(), None);
        for number in 0..100 {
            if let Some(value) = self.raw(&format!("{name}*{number}*")) {
                let (found, rest) = if number == 0 { charset_prefix(value) } else { (None, value) };
                label = label.or(found);
                bytes.extend(percent(rest));
            } else if let Some(value) = self.raw(&format!("{name}*{number}")) {
                bytes.extend_from_slice(value.as_bytes());
            } else {
                break;
            }
        }
        let text = charset::decode(label.or(Some("utf-8")), &bytes).text;
        (!text.is_empty()).then(|| words::decode(&text))
    }
}

/// Splits at `;` outside of quotes.
fn split_params(text: &str) -> Vec<&str> {
    let (mut parts, mut from, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b';' if !quoted => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

/// The value without quotes and escapes; unquoted, without a trailing comment.
fn unquote(value: &str) -> String {
    let value = value.trim();
    let Some(inner) = value.strip_prefix('"') else {
        let end = value.find(" (").unwrap_or(value.len());
        return value[..end].trim().to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => out.extend(chars.next()),
            _ => out.push(c),
        }
    }
    out
}

fn charset_prefix(value: &str) -> (Option<&str>, &str) {
    let mut parts = value.splitn(3, '\'');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(label), Some(_), Some(rest)) => (Some(label), rest),
        _ => (Some("utf-8"), value),
    }
}

fn percent(value: &str) -> Vec<u8> {
    let bytes = value.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match (bytes[at], pair.and_then(|pair| u8::from_str_radix(pair, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

/// A name that is safe to show and to save: no path, no control characters, not too long.
/// `None` where nothing is left.
pub(super) fn safe(name: &str) -> Option<String> {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let base: String = base.chars().filter(|c| !c.is_control() && !is_directional(*c)).collect();
    let base = base.trim().trim_start_matches('.');
    if base.is_empty() {
        return None;
    }
    if base.chars().count() <= NAME_CHARS_MAX {
        return Some(base.to_owned());
    }
    let extension = base.rsplit_once('.').map(|(_, e)| e).filter(|e| e.chars().count() <= 10);
    let head: String = base.chars().take(NAME_CHARS_MAX - 11).collect();
    Some(extension.map_or(head.clone(), |extension| format!("{head}.{extension}")))
}

/// Characters that turn the reading direction and can make `fdp.exe` look like `exe.pdf`.
fn is_directional(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A name for a part that has none, such as `image-2.png`.
pub(super) fn default(media_type: &str, number: usize) -> String {
    let (stem, extension) = match media_type {
        "application/pdf" => ("document", "pdf"),
        "application/msword" => ("document", "doc"),
        "application/ms-tnef" | "application/vnd.ms-tnef" => return "winmail.dat".to_owned(),
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => return "smime.p7m".to_owned(),
        "application/pkcs7-signature" | "application/x-pkcs7-signature" => {
            return "smime.p7s".to_owned();
        }
        "application/pgp-signature" => return "signature.asc".to_owned(),
        "application/zip" | "application/x-zip-compressed" => ("archive", "zip"),
        "application/json" => ("data", "json"),
        "application/xml" | "text/xml" => ("data", "xml"),
        "message/rfc822" | "message/global" => ("message", "eml"),
        "message/delivery-status" => ("delivery-status", "txt"),
        "text/calendar" => ("calendar", "ics"),
        "text/csv" => ("table", "csv"),
        "text/html" => ("page", "html"),
        "text/plain" | "text/rfc822-headers" => ("text", "txt"),
        "text/vcard" | "text/x-vcard" => ("contact", "vcf"),
        "image/jpeg" | "image/jpg" => ("image", "jpg"),
        "image/svg+xml" => ("image", "svg"),
        "audio/mpeg" => ("audio", "mp3"),
        "video/quicktime" => ("video", "mov"),
        _ => match media_type.split_once('/') {
            Some((stem @ ("image" | "audio" | "video"), extension)) if is_word(extension) => {
                (stem, extension)
            }
            _ => ("attachment", "bin"),
        },
    };
    format!("{stem}-{number}.{extension}")
}

fn is_word(text: &str) -> bool {
    (2..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_in_every_dress() {
        for (text, name) in [
            (r#"attachment; filename="a b.pdf""#, "a b.pdf"),
            ("attachment; filename=foto jalan.jpg; size=3", "foto jalan.jpg"),
            (r#"attachment; filename="a\"b.pdf""#, "a\"b.pdf"),
            ("attachment; filename*=utf-8''jalan%20rusak%C3%A9.jpg", "jalan rusaké.jpg"),
            ("attachment; filename*0*=utf-8''a%C3; filename*1*=%A9b; filename*2=\".c\"", "aéb.c"),
            (r#"attachment; filename="=?utf-8?Q?caf=C3=A9.txt?=""#, "café.txt"),
            ("attachment; FILENAME=x.txt (salinan)", "x.txt"),
            ("attachment; filename=laporan(1).pdf", "laporan(1).pdf"),
        ] {
            let field = Field::read(text);
            assert_eq!(field.value, "attachment");
            assert_eq!(field.param("filename").as_deref(), Some(name), "{text}");
        }
        assert_eq!(Field::read("Text/HTML (x)").value, "text/html");
    }

    #[test]
    fn names_are_safe() {
        for (name, want) in [
            (r"C:\temp\a.doc", Some("a.doc")),
            ("../../etc/passwd", Some("passwd")),
            ("a\u{202e}gpj.exe", Some("agpj.exe")),
            ("..", None),
            ("\r\n", None),
        ] {
            assert_eq!(safe(name).as_deref(), want, "{name}");
        }
        assert_eq!(safe(&("a".repeat(400) + ".pdf")).map(|n| n.len()), Some(143));
    }
}
