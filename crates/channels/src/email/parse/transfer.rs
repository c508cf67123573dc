//! Content transfer encodings, read leniently: base64, quoted-printable and uuencode.
//!
//! Decoders skip what does not belong and keep what does; the flag they return says whether
//! anything was skipped.

/// Base64 with foreign characters skipped and missing padding forgiven. Also returns whether the
/// input was clean.
pub(super) fn base64(input: &[u8]) -> (Vec<u8>, bool) {
    let mut out = Vec::with_capacity(input.len() / 4 * 3);
    let (mut bits, mut count, mut clean) = (0u32, 0u8, true);
    for &byte in input {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => {
                flush(&mut out, bits, count);
                (bits, count) = (0, 0);
                continue;
            }
            b'\r' | b'\n' | b' ' | b'\t' => continue,
            _ => {
                clean = false;
                continue;
            }
        };
        bits = bits << 6 | u32::from(value);
        count += 1;
        if count == 4 {
            out.extend_from_slice(&bits.to_be_bytes()[1..]);
            (bits, count) = (0, 0);
        }
    }
    clean &= count == 0;
    flush(&mut out, bits, count);
    (out, clean)
}

/// The one or two bytes of an unfinished group of four.
fn flush(out: &mut Vec<u8>, bits: u32, count: u8) {
    match count {
        2 => out.push((bits >> 4) as u8),
        3 => out.extend_from_slice(&((bits >> 2) as u16).to_be_bytes()),
        _ => {}
    }
}

/// Quoted-printable text. Also returns whether the input was clean.
pub(super) fn quoted(input: &[u8]) -> (Vec<u8>, bool) {
    let mut out = Vec::with_capacity(input.len());
    let (mut at, mut clean) = (0, true);
    while at < input.len() {
        let byte = input[at];
        if byte != b'=' {
            out.push(byte);
            at += 1;
            continue;
        }
        let rest = &input[at + 1..];
        if let [high, low, ..] = rest
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            out.push(high << 4 | low);
            at += 3;
        } else if let Some(skip) = soft_break(rest) {
            at += 1 + skip;
        } else {
            clean = false;
            out.push(byte);
            at += 1;
        }
    }
    (out, clean)
}

/// Quoted-printable as in encoded words: `_` is a space.
pub(super) fn quoted_word(input: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = input.iter().map(|&b| if b == b'_' { b' ' } else { b }).collect();
    quoted(&spaced).0
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

/// Length of the blanks and the line end after a soft break's `=`.
fn soft_break(rest: &[u8]) -> Option<usize> {
    let blanks = rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    match &rest[blanks..] {
        [b'\r', b'\n', ..] => Some(blanks + 2),
        [b'\n', ..] => Some(blanks + 1),
        [] => Some(blanks),
        _ => None,
    }
}

/// One file found in a text, with where its block starts and ends there.
pub(super) struct UuFile {
    pub name: String,
    pub bytes: Vec<u8>,
    pub start: usize,
    pub end: usize,
}

/// uuencoded files in a text: `begin 644 name` ... `end`.
pub(super) fn uu_files(text: &[u8]) -> Vec<UuFile> {
    let mut files = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let end = next_line(text, at);
        match uu_begin(&text[at..end]).and_then(|name| uu_block(text, at, end, name)) {
            Some(file) => {
                at = file.end;
                files.push(file);
            }
            None => at = end,
        }
    }
    files
}

fn next_line(text: &[u8], at: usize) -> usize {
    text[at..].iter().position(|&b| b == b'\n').map_or(text.len(), |n| at + n + 1)
}

fn uu_begin(line: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(line).ok()?.trim_end();
    let (mode, name) = line.strip_prefix("begin ")?.split_once(' ')?;
    let octal = (3..=4).contains(&mode.len()) && mode.bytes().all(|b| (b'0'..=b'7').contains(&b));
    (octal && !name.trim().is_empty()).then(|| name.trim().to_owned())
}

/// The block after its begin line; nothing where a line does not hold what its length says.
fn uu_block(text: &[u8], start: usize, mut at: usize, name: String) -> Option<UuFile> {
    let mut bytes = Vec::new();
    while at < text.len() {
        let end = next_line(text, at);
        let line = text[at..end].trim_ascii_end();
        at = end;
        if line == b"end" {
            return Some(UuFile { name, bytes, start, end });
        }
        if !matches!(line, [] | b"`") {
            bytes.extend(uu_line(line)?);
        }
    }
    None
}

fn uu_line(line: &[u8]) -> Option<Vec<u8>> {
    let value = |b: u8| (b' '..=b'`').contains(&b).then(|| (b - b' ') & 63);
    let want = usize::from(value(line[0])?);
    let groups = want.div_ceil(3);
    let mut out = Vec::with_capacity(groups * 3);
    // Mailers cut trailing spaces, which are zeros here; longer lines are no uuencode.
    if line.len() > 1 + groups * 4 + 2 {
        return None;
    }
    for group in 0..groups {
        let mut bits = 0u32;
        for i in 0..4 {
            let byte = line.get(1 + group * 4 + i).copied().unwrap_or(b' ');
            bits = bits << 6 | u32::from(value(byte)?);
        }
        out.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    out.truncate(want);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_forgives() {
        for (input, bytes, clean) in [
            ("aGVsbG8=", "hello", true),
            ("aGVs\r\nbG8=", "hello", true),
            ("aGVsbG8", "hello", false),
            ("aGVs!bG8=", "hello", false),
            ("aGk=aGk=", "hihi", true),
            ("", "", true),
        ] {
            assert_eq!(base64(input.as_bytes()), (bytes.as_bytes().to_vec(), clean), "{input}");
        }
    }

    #[test]
    fn quoted_printable_forgives() {
        for (input, bytes, clean) in [
            ("a=3Db", "a=b", true),
            ("a=\r\nb= \nc=", "abc", true),
            ("100=% = x", "100=% = x", false),
        ] {
            assert_eq!(quoted(input.as_bytes()), (bytes.as_bytes().to_vec(), clean), "{input}");
        }
    }

    #[test]
    fn uuencoded_files_are_found() {
        let text = b"Terlampir\nbegin 644 a.txt\n%:&5L;&\\\n`\nend\nbegin the day\nend\n";
        let files = uu_files(text);
        assert_eq!(files.len(), 1);
        assert_eq!((files[0].name.as_str(), files[0].bytes.as_slice()), ("a.txt", &b"hello"[..]));
        assert_eq!(&text[files[0].end..], b"begin the day\nend\n");
    }
}
