//! A text in Indonesian and English that belongs to a fact: the name of a holiday, the label or
//! the consequence of a deadline. It is data with a source, not a text of the interface, which is
//! why it lives beside the fact and not in the catalogues.

use serde::{Deserialize, Deserializer, Serialize};

/// A text in both languages of the product; Indonesian is the source.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Indonesian.
    pub id: String,
    /// English.
    pub en: String,
}

impl Text {
    /// A text from its two wordings.
    pub fn new(id: impl Into<String>, en: impl Into<String>) -> Self {
        Self { id: id.into(), en: en.into() }
    }

    /// The wording for a language tag: English for `en` and `en-…`, Indonesian for all others.
    #[must_use]
    pub fn get(&self, language: &str) -> &str {
        let primary = language.split(['-', '_']).next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("en") { &self.en } else { &self.id }
    }

    /// Whether either wording is missing.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.id.trim().is_empty() || self.en.trim().is_empty()
    }
}

/// Reads a text in both languages, or one wording that stands for both.
pub(crate) fn one_or_both<'de, D: Deserializer<'de>>(from: D) -> Result<Text, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a text, or one with `id` and `en`")]
    enum Written {
        One(String),
        Both(Text),
    }
    Ok(match Written::deserialize(from)? {
        Written::One(text) => Text::new(text.clone(), text),
        Written::Both(text) => text,
    })
}
