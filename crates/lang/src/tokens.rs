//! Words for the search index and for queries: folded, made formal, stemmed.
//!
//! Index and query pass through the same steps, so what one finds the other has. Runs for each
//! message stored, hence without caches or regular expressions.

use crate::fold::each_word;
use crate::normal::formal;
use crate::stem::stem;
use crate::stopwords::is_stopword;

/// Most words that a query is searched by.
pub const QUERY_TOKENS_MAX: usize = 16;

/// The stems of all words of `text`, in order, repeated as often as they occur. Numbers stay.
///
/// ```
/// assert_eq!(tanggap_lang::tokens("Jalanan2 berlubang"), ["jalan", "jalan", "lubang"]);
/// ```
pub fn tokens(text: &str) -> Vec<String> {
    let mut out = Vec::with_capacity(text.len() / 6);
    each_stem(text, |stem, _| out.push(stem.to_owned()));
    out
}

/// The stems to search for: each once, at most [`QUERY_TOKENS_MAX`], without stop words unless
/// there is nothing else.
///
/// ```
/// assert_eq!(tanggap_lang::query_tokens("bagaimana cara mengurus KTP yang hilang"),
///     ["cara", "urus", "ktp", "hilang"]);
/// assert_eq!(tanggap_lang::query_tokens("apa itu"), ["apa", "itu"]);
/// ```
pub fn query_tokens(text: &str) -> Vec<String> {
    let (mut telling, mut common) = (Vec::<String>::new(), Vec::<String>::new());
    each_stem(text, |stem, word| {
        let list = if is_stopword(word) || is_stopword(stem) { &mut common } else { &mut telling };
        if list.len() < QUERY_TOKENS_MAX && !list.iter().any(|known| known == stem) {
            list.push(stem.to_owned());
        }
    });
    if telling.is_empty() { common } else { telling }
}

/// Calls `each` with the stem and the formal word behind it.
fn each_stem(text: &str, mut each: impl FnMut(&str, &str)) {
    each_word(text, |word| {
        for part in word.split('-').filter(|part| !part.is_empty()) {
            for formal_part in formal(part).split([' ', '-']).filter(|part| !part.is_empty()) {
                each(&stem(formal_part), formal_part);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn index_and_query_meet() {
        for (written, asked) in [
            ("Perbaikan jalan berlubang di Desa Sukamaju", "jln lobang"),
            ("Petugas tidak melayani antrean", "pelayanan antrian"),
            ("Pencemaran sungai oleh limbah", "sungai tercemar"),
            ("Air PDAM keruh sejak kemarin", "pdam kmrn keruhnya"),
            ("anak-anak kesulitan menyeberang", "anak2 sulit"),
        ] {
            let index = tokens(written);
            for token in query_tokens(asked) {
                assert!(index.contains(&token), "{token} of {asked} in {index:?}");
            }
        }
    }

    #[test]
    fn queries_are_short() {
        let long: String = (0..100).map(|n| format!("kata{n} ")).collect();
        assert_eq!(query_tokens(&long).len(), QUERY_TOKENS_MAX);
        assert!(query_tokens("").is_empty());
    }

    proptest! {
        #[test]
        fn tokens_are_clean_and_queries_subsets(text in "\\PC{0,120}") {
            let index = tokens(&text);
            for token in &index {
                prop_assert!(!token.is_empty() && token.len() <= 64);
                prop_assert!(token.chars().all(char::is_alphanumeric), "{}", token);
            }
            for token in query_tokens(&text) {
                prop_assert!(index.contains(&token));
            }
        }
    }
}
