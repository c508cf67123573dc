//! Indonesian as people type it: normalising, stemming, words for search, personal data in text.
//!
//! Pure: text in, text out; no I/O, no clock, no state beyond tables built at the first use.
//! It guesses no meaning and no mood. Every function takes any text of any length without
//! failing, in time that grows with the length only, and bounds what it gives back.

mod fold;
mod language;
mod normal;
pub mod personal;
mod roots;
mod stem;
mod stopwords;
mod table;
mod tokens;

pub use fold::{WORD_BYTES_MAX, WORDS_MAX};
pub use language::language;
pub use normal::normalise;
pub use stem::stem;
pub use tokens::{QUERY_TOKENS_MAX, query_tokens, tokens};
