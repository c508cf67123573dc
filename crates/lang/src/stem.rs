//! Indonesian stemming: affixes are taken off until a known root appears.
//!
//! Suffixes (-lah, -ku, -kan ...) and prefixes (me-, di-, per- ...) are tried in all orders the
//! grammar allows, with the sound changes that prefixes cause (menulis: tulis). Of all roots
//! found the longest wins, since short ones are found by chance (mencemari: cemar, not ari).
//! Where no root is known, only affixes that leave little doubt are taken off, so that names
//! stay whole. Both sides of a search go through here, so consistency matters more than grammar.
//!
//! Invariant: the answer is never empty for a word that is not, and the same input always gives
//! the same answer.

use std::borrow::Cow;

use crate::roots;

/// Longest word that is stemmed, in bytes; longer ones are no words.
const WORD_BYTES_MAX: usize = 40;

/// How many prefixes are taken off one after the other (mem-per-ke-).
const PREFIXES_MAX: u8 = 3;

/// Prefix, the letter it swallowed (0: none). The order breaks ties.
const PREFIXES: [(&str, u8); 27] = [
    ("di", 0),
    ("ke", 0),
    ("se", 0),
    ("ber", 0),
    ("be", 0),
    ("bel", 0),
    ("ter", 0),
    ("te", 0),
    ("per", 0),
    ("pel", 0),
    ("meng", 0),
    ("meng", b'k'),
    ("menge", 0),
    ("meny", b's'),
    ("mem", 0),
    ("mem", b'p'),
    ("men", 0),
    ("men", b't'),
    ("me", 0),
    ("peng", 0),
    ("peng", b'k'),
    ("penge", 0),
    ("peny", b's'),
    ("pem", b'p'),
    ("pen", b't'),
    ("pen", 0),
    ("pe", 0),
];

/// What `pem-` leaves besides: kept apart so that `pem` + p comes first (pemilih: pilih).
const PEM: (&str, u8) = ("pem", 0);

/// Everyday shortening of the me- prefixes (nyari: cari, ngirim: kirim, nulis: tulis) and the
/// clitics ku- and kau-. Tried only where the written language gives nothing.
const SPOKEN: [(&str, u8); 10] = [
    ("nge", 0),
    ("ng", 0),
    ("ng", b'k'),
    ("ny", b's'),
    ("ny", b'c'),
    ("n", b't'),
    ("m", b'p'),
    ("ku", 0),
    ("kau", 0),
    ("n", b'c'),
];

/// Particles, then possessives, then what makes words from words.
const PARTICLES: [&str; 4] = ["lah", "kah", "tah", "pun"];
const POSSESSIVES: [&str; 3] = ["nya", "ku", "mu"];
const DERIVED: [&str; 8] = ["kan", "an", "i", "wan", "wati", "isasi", "isme", "is"];

/// The stem of one lower-case word, also of a doubled one (`balas-balasan`).
///
/// Anything that is no plain word (digits, other scripts, far too long) comes back unchanged.
///
/// ```
/// assert_eq!(tanggap_lang::stem("mencemari"), "cemar");
/// assert_eq!(tanggap_lang::stem("pelayanannya"), "layan");
/// ```
pub fn stem(word: &str) -> Cow<'_, str> {
    if word.len() > WORD_BYTES_MAX || word.len() < 3 {
        return Cow::Borrowed(word);
    }
    if word.bytes().any(|b| b.is_ascii_uppercase()) {
        return Cow::Owned(stem(&word.to_ascii_lowercase()).into_owned());
    }
    if word.contains('-') {
        return doubled(word);
    }
    if !word.bytes().all(|b| b.is_ascii_lowercase()) || roots::is_root(word) {
        return Cow::Borrowed(word);
    }
    known(word).map_or_else(|| cautious(word), Cow::Borrowed)
}

/// The known root inside a lower-case ASCII word, if there is one.
pub(crate) fn known(word: &str) -> Option<&'static str> {
    written(word).or_else(|| spoken(word))
}

/// [`known`] by the affixes of the written language.
pub(crate) fn written(word: &str) -> Option<&'static str> {
    if !(3..=WORD_BYTES_MAX).contains(&word.len()) || !word.is_ascii() {
        return roots::find(None, word);
    }
    if let Some(root) = roots::find(None, word) {
        return Some(root);
    }
    let mut best = Best::default();
    each_base(word, |base, suffixes| best.try_prefixes(base, suffixes, 0));
    best.root
}

/// [`known`] by the affixes of speech: ng-, ny-, n-, m- for me-, and -in for -kan.
pub(crate) fn spoken(word: &str) -> Option<&'static str> {
    if !(4..=WORD_BYTES_MAX).contains(&word.len()) || !word.is_ascii() {
        return None;
    }
    let mut best = Best::default();
    each_base(word, |base, suffixes| best.try_spoken(base, suffixes));
    let bare = word.strip_suffix("nya").unwrap_or(word);
    if let Some(base) = bare.strip_suffix("in").filter(|base| base.len() >= 3) {
        best.try_prefixes(base, 1, 0);
        best.try_spoken(base, 1);
    }
    // Short roots are found by chance in names and foreign words.
    best.root.filter(|root| root.len() >= 4 || word.starts_with("ng"))
}

/// The best root found so far.
#[derive(Default)]
struct Best {
    root: Option<&'static str>,
    score: usize,
    prefixes: u8,
    suffixes: u8,
}

impl Best {
    fn offer(&mut self, root: &'static str, prefixes: u8, suffixes: u8) {
        self.offer_doubted(root, prefixes, suffixes, 0);
    }

    /// Longest root first (less `doubt`), then fewest prefixes, then fewest suffixes.
    fn offer_doubted(&mut self, root: &'static str, prefixes: u8, suffixes: u8, doubt: usize) {
        let score = root.len().saturating_sub(doubt);
        let new = (score, 255 - prefixes, 255 - suffixes);
        if root.len() >= 3 && new > (self.score, 255 - self.prefixes, 255 - self.suffixes) {
            *self = Self { root: Some(root), score, prefixes, suffixes };
        }
    }

    fn try_prefixes(&mut self, base: &str, suffixes: u8, prefixes: u8) {
        if let Some(root) = roots::find(None, base) {
            self.offer(root, prefixes, suffixes);
        }
        if prefixes == PREFIXES_MAX || base.len() < 4 {
            return;
        }
        for (prefix, swallowed) in PREFIXES.into_iter().chain([PEM]) {
            let Some(rest) = base.strip_prefix(prefix).filter(|rest| rest.len() >= 2) else {
                continue;
            };
            if swallowed == 0 {
                if joins(prefix, rest) {
                    self.try_prefixes(rest, suffixes, prefixes + 1);
                }
            } else if starts_with_vowel(rest)
                && let Some(root) = roots::find(Some(swallowed), rest)
            {
                // mengurus is urus rather than kurus, where both exist.
                let doubt = if swallowed == b'k' { 2 } else { 0 };
                self.offer_doubted(root, prefixes + 1, suffixes, doubt);
            }
        }
        // teterbang, lelembut: the first sound repeated with an e.
        if let [a, b'e', c, ..] = base.as_bytes()
            && a == c
            && let Some(root) = roots::find(None, &base[2..])
        {
            self.offer(root, prefixes + 1, suffixes);
        }
    }

    fn try_spoken(&mut self, base: &str, suffixes: u8) {
        for (prefix, swallowed) in SPOKEN {
            let Some(rest) = base.strip_prefix(prefix) else { continue };
            let head = (swallowed != 0).then_some(swallowed);
            if (head.is_none() || starts_with_vowel(rest))
                && let Some(root) = roots::find(head, rest)
            {
                self.offer(root, 1, suffixes);
            }
        }
    }
}

/// Calls `f` with the word less every allowed chain of suffixes, and how many those were.
fn each_base(word: &str, mut f: impl FnMut(&str, u8)) {
    let without = |word: &str, suffixes: &[&str]| {
        suffixes.iter().find_map(|s| word.strip_suffix(s)).filter(|w| w.len() >= 2).map(str::len)
    };
    let mut levels = [Some(word.len()), without(word, &PARTICLES), None, None];
    levels[2] = without(word, &POSSESSIVES);
    levels[3] = levels[1].and_then(|at| without(&word[..at], &POSSESSIVES));
    for (at, count) in levels.into_iter().zip([0, 1, 1, 2]) {
        let Some(at) = at else { continue };
        let base = &word[..at];
        f(base, count);
        for suffix in DERIVED {
            if let Some(rest) = base.strip_suffix(suffix).filter(|rest| rest.len() >= 2) {
                f(rest, count + 1);
            }
        }
    }
}

/// `balas-balasan`, `meniru-nirukan`, `malaikat-malaikat-nya`: one stem if the halves agree.
fn doubled(word: &str) -> Cow<'_, str> {
    let word = ["-nya", "-lah", "-ku", "-mu"]
        .iter()
        .find_map(|tail| word.strip_suffix(tail))
        .unwrap_or(word);
    let Some((first, second)) = word.split_once('-') else { return stem(word) };
    if first.len() < 2 || second.contains('-') {
        return Cow::Borrowed(word);
    }
    let (one, two) = (stem(first), stem(second));
    if one == two || stem(&format!("me{second}")) == one {
        return Cow::Owned(one.into_owned());
    }
    Cow::Borrowed(word)
}

/// Takes off what leaves little doubt from a word whose root is unknown.
fn cautious(word: &str) -> Cow<'_, str> {
    let long = |rest: &&str| rest.len() >= 5 && has_two_vowels(rest);
    let word = word.strip_suffix("nya").filter(long).unwrap_or(word);
    let suffixed = |word: &'_ str, all: &[&str]| {
        all.iter().find_map(|s| word.strip_suffix(s)).filter(long).map(str::len)
    };
    for (prefix, swallowed) in [("meny", "s"), ("mem", ""), ("meng", ""), ("men", "")] {
        let Some(rest) = word.strip_prefix(prefix) else { continue };
        let rest = suffixed(rest, &["kan", "i"]).map_or(rest, |at| &rest[..at]);
        // A nasal before another consonant than its own is no prefix (mentega, member).
        let fits = match prefix {
            "mem" => rest.starts_with(['b', 'f', 'v']),
            "men" => rest.starts_with(['d', 'j', 'c', 's']),
            _ => starts_with_vowel(rest) || rest.starts_with(['g', 'h', 'k']),
        };
        if fits && long(&rest) {
            return Cow::Owned(format!("{swallowed}{rest}"));
        }
    }
    for (prefix, suffixes) in
        [("di", ["kan", "i"]), ("ke", ["an", "an"]), ("per", ["an", "kan"]), ("ber", ["an", "kan"])]
    {
        if let Some(rest) = word.strip_prefix(prefix)
            && let Some(at) = suffixed(rest, &suffixes)
        {
            return Cow::Borrowed(&rest[..at]);
        }
    }
    Cow::Borrowed(word)
}

/// Whether the grammar lets `prefix` stand before `rest` without a sound change.
fn joins(prefix: &str, rest: &str) -> bool {
    let er = rest.len() > 4 && &rest.as_bytes()[1..3] == b"er";
    match prefix {
        "men" | "pen" => rest.starts_with(['c', 'd', 'j', 's', 't', 'z']),
        "mem" | "pem" => rest.starts_with(['b', 'f', 'p', 'v']),
        "meng" | "peng" => starts_with_vowel(rest) || rest.starts_with(['g', 'h', 'k']),
        "me" => rest.starts_with(['l', 'm', 'n', 'r', 'w', 'y']),
        "menge" | "penge" => rest.len() <= 6,
        "be" | "te" => rest.starts_with('r') || er,
        "bel" | "pel" => rest.starts_with("ajar"),
        _ => true,
    }
}

fn starts_with_vowel(word: &str) -> bool {
    word.starts_with(['a', 'i', 'u', 'e', 'o'])
}

fn has_two_vowels(word: &str) -> bool {
    word.bytes().filter(|b| b"aiueo".contains(b)).count() >= 2
}
