//! The words people read: Fluent catalogues from `locales/{id,en}/*.ftl`, one bundle a language.
//!
//! Indonesian is the source: a key that English lacks is shown in Indonesian, and a key that
//! neither has is shown as the key itself, so that a slip is visible and harmless. Tests keep
//! both from happening.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::memoizer::MemoizerKind;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::langid;

pub use tanggap_kernel::Locale;

use crate::embedded;
use crate::format;

type Bundle = FluentBundle<FluentResource>;

/// An argument of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Arg<'a> {
    /// Words.
    Str(Cow<'a, str>),
    /// A whole number, written with the language's separators.
    Int(i64),
    /// A number with decimals, written with the language's separators.
    Num(f64),
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Self::Str(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Self {
        Self::Str(Cow::Borrowed(text))
    }
}

impl<'a> From<Cow<'a, str>> for Arg<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Str(text)
    }
}

impl From<String> for Arg<'_> {
    fn from(text: String) -> Self {
        Self::Str(Cow::Owned(text))
    }
}

macro_rules! arg_from_integer {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Arg<'_> {
            fn from(number: $integer) -> Self {
                Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
            }
        }
        impl From<&&$integer> for Arg<'_> {
            fn from(number: &&$integer) -> Self {
                (**number).into()
            }
        }
        impl From<&$integer> for Arg<'_> {
            fn from(number: &$integer) -> Self {
                (*number).into()
            }
        }
    )*};
}
arg_from_integer!(i64, i32, i16, u8, u16, u32, u64, usize);

impl From<&f64> for Arg<'_> {
    fn from(number: &f64) -> Self {
        Self::Num(*number)
    }
}

impl From<f64> for Arg<'_> {
    fn from(number: f64) -> Self {
        Self::Num(number)
    }
}

/// The text of `key` in `locale`. `key` may name an attribute: `cases-subject.hint`.
#[must_use]
pub fn t(locale: Locale, key: &str) -> Cow<'static, str> {
    find(locale, key, None).unwrap_or_else(|| Cow::Owned(key.to_owned()))
}

/// The text of `key` with its arguments filled in.
#[must_use]
pub fn t_args(locale: Locale, key: &str, args: &[(&str, Arg<'_>)]) -> Cow<'static, str> {
    let mut fluent = FluentArgs::with_capacity(args.len());
    for (name, value) in args {
        fluent.set(*name, value_of(value));
    }
    find(locale, key, Some(&fluent)).unwrap_or_else(|| Cow::Owned(key.to_owned()))
}

/// The text of `key` where the catalogues have it: for texts that may be left out, such as the
/// hint of a field.
#[must_use]
pub fn t_opt(locale: Locale, key: &str) -> Option<Cow<'static, str>> {
    find(locale, key, None)
}

fn find(locale: Locale, key: &str, args: Option<&FluentArgs<'_>>) -> Option<Cow<'static, str>> {
    let (id, attribute) = match key.split_once('.') {
        Some((id, attribute)) => (id, Some(attribute)),
        None => (key, None),
    };
    let order: &[Locale] = if locale == Locale::Id { &[Locale::Id] } else { &[locale, Locale::Id] };
    order.iter().find_map(|&locale| {
        let bundle = bundle(locale);
        let message = bundle.get_message(id)?;
        let pattern = match attribute {
            Some(attribute) => message.get_attribute(attribute)?.value(),
            None => message.value()?,
        };
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, args, &mut errors);
        if !errors.is_empty() {
            tracing::warn!(key, ?errors, "text with a missing argument");
        }
        Some(match text {
            Cow::Borrowed(text) => Cow::Borrowed(text),
            Cow::Owned(text) => Cow::Owned(text),
        })
    })
}

fn value_of<'a>(arg: &'a Arg<'_>) -> FluentValue<'a> {
    match arg {
        Arg::Str(text) => FluentValue::String(Cow::Borrowed(text.as_ref())),
        Arg::Int(number) => FluentValue::from(*number),
        Arg::Num(number) => FluentValue::from(*number),
    }
}

static BUNDLES: LazyLock<[Bundle; 2]> = LazyLock::new(|| Locale::ALL.map(load));

fn bundle(locale: Locale) -> &'static Bundle {
    match locale {
        Locale::Id => &BUNDLES[0],
        Locale::En => &BUNDLES[1],
    }
}

fn load(locale: Locale) -> Bundle {
    let language = match locale {
        Locale::Id => langid!("id"),
        Locale::En => langid!("en"),
    };
    let mut bundle = Bundle::new_concurrent(vec![language]);
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(match locale {
        Locale::Id => number_id,
        Locale::En => number_en,
    }));
    for (file, resource, errors) in resources(locale) {
        for error in errors {
            tracing::error!(file, error, "catalogue does not parse");
        }
        bundle.add_resource_overriding(resource);
    }
    bundle
}

fn number_id<M: MemoizerKind>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    written(Locale::Id, value)
}

fn number_en<M: MemoizerKind>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    written(Locale::En, value)
}

fn written(locale: Locale, value: &FluentValue<'_>) -> Option<String> {
    let FluentValue::Number(number) = value else { return None };
    let digits = number.options.maximum_fraction_digits.unwrap_or(2);
    Some(format::decimal(locale, number.value, digits))
}

fn resources(locale: Locale) -> impl Iterator<Item = (&'static str, FluentResource, Vec<String>)> {
    let ours = embedded::CATALOGUES.iter().filter(move |(tag, ..)| *tag == locale.tag());
    ours.map(|(_, file, text)| match FluentResource::try_new((*text).to_owned()) {
        Ok(resource) => (*file, resource, Vec::new()),
        Err((resource, errors)) => {
            (*file, resource, errors.iter().map(ToString::to_string).collect())
        }
    })
}

/// What the catalogues of one language hold, for the tests that keep them complete.
#[derive(Debug, Default)]
pub struct Catalogue {
    /// Every key (attributes as `key.attribute`) with the file that defines it.
    pub keys: BTreeMap<String, &'static str>,
    /// Entries that do not parse and keys that are defined twice, told with their file.
    pub errors: Vec<String>,
}

/// Reads every key of `locale` from the catalogues as they are.
#[must_use]
pub fn catalogue(locale: Locale) -> Catalogue {
    let mut found = Catalogue::default();
    for (file, text) in sources(locale) {
        if let Err((_, errors)) = FluentResource::try_new(text.to_owned()) {
            found.errors.extend(errors.iter().map(|error| format!("{file}: {error}")));
        }
        let mut id = String::new();
        for line in text.lines() {
            let Some((name, _)) = line.split_once('=') else { continue };
            let name = name.trim_end();
            let key = match name.trim_start().strip_prefix('.') {
                Some(attribute) if name.starts_with(' ') => format!("{id}.{attribute}"),
                _ if is_key(name) => {
                    name.clone_into(&mut id);
                    id.clone()
                }
                _ => continue,
            };
            if let Some(other) = found.keys.insert(key.clone(), file) {
                found.errors.push(format!("{file}: {key} is also defined in {other}"));
            }
        }
    }
    found
}

fn sources(locale: Locale) -> impl Iterator<Item = (&'static str, &'static str)> {
    let ours = embedded::CATALOGUES.iter().filter(move |(tag, ..)| *tag == locale.tag());
    ours.map(|(_, file, text)| (*file, *text))
}

fn is_key(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogues_parse_and_agree() {
        let [id, en] = Locale::ALL.map(catalogue);
        assert_eq!(id.errors, Vec::<String>::new());
        assert_eq!(en.errors, Vec::<String>::new());
        let lone: Vec<_> = id
            .keys
            .iter()
            .filter(|(key, _)| !en.keys.contains_key(*key))
            .chain(en.keys.iter().filter(|(key, _)| !id.keys.contains_key(*key)))
            .collect();
        assert!(lone.is_empty(), "keys of one language only: {lone:?}");
    }

    #[test]
    fn texts_take_arguments_and_fall_back() {
        assert_eq!(t(Locale::Id, "ui-cancel"), "Batal");
        assert_eq!(t(Locale::En, "ui-cancel"), "Cancel");
        let n = [("n", Arg::from(1234))];
        assert_eq!(t_args(Locale::Id, "ui-results", &n), "1.234 hasil");
        assert_eq!(t_args(Locale::En, "ui-results", &n), "1,234 results");
        assert_eq!(t(Locale::En, "no-such-key"), "no-such-key");
        assert_eq!(t_opt(Locale::En, "ui-cancel.hint"), None);
    }
}
