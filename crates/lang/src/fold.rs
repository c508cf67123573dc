//! Characters and words: lower case, no diacritics, no decoration, cut into words.
//!
//! Covers what arrives in Indonesian messages: Latin with diacritics, full-width and "fancy"
//! mathematical letters pasted from chat programs, invisible marks. Other scripts pass in lower
//! case. This stands in for Unicode NFKC at a hundredth of its tables.
//!
//! Invariant: no word is empty, none is longer than [`WORD_BYTES_MAX`], and at most
//! [`WORDS_MAX`] words are read from one text.

/// Longest word kept, in bytes; the rest of a longer one is dropped.
pub const WORD_BYTES_MAX: usize = 40;

/// Most words read from one text: no report is longer, and a pasted file must not stall a write.
pub const WORDS_MAX: usize = 20_000;

/// Calls `each` with every word of `text`, folded. A hyphen between letters stays in the word;
/// apostrophes vanish (jum'at), so do dots and commas between digits (1.500).
pub(crate) fn each_word(text: &str, mut each: impl FnMut(&str)) {
    let mut word = String::with_capacity(WORD_BYTES_MAX);
    let mut words = 0;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let length = word.len();
        fold(c, &mut word);
        if word.len() > WORD_BYTES_MAX {
            word.truncate(length);
        }
        if word.len() > length || is_silent(c) {
            continue;
        }
        if word.is_empty() {
            continue;
        }
        let next = chars.peek().copied().unwrap_or(' ');
        let digits = word.ends_with(|d: char| d.is_ascii_digit()) && next.is_ascii_digit();
        if matches!(c, '.' | ',') && digits {
            continue;
        }
        if matches!(c, '-' | '\u{2010}' | '\u{2011}')
            && length < WORD_BYTES_MAX
            && word.ends_with(char::is_alphabetic)
            && next.is_alphabetic()
        {
            word.push('-');
            continue;
        }
        // A word cut at its longest goes on until a real break.
        if c.is_alphanumeric() {
            continue;
        }
        each(word.trim_end_matches('-'));
        word.clear();
        words += 1;
        if words == WORDS_MAX {
            return;
        }
    }
    if !word.is_empty() {
        each(word.trim_end_matches('-'));
    }
}

/// Characters that are dropped without ending a word.
fn is_silent(c: char) -> bool {
    matches!(c,
        '\'' | '`' | '\u{2018}' | '\u{2019}' | '\u{02BC}'
        | '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}'
        | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
        | '\u{0300}'..='\u{036F}' | '\u{FE00}'..='\u{FE0F}')
}

/// Appends the folded form of a letter or digit; nothing for anything else.
fn fold(c: char, out: &mut String) {
    match c {
        'a'..='z' | '0'..='9' => out.push(c),
        'A'..='Z' => out.push(c.to_ascii_lowercase()),
        '\0'..='\u{7F}' => {}
        _ => fold_wide(c, out),
    }
}

/// [`fold`] beyond ASCII.
fn fold_wide(c: char, out: &mut String) {
    let code = c as u32;
    let letter = |n: u32| char::from(b'a' + (n % 26) as u8);
    match c {
        'à'..='å' | 'À'..='Å' | 'ā'..='ą' | 'Ā' => out.push('a'),
        'æ' | 'Æ' => out.push_str("ae"),
        'ç' | 'Ç' | 'ć'..='č' | 'Ć' => out.push('c'),
        'ď'..='đ' | 'Ď' | 'ð' | 'Ð' => out.push('d'),
        'è'..='ë' | 'È'..='Ë' | 'ē'..='ě' | 'Ē' => out.push('e'),
        'ĝ'..='ģ' | 'Ĝ' => out.push('g'),
        'ì'..='ï' | 'Ì'..='Ï' | 'ĩ'..='ı' | 'Ĩ' => out.push('i'),
        'ĺ'..='ł' | 'Ĺ' => out.push('l'),
        'ñ' | 'Ñ' | 'ń'..='ŋ' | 'Ń' => out.push('n'),
        'ò'..='ö' | 'ø' | 'Ò'..='Ö' | 'Ø' | 'ō'..='ő' | 'Ō' => out.push('o'),
        'œ' | 'Œ' => out.push_str("oe"),
        'ŕ'..='ř' | 'Ŕ' => out.push('r'),
        'ß' => out.push_str("ss"),
        'ś'..='š' | 'Ś' | 'ș' | 'Ș' => out.push('s'),
        'ţ'..='ŧ' | 'Ţ' | 'ț' | 'Ț' => out.push('t'),
        'ù'..='ü' | 'Ù'..='Ü' | 'ũ'..='ų' | 'Ũ' => out.push('u'),
        'ý' | 'ÿ' | 'Ý' | 'Ÿ' => out.push('y'),
        'ź'..='ž' | 'Ź' => out.push('z'),
        '\u{FF21}'..='\u{FF3A}' => out.push(letter(code - 0xFF21)),
        '\u{FF41}'..='\u{FF5A}' => out.push(letter(code - 0xFF41)),
        '\u{FF10}'..='\u{FF19}' => out.push(char::from(b'0' + (code - 0xFF10) as u8)),
        // Thirteen alphabets of 52 letters, then five rows of digits.
        '\u{1D400}'..='\u{1D6A3}' => out.push(letter((code - 0x1D400) % 52)),
        '\u{1D7CE}'..='\u{1D7FF}' => {
            out.push(char::from(b'0' + ((code - 0x1D7CE) % 10) as u8));
        }
        'ﬀ' => out.push_str("ff"),
        'ﬁ' => out.push_str("fi"),
        'ﬂ' => out.push_str("fl"),
        _ if is_silent(c) => {}
        _ if c.is_alphanumeric() => out.extend(c.to_lowercase().filter(|c| c.is_alphanumeric())),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        each_word(text, |word| words.push(word.to_owned()));
        words
    }

    #[test]
    fn cuts_and_folds() {
        for (text, expected) in [
            ("Jalan RUSAK, di Desa!", "jalan|rusak|di|desa"),
            ("Café Beyoncé: 1.500.000,-", "cafe|beyonce|1500000"),
            ("Jum'at jum\u{2019}at", "jumat|jumat"),
            ("anak-anak - main- bola", "anak-anak|main|bola"),
            ("𝐓𝐨𝐥𝐨𝐧𝐠 ｔｏｌｏｎｇ 𝟏𝟐", "tolong|tolong|12"),
            ("e\u{301}lok ko\u{200B}ta", "elok|kota"),
            ("RT.05/RW.03", "rt|05|rw|03"),
            ("😀😀 !!", ""),
            ("", ""),
            ("ЖАЛОБА 投诉", "жалоба|投诉"),
        ] {
            assert_eq!(words(text).join("|"), expected, "{text}");
        }
    }

    #[test]
    fn bounds_hold() {
        assert_eq!(words(&"a".repeat(1000))[0].len(), WORD_BYTES_MAX);
        assert_eq!(words(&"a".repeat(1000)).len(), 1);
        assert_eq!(words(&"ab ".repeat(30_000)).len(), WORDS_MAX);
    }

    proptest! {
        #[test]
        fn words_are_bounded_and_stable(text in "\\PC{0,80}") {
            for word in words(&text) {
                prop_assert!(!word.is_empty() && word.len() <= WORD_BYTES_MAX);
                prop_assert!(!word.contains(' '));
            }
        }
    }
}
