//! The languages people read Tanggap in.

/// A language of the user interface; Indonesian is the source and the default (UU 24/2009 art. 30).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Locale {
    /// Indonesian.
    #[default]
    Id,
    /// English.
    En,
}

impl Locale {
    /// All languages, the source first.
    pub const ALL: [Self; 2] = [Self::Id, Self::En];

    /// Its tag in `lang` attributes, cookies and catalogues' folders.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::En => "en",
        }
    }

    /// Reads a tag (`id`, `en-GB`); `None` for any other language.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        match tag.split(['-', '_']).next()? {
            "id" | "in" => Some(Self::Id),
            "en" => Some(Self::En),
            _ => None,
        }
    }
}
