//! RFC 2047 encoded words (`=?utf-8?Q?Jalan_rusak?=`) in header texts.
//!
//! Neighbouring words of one charset are joined as bytes before decoding, since many mailers cut
//! in the middle of a character. Anything that only resembles an encoded word stays as it is.

use super::{charset, transfer};

enum Piece<'a> {
    Plain(&'a str),
    Words(String),
}

/// The text with its encoded words decoded.
pub(super) fn decode(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for piece in pieces(value) {
        match piece {
            Piece::Plain(text) => out.push_str(text),
            Piece::Words(text) => out.push_str(&text),
        }
    }
    charset::clean(out).replace(['\r', '\n'], " ")
}

/// The text with each run of encoded words rewritten as one UTF-8 word, for a token parser in
/// which decoded commas and quotes must not act as syntax.
pub(super) fn for_tokens(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for piece in pieces(value) {
        match piece {
            Piece::Plain(text) => out.push_str(text),
            Piece::Words(text) => {
                out.push_str("=?utf-8?Q?");
                for byte in text.replace(['\r', '\n', '\0'], " ").bytes() {
                    out.push_str(&format!("={byte:02X}"));
                }
                out.push_str("?=");
            }
        }
    }
    out
}

fn pieces(value: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut run: Vec<(String, Vec<u8>)> = Vec::new();
    let mut plain_from = 0;
    let mut at = 0;
    while let Some(found) = value[at..].find("=?") {
        let start = at + found;
        let Some((label, bytes, len)) = word(&value[start..]) else {
            at = start + 2;
            continue;
        };
        let between = &value[plain_from..start];
        if run.is_empty() || !between.trim().is_empty() {
            flush(&mut run, &mut out);
            out.push(Piece::Plain(between));
        }
        match run.last_mut() {
            Some((last, joined)) if *last == label => joined.extend(bytes),
            _ => run.push((label, bytes)),
        }
        at = start + len;
        plain_from = at;
    }
    flush(&mut run, &mut out);
    out.push(Piece::Plain(&value[plain_from..]));
    out
}

fn flush<'a>(run: &mut Vec<(String, Vec<u8>)>, out: &mut Vec<Piece<'a>>) {
    if !run.is_empty() {
        let decoded =
            run.drain(..).map(|(label, bytes)| charset::decode(Some(&label), &bytes).text);
        out.push(Piece::Words(decoded.collect()));
    }
}

/// One encoded word at the start of `text`: charset, bytes, and its length in `text`.
fn word(text: &str) -> Option<(String, Vec<u8>, usize)> {
    let (label, rest) = text.strip_prefix("=?")?.split_once('?')?;
    let label = label.split('*').next().unwrap_or_default();
    let fine = (1..=45).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_graphic());
    let (encoding, data) = rest.split_once('?')?;
    if !fine || encoding.len() != 1 {
        return None;
    }
    // "?=" may also be the start of a quoted-printable "?=3D" only if a "?" was left unencoded,
    // which the grammar forbids: the first "?=" ends the word.
    let end = data.find("?=")?;
    let len = text.len() - data.len() + end + 2;
    let data = &data[..end];
    let bytes = match encoding {
        "b" | "B" => transfer::base64(data.as_bytes()).0,
        "q" | "Q" => transfer::quoted_word(data.as_bytes()),
        _ => return None,
    };
    Some((label.to_ascii_lowercase(), bytes, len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_joined_before_decoding() {
        for (value, text) in [
            ("plain", "plain"),
            ("=?utf-8?Q?Jalan_rusak?=", "Jalan rusak"),
            ("=?utf-8?Q?caf=C3?= =?utf-8?Q?=A9?= di sini", "café di sini"),
            ("=?utf-8?B?w6k=?==?iso-8859-1?Q?=E9?=", "éé"),
            ("Re: =?utf-8?Q?a b?=", "Re: a b"),
            ("=?utf-8?X?abc?= =?broken", "=?utf-8?X?abc?= =?broken"),
            ("=?utf-8*id?Q?ya?=", "ya"),
        ] {
            assert_eq!(decode(value), text, "{value}");
        }
        assert_eq!(for_tokens("=?utf-8?Q?a,b?= <a@b.id>"), "=?utf-8?Q?=61=2C=62?= <a@b.id>");
    }
}
