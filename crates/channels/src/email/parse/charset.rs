//! Bytes to text, whatever the label says.
//!
//! Labels lie: mail says `us-ascii` and holds UTF-8, says `utf-8` and holds windows-1252, or names
//! a charset that does not exist. The label is believed where the bytes allow it; else UTF-8 if
//! the bytes are valid UTF-8, ISO-2022-JP if they hold its escapes, windows-1252 at last.

use mail_parser::decoders::charsets::map::charset_decoder;

/// Decoded text, and whether the label had to be ignored.
pub(super) struct Decoded {
    pub text: String,
    pub guessed: bool,
}

/// Decodes text of a part.
pub(super) fn decode(label: Option<&str>, bytes: &[u8]) -> Decoded {
    if let Some(text) = by_mark(bytes) {
        return Decoded { text, guessed: false };
    }
    let label = label.map(normalise).unwrap_or_default();
    match label.as_str() {
        "" | "us-ascii" | "ascii" | "ansi_x3.4-1968" => {
            let seven_bit = bytes.is_ascii() && !has_escapes(bytes);
            Decoded { text: guess(bytes), guessed: !seven_bit }
        }
        "utf-8" | "utf8" | "unicode-1-1-utf-8" => utf8(bytes),
        _ => match charset_decoder(label.as_bytes()) {
            Some(decoder) => Decoded { text: decoder(bytes), guessed: false },
            None => Decoded { text: guess(bytes), guessed: true },
        },
    }
}

/// Decodes raw 8-bit text that is not UTF-8, such as an unencoded header.
pub(super) fn decode_8bit(label: Option<&str>, bytes: &[u8]) -> String {
    match label.map(normalise).as_deref() {
        None | Some("" | "utf-8" | "us-ascii") => guess(bytes),
        Some(label) => decode(Some(label), bytes).text,
    }
}

/// Removes NULs, which neither database nor page can hold.
pub(super) fn clean(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text }
}

/// A charset that the parts of a body name, an East Asian one before any other, since 8-bit text
/// is hardly ever valid in those by accident.
pub(super) fn named_in(body: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&body[..body.len().min(64 * 1024)]).to_ascii_lowercase();
    let labels = head.split("charset=").skip(1).take(20).map(|rest| {
        let rest = rest.trim_start_matches(['"', '\'', ' ']);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c));
        &rest[..end.unwrap_or(rest.len())]
    });
    let useful: Vec<&str> =
        labels.filter(|l| !matches!(*l, "" | "us-ascii" | "utf-8" | "utf8")).collect();
    let asian = |label: &&&str| {
        ["gb", "big5", "euc", "shift", "iso-2022", "ks_"].iter().any(|p| label.starts_with(p))
    };
    useful.iter().find(asian).or(useful.first()).map(ToString::to_string)
}

fn normalise(label: &str) -> String {
    let label = label.trim().trim_matches(['"', '\'']).to_ascii_lowercase();
    match label.as_str() {
        "gb2312" | "gb_2312-80" | "x-gbk" | "cp936" => "gb18030".to_owned(),
        "ks_c_5601-1987" => "euc-kr".to_owned(),
        "cp-850" => "cp850".to_owned(),
        _ => label
            .strip_prefix("windows")
            .map(|number| number.trim_start_matches(['-', '_', ' ']))
            .filter(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
            .map_or(label.clone(), |number| format!("windows-{number}")),
    }
}

/// Text that begins with a byte order mark says itself what it is.
fn by_mark(bytes: &[u8]) -> Option<String> {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return String::from_utf8(rest.to_vec()).ok();
    }
    let pairs = |of: fn([u8; 2]) -> u16| -> Vec<u16> {
        bytes[2..].chunks_exact(2).map(|pair| of([pair[0], pair[1]])).collect()
    };
    match bytes {
        [0xff, 0xfe, ..] => Some(String::from_utf16_lossy(&pairs(u16::from_le_bytes))),
        [0xfe, 0xff, ..] => Some(String::from_utf16_lossy(&pairs(u16::from_be_bytes))),
        _ => None,
    }
}

/// UTF-8 with a few broken bytes stays UTF-8; with more broken than valid ones it is windows-1252.
fn utf8(bytes: &[u8]) -> Decoded {
    match std::str::from_utf8(bytes) {
        Ok(text) => Decoded { text: text.to_owned(), guessed: false },
        Err(_) => {
            let lossy = String::from_utf8_lossy(bytes);
            let broken = lossy.matches(char::REPLACEMENT_CHARACTER).count();
            let foreign = lossy.chars().filter(|c| !c.is_ascii()).count();
            let text = if foreign > 2 * broken { lossy.into_owned() } else { windows_1252(bytes) };
            Decoded { text, guessed: true }
        }
    }
}

fn guess(bytes: &[u8]) -> String {
    if has_escapes(bytes)
        && let Some(decoder) = charset_decoder(b"iso-2022-jp")
    {
        return decoder(bytes);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => utf8(bytes).text,
    }
}

/// The escapes that switch ISO-2022-JP to its two-byte sets.
fn has_escapes(bytes: &[u8]) -> bool {
    bytes.windows(3).any(|w| matches!(w, b"\x1b$B" | b"\x1b$@"))
}

fn windows_1252(bytes: &[u8]) -> String {
    match charset_decoder(b"windows-1252") {
        Some(decoder) => decoder(bytes),
        None => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_believed_unless_they_lie() {
        for (label, bytes, text, guessed) in [
            (Some("utf-8"), "Selamat — pagi".as_bytes(), "Selamat — pagi", false),
            (Some("us-ascii"), "jalan é".as_bytes(), "jalan é", true),
            (Some("utf-8"), b"caf\xe9", "café", true),
            (None, b"caf\xe9", "café", true),
            (Some("no-such-set"), b"caf\xe9", "café", true),
            (Some("gb2312"), b"\xc4\xe3\xba\xc3", "你好", false),
            (Some("iso-2022-jp"), b"\x1b$B$F$9$H\x1b(B", "てすと", false),
            (None, b"\x1b$B$F$9$H\x1b(B", "てすと", true),
            (Some("utf-7"), b"Hi Mom -+Jjo--!", "Hi Mom -☺-!", false),
            (Some("windows-1251"), b"\xcf\xf0\xe8", "При", false),
            (Some("\"Windows_1251\""), b"\xcf\xf0\xe8", "При", false),
            (None, b"\xff\xfeH\0i\0", "Hi", false),
        ] {
            let decoded = decode(label, bytes);
            assert_eq!((decoded.text.as_str(), decoded.guessed), (text, guessed), "{label:?}");
        }
    }
}
