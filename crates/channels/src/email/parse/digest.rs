//! What tells two letters apart that bear the same Message-ID.
//!
//! Of the bytes as they came and of nothing that we understand of them, so that a letter that is
//! brought again years later is still the same. The way that it took (the other fields of its head)
//! and the ends of its lines do not count: the same letter in two mailboxes is one.

use sha2::{Digest, Sha256};

/// Fields of the head that are part of what is said.
const FIELDS: [&str; 2] = ["from", "subject"];

/// The digest of a raw message, 32 hexadecimal digits.
#[must_use]
pub fn digest(raw: &[u8]) -> String {
    let mut hash = Sha256::new();
    let mut rest = raw;
    let mut counts = false;
    loop {
        let (line, after) = line(rest);
        rest = after;
        if line.is_empty() {
            break;
        }
        if !line[0].is_ascii_whitespace() {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
            let name = name.trim_ascii().to_ascii_lowercase();
            counts = FIELDS.iter().any(|field| field.as_bytes() == name);
        }
        if counts {
            // Fields are folded anew on the way.
            for word in line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
                hash.update(word);
                hash.update(b" ");
            }
        }
    }
    hash.update(b"\n");
    let body = rest.trim_ascii_end();
    for line in body.split(|byte| *byte == b'\n') {
        hash.update(line.trim_ascii_end());
        hash.update(b"\n");
    }
    hex::encode(&hash.finalize()[..16])
}

/// The first line without its end, and what follows it.
fn line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &bytes[bytes.len()..]),
    };
    (line.strip_suffix(b"\r").unwrap_or(line), rest)
}

#[cfg(test)]
mod tests {
    use super::digest;

    const LETTER: &[u8] = b"Received: by a\nFrom: Budi <budi@contoh.id>\nSubject: Lampu mati\n\n\
        Lampu mati\ndi RT 5.\n";

    #[test]
    fn the_way_of_a_letter_does_not_count() {
        let other: &[u8] = b"Delivered-To: b\r\nReceived: by c\r\n by d\r\nX-Spam: no\r\n\
            Subject: Lampu\r\n  mati\r\nFROM: Budi <budi@contoh.id>\r\n\r\nLampu mati  \r\n\
            di RT 5.\r\n\r\n";
        let same: &[u8] = b"From: Budi <budi@contoh.id>\r\nSubject: Lampu\r\n mati\r\nX: y\r\n\r\n\
            Lampu mati  \r\ndi RT 5.\r\n\r\n";
        assert_eq!(digest(LETTER), digest(same));
        assert_eq!(digest(LETTER).len(), 32);
        // Nobody reorders these two on the way.
        assert_ne!(digest(LETTER), digest(other));
    }

    #[test]
    fn what_a_letter_says_counts() {
        let text = String::from_utf8_lossy(LETTER);
        for (from, to) in [("RT 5", "RT 6"), ("Lampu mati\n\n", "Lampu\n\n"), ("Budi", "Adi")] {
            let other = text.replace(from, to);
            assert_ne!(digest(LETTER), digest(other.as_bytes()), "{from}");
        }
        for odd in [&b""[..], b"\n", b"\r\n\r\n", b"tanpa kepala", b" x\n:\n"] {
            assert_eq!(digest(odd).len(), 32);
        }
    }
}
