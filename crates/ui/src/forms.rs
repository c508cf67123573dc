//! Forms that lose nothing: what was typed, what is wrong with it, and fields that show both.
//!
//! A handler that refuses a form answers 422 with the same page and a [`FormState`] that holds
//! what came in. Each field takes its label from the catalogue and its hint from the `.hint`
//! attribute of the same key.

use std::borrow::Cow;

use askama::Template;
use askama::filters::HtmlSafe;
use tanggap_kernel::Locale;
use tanggap_kernel::error::Invalid;

use crate::i18n::{Arg, t, t_args, t_opt};

/// What a form holds: the values typed and what is wrong with them.
#[derive(Clone, Debug, Default)]
pub struct FormState {
    /// The reader's language.
    pub locale: Locale,
    /// Field names and values, in the order they came; a name may come several times.
    pub values: Vec<(String, String)>,
    /// What is wrong.
    pub errors: Vec<Invalid>,
    /// Labels of fields, for the summary of errors: names and texts.
    pub labels: Vec<(String, String)>,
}

impl FormState {
    /// An empty form.
    #[must_use]
    pub fn new(locale: Locale) -> Self {
        Self { locale, ..Self::default() }
    }

    /// A form with what came in and what is wrong with it.
    #[must_use]
    pub fn refused(locale: Locale, values: Vec<(String, String)>, errors: Vec<Invalid>) -> Self {
        Self { locale, values, errors, labels: Vec::new() }
    }

    /// Names the fields in the summary of errors; pairs of a field and the key of its label.
    #[must_use]
    pub fn labelled(mut self, labels: &[(&str, &str)]) -> Self {
        let words =
            labels.iter().map(|(name, key)| ((*name).to_owned(), t(self.locale, key).into_owned()));
        self.labels.extend(words);
        self
    }

    /// The same form with a value set, for editing what exists.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.values.push((name.into(), value.to_string()));
        self
    }

    /// The value of a field; empty if it has none.
    #[must_use]
    pub fn value(&self, name: &str) -> &str {
        self.values.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// Whether a field that takes several values has this one.
    #[must_use]
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.values.iter().any(|(key, held)| key == name && held == value)
    }

    /// What is wrong with a field, in the reader's language.
    #[must_use]
    pub fn error(&self, name: &str) -> Option<String> {
        let invalid = self.errors.iter().find(|invalid| invalid.field == name)?;
        Some(message(self.locale, invalid))
    }

    /// The list of all errors with links to their fields; nothing where there are none.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let messages = self.errors.iter().map(|invalid| {
            let text = message(self.locale, invalid);
            let label = self.labels.iter().find(|(name, _)| *name == invalid.field);
            let text = label.map_or(text.clone(), |(_, label)| format!("{label}: {text}"));
            (invalid.field.clone(), text)
        });
        Summary { heading: t(self.locale, "ui-error-summary"), messages: messages.collect() }
    }

    /// A one-line field.
    #[must_use]
    pub fn text(&self, name: &str, key: &str) -> Field {
        self.field(name, key, Control::Text)
    }

    /// A field of several lines.
    #[must_use]
    pub fn textarea(&self, name: &str, key: &str) -> Field {
        self.field(name, key, Control::Textarea)
    }

    /// A drop-down list.
    #[must_use]
    pub fn select(&self, name: &str, key: &str, choices: &[Choice]) -> Field {
        self.chosen(name, key, Control::Select, choices)
    }

    /// One of several, each in sight.
    #[must_use]
    pub fn radios(&self, name: &str, key: &str, choices: &[Choice]) -> Field {
        self.chosen(name, key, Control::Radios, choices)
    }

    /// Any of several, each in sight.
    #[must_use]
    pub fn checkboxes(&self, name: &str, key: &str, choices: &[Choice]) -> Field {
        self.chosen(name, key, Control::Checkboxes, choices)
    }

    /// A single yes-or-no box; sends `ya` when ticked.
    #[must_use]
    pub fn checkbox(&self, name: &str, key: &str) -> Field {
        self.field(name, key, Control::Checkbox)
    }

    /// A file to send. Browsers do not keep files over a refused form, so say what to add again.
    #[must_use]
    pub fn file(&self, name: &str, key: &str) -> Field {
        self.field(name, key, Control::File)
    }

    /// A hidden field with the value it holds.
    #[must_use]
    pub fn hidden(&self, name: &str) -> Field {
        self.field(name, "", Control::Hidden)
    }

    fn field(&self, name: &str, key: &str, control: Control) -> Field {
        let (label, hint) = if key.is_empty() {
            (Cow::Borrowed(""), None)
        } else {
            (t(self.locale, key), t_opt(self.locale, &format!("{key}.hint")))
        };
        Field {
            locale: self.locale,
            control,
            id: format!("f-{name}"),
            name: name.to_owned(),
            value: self.value(name).to_owned(),
            label: label.into_owned(),
            hint: hint.unwrap_or_default().into_owned(),
            error: self.error(name).unwrap_or_default(),
            error_word: t(self.locale, "ui-error-word"),
            optional_word: t(self.locale, "ui-optional"),
            choose_word: t(self.locale, "ui-choose"),
            kind: "text",
            rows: 5,
            ..Field::default()
        }
    }

    fn chosen(&self, name: &str, key: &str, control: Control, choices: &[Choice]) -> Field {
        let mut field = self.field(name, key, control);
        field.choices = choices.to_vec();
        for choice in &mut field.choices {
            choice.on = self.has(name, &choice.value);
        }
        field
    }
}

fn message(locale: Locale, invalid: &Invalid) -> String {
    let args: Vec<_> = invalid
        .args
        .iter()
        .map(|(name, value)| {
            let arg = value.parse::<i64>().map_or_else(|_| Arg::from(value), Arg::Int);
            (*name, arg)
        })
        .collect();
    t_args(locale, invalid.message, &args).into_owned()
}

/// One of the values a field offers.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is shown.
    pub label: String,
    /// A line below it that explains it; may be empty.
    pub hint: String,
    /// The heading it stands under in a drop-down list; may be empty.
    pub group: String,
    on: bool,
}

impl Choice {
    /// A value and what is shown for it.
    #[must_use]
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into(), ..Self::default() }
    }

    /// The same with a line that explains it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The same under a heading of the drop-down list.
    #[must_use]
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = group.into();
        self
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Control {
    #[default]
    Text,
    Textarea,
    Select,
    Radios,
    Checkboxes,
    Checkbox,
    File,
    Hidden,
}

/// A field of a form, ready to be shown: `{{ form.text("name", "contacts-name").required() }}`.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "parts/field.html")]
pub struct Field {
    locale: Locale,
    control: Control,
    id: String,
    name: String,
    value: String,
    label: String,
    hint: String,
    error: String,
    error_word: Cow<'static, str>,
    optional_word: Cow<'static, str>,
    choose_word: Cow<'static, str>,
    draft_words: [Cow<'static, str>; 3],
    kind: &'static str,
    autocomplete: &'static str,
    inputmode: &'static str,
    prefix: String,
    suffix: String,
    width: &'static str,
    accept: &'static str,
    draft: String,
    list: String,
    placeholder: bool,
    rows: u16,
    maxlength: u32,
    required: bool,
    optional: bool,
    multiple: bool,
    quiet: bool,
    cards: bool,
    inline: bool,
    autofocus: bool,
    big_label: bool,
    choices: Vec<Choice>,
}

impl HtmlSafe for Field {}

impl Field {
    /// Must be filled in.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// May be left empty, and says so.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// The type of a one-line field: `email`, `tel`, `date`, `time`, `password`, `search` …
    #[must_use]
    pub fn kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    /// What the browser may fill in: `name`, `email`, `tel`, `current-password` …
    #[must_use]
    pub fn autocomplete(mut self, token: &'static str) -> Self {
        self.autocomplete = token;
        self
    }

    /// The keyboard a phone shows: `numeric`, `decimal` …
    #[must_use]
    pub fn inputmode(mut self, mode: &'static str) -> Self {
        self.inputmode = mode;
        self
    }

    /// The most characters it takes.
    #[must_use]
    pub fn maxlength(mut self, characters: u32) -> Self {
        self.maxlength = characters;
        self
    }

    /// How many lines a field of several lines shows.
    #[must_use]
    pub fn rows(mut self, rows: u16) -> Self {
        self.rows = rows;
        self
    }

    /// Words before the input: `Rp`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Words after the input: `hari kerja`.
    #[must_use]
    pub fn suffix(mut self, suffix: impl Into<String>) -> Self {
        self.suffix = suffix.into();
        self
    }

    /// How wide the input is, by what it holds: `xs` (4), `s` (8), `m` (16), `l` (32 characters).
    #[must_use]
    pub fn width(mut self, width: &'static str) -> Self {
        self.width = width;
        self
    }

    /// Which files it takes: `image/*,application/pdf`.
    #[must_use]
    pub fn accept(mut self, types: &'static str) -> Self {
        self.accept = types;
        self
    }

    /// Takes several files or several lines of a list.
    #[must_use]
    pub fn multiple(mut self) -> Self {
        self.multiple = true;
        self
    }

    /// Keeps its label for screen readers only; for filters and search boxes.
    #[must_use]
    pub fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Shows the choices as cards, for the few big decisions of a form.
    #[must_use]
    pub fn cards(mut self) -> Self {
        self.cards = true;
        self
    }

    /// Shows the choices in one line.
    #[must_use]
    pub fn inline(mut self) -> Self {
        self.inline = true;
        self
    }

    /// Begins a drop-down list with "choose" and an empty value.
    #[must_use]
    pub fn with_empty(mut self) -> Self {
        self.placeholder = true;
        self
    }

    /// Has the cursor when the page opens; at most one on a page.
    #[must_use]
    pub fn autofocus(mut self) -> Self {
        self.autofocus = true;
        self
    }

    /// Shows the label as the question of the page.
    #[must_use]
    pub fn big(mut self) -> Self {
        self.big_label = true;
        self
    }

    /// A label that is data and not in the catalogue.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// A hint that is data or has arguments.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The id of a `<datalist>` with suggestions.
    #[must_use]
    pub fn list(mut self, id: impl Into<String>) -> Self {
        self.list = id.into();
        self
    }

    /// Another id than `f-{name}`, where a page has two forms with the same field.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// Saves what is typed as a draft at this address (several lines, desk only).
    #[must_use]
    pub fn draft(mut self, url: impl Into<String>) -> Self {
        self.draft = url.into();
        let keys = ["ui-draft-saving", "ui-draft-saved", "ui-draft-offline"];
        self.draft_words = keys.map(|key| t(self.locale, key));
        self
    }

    fn is(&self, control: &str) -> bool {
        let ours = match self.control {
            Control::Text => "text",
            Control::Textarea => "textarea",
            Control::Select => "select",
            Control::Radios => "radios",
            Control::Checkboxes => "checkboxes",
            Control::Checkbox => "checkbox",
            Control::File => "file",
            Control::Hidden => "hidden",
        };
        ours == control
    }

    fn is_group(&self) -> bool {
        matches!(self.control, Control::Radios | Control::Checkboxes)
    }

    /// The ids that describe the input, for `aria-describedby`; empty if there are none.
    fn described_by(&self) -> String {
        let mut ids = String::new();
        for (present, what) in [(!self.hint.is_empty(), "hint"), (!self.error.is_empty(), "error")]
        {
            if present {
                let gap = if ids.is_empty() { "" } else { " " };
                ids = format!("{ids}{gap}{}-{what}", self.id);
            }
        }
        ids
    }

    /// Headings of the drop-down list in order; one empty heading where there are none.
    fn groups(&self) -> Vec<&str> {
        let mut groups: Vec<&str> = Vec::new();
        for choice in &self.choices {
            if groups.last() != Some(&choice.group.as_str()) {
                groups.push(&choice.group);
            }
        }
        groups
    }
}

/// All errors of a form on top of it; shows nothing where there are none.
#[derive(Clone, Debug, Template)]
#[template(path = "parts/summary.html")]
pub struct Summary {
    heading: Cow<'static, str>,
    messages: Vec<(String, String)>,
}

impl HtmlSafe for Summary {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_form_shows_what_was_typed_and_what_is_wrong() {
        let values = vec![("subject".to_owned(), "<b>Jalan".to_owned())];
        let errors = vec![Invalid::new("subject", "ui-invalid-long").arg("max", 120)];
        let form = FormState::refused(Locale::Id, values, errors);
        let html = form.text("subject", "ui-search").required().to_string();
        assert!(html.contains("value=\"&#60;b&#62;Jalan\""), "{html}");
        assert!(html.contains("aria-describedby=\"f-subject-error\""), "{html}");
        assert!(html.contains("aria-invalid=\"true\""), "{html}");
        assert!(html.contains("120"), "{html}");
        let summary = form.summary().to_string();
        assert!(summary.contains("href=\"#f-subject\""), "{summary}");
        assert_eq!(FormState::new(Locale::Id).summary().to_string().trim(), "");
    }

    #[test]
    fn choices_keep_what_was_chosen() {
        let choices = [Choice::new("a", "A"), Choice::new("b", "B")];
        let form = FormState::new(Locale::En).with("which", "b");
        let html = form.radios("which", "ui-search", &choices).to_string();
        assert!(html.contains("value=\"b\" checked"), "{html}");
        assert!(!html.contains("value=\"a\" checked"), "{html}");
        let html = form.select("which", "ui-search", &choices).with_empty().to_string();
        assert!(html.contains("<option value=\"b\" selected>B</option>"), "{html}");
    }
}
