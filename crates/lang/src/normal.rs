//! From the way people type to the way words are written: yg → yang, anak2 → anak-anak,
//! malesss → malas, diatas → di atas.
//!
//! A table of short forms (`data/informal.tsv`, written by hand) comes first; rules follow for
//! what no table can hold. A rule only fires when its result is a known word, so that names and
//! places stay as they are.

use std::borrow::Cow;
use std::sync::LazyLock;

use crate::fold::each_word;
use crate::table::Table;
use crate::{roots, stem};

/// Short form, tab, formal words (none: a filler to drop).
const INFORMAL: &str = include_str!("../data/informal.tsv");

static TABLE: LazyLock<Table> =
    LazyLock::new(|| Table::build(INFORMAL.lines().filter_map(|l| l.split_once('\t')).collect()));

/// What people glue to di- and ke-, where the written language has two words.
const PLACES: [&str; 44] = [
    "acara", "antara", "atas", "awal", "bawah", "belakang", "bidang", "dalam", "dekat", "depan",
    "desa", "dunia", "hari", "jalan", "kamar", "kampung", "kantor", "kota", "lapangan", "luar",
    "luaran", "malam", "mana", "mata", "muka", "pasar", "pinggir", "rumah", "samping", "sana",
    "sebelah", "seberang", "sekitar", "sekolah", "seluruh", "sini", "situ", "tahun", "tangan",
    "tempat", "tengah", "trotoar", "ujung", "waktu",
];

/// Words of `text` in lower case, in their formal spelling, with one space between.
///
/// ```
/// assert_eq!(tanggap_lang::normalise("Jln rusak bgt, TOLONG diperbaiki yaaa 🙏"),
///     "jalan rusak sekali tolong diperbaiki ya");
/// ```
pub fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    each_word(text, |word| {
        let formal = formal(word);
        if !formal.is_empty() {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(&formal);
        }
    });
    out
}

/// The formal spelling of one folded word; empty for a filler, the word itself if it is fine.
pub(crate) fn formal(word: &str) -> Cow<'_, str> {
    if let Some(formal) = TABLE.get(word) {
        return Cow::Borrowed(formal);
    }
    if roots::is_root(word) || word.len() < 3 || !word.is_ascii() {
        return Cow::Borrowed(word);
    }
    if word.bytes().any(|b| b.is_ascii_digit()) {
        return twice(word).or_else(|| apart(word)).map_or(Cow::Borrowed(word), Cow::Owned);
    }
    if let Some(place) = word.strip_prefix("di").or_else(|| word.strip_prefix("ke"))
        && PLACES.contains(&place)
    {
        return Cow::Owned(format!("{} {place}", &word[..2]));
    }
    if stem::written(word).is_some() {
        return Cow::Borrowed(word);
    }
    if let Some(root) = stem::spoken(word) {
        return Cow::Owned(to_written(word, root));
    }
    let squeezed = squeeze(word, 2);
    for candidate in [squeezed.as_deref(), squeeze(word, 1).as_deref()].into_iter().flatten() {
        if let Some(formal) = TABLE.get(candidate) {
            return Cow::Borrowed(formal);
        }
        if stem::written(candidate).is_some() {
            return Cow::Owned(candidate.to_owned());
        }
        if let Some(formal) = respell(candidate) {
            return Cow::Owned(formal);
        }
    }
    respell(word).or(squeezed).map_or(Cow::Borrowed(word), Cow::Owned)
}

/// `anak2` → `anak-anak`, `mobil2nya` → `mobil-mobilnya`.
fn twice(word: &str) -> Option<String> {
    let (stem, tail) = word.split_once('2')?;
    let letters = |s: &str| s.bytes().all(|b| b.is_ascii_lowercase());
    if stem.len() < 2 || !letters(stem) || !letters(tail) {
        return None;
    }
    let stem = TABLE.get(stem).filter(|formal| !formal.is_empty()).unwrap_or(stem);
    Some(format!("{stem}-{stem}{tail}"))
}

/// `200rb` → `200 ribu`, `rt05` → `rt 05`: numbers and words are kept apart.
fn apart(word: &str) -> Option<String> {
    let digit = |c: char| c.is_ascii_digit();
    let first_is_digit = word.starts_with(digit);
    let at = word.find(|c| digit(c) != first_is_digit)?;
    let (one, two) = word.split_at(at);
    // Codes that go back and forth stay whole.
    if two.contains(|c| digit(c) == first_is_digit) {
        return None;
    }
    let full = |part| TABLE.get(part).filter(|f: &&str| !f.is_empty()).unwrap_or(part);
    Some(format!("{} {}", full(one), full(two)))
}

/// The written form of a spoken word with a known root: ngirimin → mengirimkan.
fn to_written(word: &str, root: &str) -> String {
    let word = match word.strip_suffix("in") {
        Some(base) if !root.ends_with("in") => format!("{base}kan"),
        _ => word.to_owned(),
    };
    if stem::written(&word).is_some() || word.starts_with("ku") || word.starts_with("kau") {
        return word;
    }
    let rest = |prefix: &str| word.strip_prefix(prefix);
    let candidates = [
        rest("ny").map(|rest| format!("menc{rest}")).filter(|_| root.starts_with('c')),
        rest("n").map(|rest| format!("menc{rest}")).filter(|_| root.starts_with('c')),
        rest("nge").map(|rest| format!("me{rest}")),
        rest("nge").map(|rest| format!("mem{rest}")),
        rest("nge").map(|rest| format!("men{rest}")),
        Some(format!("me{word}")),
    ];
    let right = |candidate: &String| stem::written(candidate) == Some(root);
    candidates.into_iter().flatten().find(right).unwrap_or(word)
}

/// The word with every run of a letter longer than `keep` cut to one letter, if there is any.
fn squeeze(word: &str, keep: usize) -> Option<String> {
    let bytes = word.as_bytes();
    let runs = bytes.chunk_by(|a, b| a == b);
    if runs.clone().all(|run| run.len() <= keep) {
        return None;
    }
    let mut out = String::with_capacity(word.len());
    for run in runs {
        let times = if run.len() > keep { 1 } else { run.len() };
        out.extend(std::iter::repeat_n(char::from(run[0]), times));
    }
    Some(out)
}

/// Spellings by ear that lead to a known word: pake → pakai, dapet → dapat, ujan → hujan.
fn respell(word: &str) -> Option<String> {
    let known = |candidate: String| stem::written(&candidate).is_some().then_some(candidate);
    let tail = |from: &str, to: &str| {
        word.strip_suffix(from).map(|start| format!("{start}{to}")).and_then(known)
    };
    let last = |from: char, to: char| {
        let at = word.rfind(from)?;
        let mut candidate = word.to_owned();
        candidate.replace_range(at..=at, to.encode_utf8(&mut [0; 1]));
        known(candidate)
    };
    if word.len() < 4 {
        return None;
    }
    let rooted =
        |from: &str, to: &str| tail(from, to).filter(|candidate| roots::is_root(candidate));
    rooted("e", "ai")
        .or_else(|| rooted("o", "au"))
        .or_else(|| tail("e", "a"))
        .or_else(|| last('e', 'a'))
        .or_else(|| known(format!("h{word}")))
        .or_else(|| last('e', 'i'))
        .or_else(|| last('o', 'u'))
        .or_else(|| last('u', 'o'))
        .or_else(|| known(word.replace("oe", "u")).filter(|_| word.contains("oe")))
        .or_else(|| tail("k", ""))
        .or_else(|| tail("h", ""))
        .or_else(|| tail("x", "k"))
        .or_else(|| tail("q", "k"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_folded() {
        let rows: Vec<_> = INFORMAL.lines().map(|l| l.split_once('\t').expect("a tab")).collect();
        assert!(rows.len() >= 250);
        assert!(rows.is_sorted_by(|a, b| a.0 < b.0));
        for (short, formal) in rows {
            assert_ne!(short, formal);
            assert!(formal.is_empty() || !normalise(formal).is_empty(), "{short}");
        }
    }

    #[test]
    fn rules_reach_words_that_no_table_holds() {
        for (typed, formal) in [
            ("anak2", "anak-anak"),
            ("mobil2nya", "mobil-mobilnya"),
            ("rusaaaak", "rusak"),
            ("malesss", "malas"),
            ("pake", "pakai"),
            ("cepet", "cepat"),
            ("ujan", "hujan"),
            ("diatas", "di atas"),
            ("disekitar", "di sekitar"),
            ("tgl 12", "tanggal 12"),
            ("Surabaya", "surabaya"),
            ("rt05", "rt 05"),
            ("200rb", "200 ribu"),
            ("ab12cd", "ab12cd"),
            ("nyari", "mencari"),
            ("ngirimin", "mengirimkan"),
            ("milih", "memilih"),
            ("ngerasa", "merasa"),
            ("bayangin", "bayangkan"),
        ] {
            assert_eq!(normalise(typed), formal, "{typed}");
        }
    }
}
