//! The letters of a short message (GSM 03.38): the default alphabet with its extension table, and
//! UCS-2 (in practice UTF-16) for everything else. Indonesian needs no national shift tables.
//!
//! Octets in, text out never fails: what is no letter becomes U+FFFD.

/// Leads to the extension table.
const ESCAPE: u8 = 0x1b;

/// The default alphabet; the escape is shown as a space, as the standard asks of who does not
/// know what follows.
const BASIC: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å', //
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', ' ', 'Æ', 'æ', 'ß', 'É', //
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/', //
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?', //
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', //
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§', //
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', //
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
];

/// What the escape leads to.
const EXTENDED: [(u8, char); 10] = [
    (0x0a, '\u{c}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2f, '\\'),
    (0x3c, '['),
    (0x3d, '~'),
    (0x3e, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// Signs of word processors and phones, and the plain ones that say the same.
const PLAIN: [(char, &str); 15] = [
    ('‘', "'"),
    ('’', "'"),
    ('‚', ","),
    ('“', "\""),
    ('”', "\""),
    ('„', "\""),
    ('–', "-"),
    ('—', "-"),
    ('‐', "-"),
    ('‑', "-"),
    ('…', "..."),
    ('•', "*"),
    ('\t', " "),
    ('\u{a0}', " "),
    ('\u{202f}', " "),
];

/// Which letters a message is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    /// The default alphabet, seven bits a letter.
    Gsm7,
    /// UTF-16, big end first.
    Ucs2,
}

impl Alphabet {
    /// The alphabet that a text needs.
    #[must_use]
    pub fn of(text: &str) -> Self {
        if text.chars().all(|c| septets(c).is_some()) { Self::Gsm7 } else { Self::Ucs2 }
    }

    /// What one letter takes: septets, or units of 16 bits.
    #[must_use]
    pub fn units(self, letter: char) -> usize {
        match self {
            Self::Gsm7 => septets(letter).unwrap_or(1),
            Self::Ucs2 => letter.len_utf16(),
        }
    }
}

/// How a centre reads octets that are said to be in its default alphabet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Default7 {
    /// As GSM 03.38, a septet to an octet.
    #[default]
    Gsm,
    /// As ISO 8859-1.
    Latin1,
}

fn septets(letter: char) -> Option<usize> {
    match letter {
        'A'..='Z' | 'a'..='z' | '0'..='9' | ' ' => Some(1),
        _ if extended(letter).is_some() => Some(2),
        _ => basic(letter).map(|_| 1),
    }
}

fn basic(letter: char) -> Option<u8> {
    let at = BASIC.iter().enumerate().find(|(at, b)| **b == letter && *at != usize::from(ESCAPE));
    u8::try_from(at?.0).ok()
}

fn extended(letter: char) -> Option<u8> {
    EXTENDED.iter().find(|(_, c)| *c == letter).map(|(code, _)| *code)
}

/// The same text in the default alphabet where plainer signs make that possible: a typographic
/// quotation mark would make the message cost twice as much. Otherwise the text as it is.
#[must_use]
pub fn lighten(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    if Alphabet::of(&text) == Alphabet::Gsm7 {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match PLAIN.iter().find(|(sign, _)| *sign == letter) {
            Some((_, instead)) => plain.push_str(instead),
            None => plain.push(letter),
        }
    }
    if Alphabet::of(&plain) == Alphabet::Gsm7 { plain } else { text }
}

/// Octets of a text in the default alphabet, a septet to an octet; what has no place there becomes
/// a question mark.
#[must_use]
pub fn to_gsm(text: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len());
    for letter in text.chars() {
        if let Some(code) = extended(letter) {
            octets.extend([ESCAPE, code]);
        } else {
            octets.push(basic(letter).unwrap_or(b'?'));
        }
    }
    octets
}

/// Text of octets in the default alphabet. A code that the extension table does not know is read
/// in the basic one, as the standard asks.
#[must_use]
pub fn from_gsm(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len());
    let mut octets = octets.iter().copied();
    while let Some(octet) = octets.next() {
        if octet == ESCAPE {
            let Some(next) = octets.next() else { break };
            let known = EXTENDED.iter().find(|(code, _)| *code == next).map(|(_, c)| *c);
            text.push(known.unwrap_or_else(|| of_basic(next)));
        } else {
            text.push(of_basic(octet));
        }
    }
    text
}

fn of_basic(octet: u8) -> char {
    BASIC.get(usize::from(octet)).copied().unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Octets of a text in UTF-16, big end first.
#[must_use]
pub fn to_ucs2(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// Text of octets in UTF-16, big end first; half a pair and half a unit become U+FFFD.
#[must_use]
pub fn from_ucs2(octets: &[u8]) -> String {
    let units = octets.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let mut text: String = char::decode_utf16(units)
        .map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    if octets.len() % 2 == 1 {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}

/// Octets in ISO 8859-1, where the text has room there.
#[must_use]
pub fn to_latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

/// Text of octets that are said to be ASCII. Some centres write the default alphabet under that
/// name: where there are octets that ASCII has no sign for, it is that.
#[must_use]
pub fn from_ascii(octets: &[u8]) -> String {
    let controls = |o: &u8| *o < 0x20 && !matches!(*o, b'\n' | b'\r' | b'\t');
    if octets.iter().any(controls) { from_gsm(octets) } else { from_latin1(octets) }
}

/// Text of octets in ISO 8859-1.
#[must_use]
pub fn from_latin1(octets: &[u8]) -> String {
    octets.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_extension_table_takes_two() {
        assert_eq!(
            to_gsm("~^{}[]|\\€"),
            hex::decode("1b3d1b141b281b291b3c1b3e1b401b2f1b65").unwrap()
        );
        assert_eq!(from_gsm(&[0x1b, 0x65, 0x1b, b'a', 0x1b]), "€a");
        assert_eq!(Alphabet::Gsm7.units('€'), 2);
        assert_eq!(from_gsm(&[0x00, 0x80]), "@\u{fffd}");
        assert_eq!(to_gsm(" \u{1b}"), b" ?");
    }

    #[test]
    fn what_is_said_to_be_ascii_may_be_something_else() {
        assert_eq!(from_ascii(b"a@b_c"), "a@b_c");
        assert_eq!(from_ascii(&[b'a', 0, 0x1b, 0x28]), "a@{");
    }

    #[test]
    fn half_a_pair_is_told() {
        assert_eq!(from_ucs2(&[0xd8, 0x3d, 0x00, 0x41, 0x42]), "\u{fffd}A\u{fffd}");
    }

    #[test]
    fn word_processors_cost_nothing_more() {
        assert_eq!(lighten("“Baik” – segera…"), "\"Baik\" - segera...");
        assert_eq!(lighten("“Baik” 🙏"), "“Baik” 🙏");
        assert_eq!(lighten("satu\r\ndua"), "satu\ndua");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(text in any::<String>()) {
            prop_assert_eq!(&from_ucs2(&to_ucs2(&text)), &text);
            if Alphabet::of(&text) == Alphabet::Gsm7 {
                prop_assert_eq!(from_gsm(&to_gsm(&text)), text);
            }
        }

        #[test]
        fn any_octets_are_read(octets in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(from_gsm(&octets).chars().count() <= octets.len());
            prop_assert!(from_ucs2(&octets).chars().count() <= octets.len().div_ceil(2));
            prop_assert_eq!(to_latin1(&from_latin1(&octets)), Some(octets));
        }
    }
}
