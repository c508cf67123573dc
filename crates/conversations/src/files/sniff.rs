//! What a file is, by its first bytes. Only types that no browser runs are told; the rest is
//! [`OCTETS`].

/// The type of everything that is not known to be harmless.
pub const OCTETS: &str = "application/octet-stream";
const TEXT: &str = "text/plain; charset=utf-8";

/// How far into an archive its first names are looked for, in bytes.
const ARCHIVE_HEAD: usize = 4096;

/// Types that begin with fixed bytes at their start.
const STARTS: [(&[u8], &str); 14] = [
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"#!AMR", "audio/amr"),
    (b"fLaC", "audio/flac"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/vnd.ms-office"),
    (b"{\\rtf", "application/rtf"),
    (b"\xff\xf1", "audio/aac"),
];

/// Office documents, by the folder or the type that their archive begins with.
const OFFICE: [(&str, &str); 6] = [
    ("word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
    ("opendocument.spreadsheet", "application/vnd.oasis.opendocument.spreadsheet"),
    ("opendocument.presentation", "application/vnd.oasis.opendocument.presentation"),
];

/// The type of a file by its content.
#[must_use]
pub fn sniff(bytes: &[u8]) -> &'static str {
    if let Some((_, kind)) = STARTS.iter().find(|(start, _)| bytes.starts_with(start)) {
        return kind;
    }
    if bytes.starts_with(b"RIFF") {
        return match bytes.get(8..12) {
            Some(b"WEBP") => "image/webp",
            Some(b"WAVE") => "audio/wav",
            _ => OCTETS,
        };
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return match bytes.get(8..12) {
            Some(b"heic" | b"heix" | b"mif1" | b"heim" | b"heis") => "image/heic",
            // Pictures that move, of the same family.
            Some(b"msf1" | b"hevc" | b"hevx" | b"hevm" | b"hevs") => "image/heic",
            Some(b"avif" | b"avis") => "image/avif",
            Some(b"M4A " | b"M4B ") => "audio/mp4",
            _ => "video/mp4",
        };
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return archive(bytes);
    }
    if is_plain_text(bytes) { TEXT } else { OCTETS }
}

/// Whether a type is one of those that are told by [`sniff`].
pub(super) fn is_harmless(kind: &str) -> bool {
    let known = STARTS.iter().map(|(_, kind)| *kind).chain(OFFICE.iter().map(|(_, kind)| *kind));
    let more =
        [TEXT, "audio/wav", "image/heic", "image/avif", "audio/mp4", "video/mp4", "image/webp"];
    known.chain(more).any(|harmless| harmless == kind)
}

fn archive(bytes: &[u8]) -> &'static str {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(ARCHIVE_HEAD)]);
    // The folder of names is at the end of an archive.
    let tail = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(4 * ARCHIVE_HEAD)..]);
    let macros = head.contains("vbaProject") || tail.contains("vbaProject");
    let found = OFFICE.iter().find(|(mark, _)| head.contains(mark) || tail.contains(mark));
    found.filter(|_| !macros).map_or(OCTETS, |(_, kind)| kind)
}

/// Text without control characters that does not look like something a browser or a shell runs.
fn is_plain_text(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let active = start.starts_with('<') || start.starts_with("#!") || start.starts_with("MZ");
    !active && !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}'))
}
