//! What a request may hold, as tables: one table both reads a request and describes it in
//! OpenAPI, so that the two cannot differ.
//!
//! A field that no table names is refused, as is one of another type; all that is wrong is told
//! at once. Text is bounded in characters. A control character in it (but for line breaks and tabs)
//! becomes U+FFFD, on both engines alike; where one line is asked for, it is refused. `null` counts
//! as left out.

use std::borrow::Cow;

use serde_json::{Map, Value, json};
use tanggap_kernel::{Invalid, Refusal};

/// The most errors that one answer tells.
const ERRORS_MAX: usize = 50;
/// One line: no control character, line breaks and tabs among them.
const LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";
/// The same with something else than blanks in it.
const FILLED_LINE: &str = concat!(
    r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f]",
    r"[^\u0000-\u001f\u007f-\u009f]*$"
);
/// The largest whole number that every JSON reader keeps exactly.
pub const INT_MAX: i64 = 9_007_199_254_740_991;

/// A notation that some texts follow.
#[derive(Clone, Copy, Debug)]
pub struct Notation {
    /// As a regular expression, for the description.
    pub pattern: &'static str,
    /// The key of the message where it is not followed.
    pub message: &'static str,
    /// Whether a text follows it.
    pub ok: fn(&str) -> bool,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Text of at most so many characters, with something else than blanks in it.
    Text(usize),
    /// The same, but may be empty.
    Loose(usize),
    /// One line of at most so many characters, with something else than blanks in it.
    Line(usize),
    /// The same, but may be empty.
    LooseLine(usize),
    /// Text in a notation, of at most so many characters.
    Noted(usize, &'static Notation),
    /// One of some words.
    Word(fn() -> Vec<&'static str>),
    /// Yes or no.
    Bool,
    /// A whole number within bounds.
    Int(i64, i64),
    /// An object.
    Object(&'static [Field]),
    /// At most so many objects.
    List(usize, &'static [Field]),
}

/// One field of a request.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub shape: Shape,
    /// Whether it must be there.
    pub required: bool,
    /// What it is for.
    pub about: &'static str,
}

/// A field that must be there.
pub const fn must(name: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { name, shape, required: true, about }
}

/// A field that may be left out.
pub const fn may(name: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { name, shape, required: false, about }
}

/// An object that was checked against a table; reading it never fails.
#[derive(Clone, Copy)]
pub struct Checked<'a>(Option<&'a Map<String, Value>>);

impl<'a> Checked<'a> {
    /// Checks the body of a request.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn body(body: &'a Value, fields: &[Field]) -> Result<Self, Refusal> {
        let mut errors = Vec::new();
        match body {
            Value::Object(map) => object(map, fields, "", &mut errors),
            _ => errors.push(Invalid::new("", "hooks-invalid-object")),
        }
        errors.truncate(ERRORS_MAX);
        if errors.is_empty() { Ok(Self(body.as_object())) } else { Err(Refusal::Invalid(errors)) }
    }

    fn get(self, name: &str) -> Option<&'a Value> {
        self.0.and_then(|map| map.get(name))
    }

    /// A text without blanks around it and without control characters; `None` where it is left
    /// out or empty.
    #[must_use]
    pub fn text(self, name: &str) -> Option<Cow<'a, str>> {
        let text = self.get(name)?.as_str()?.trim();
        (!text.is_empty()).then(|| clean(text))
    }

    /// A text as its owner, empty where it is left out.
    #[must_use]
    pub fn string(self, name: &str) -> String {
        self.text(name).map(Cow::into_owned).unwrap_or_default()
    }

    /// Yes or no.
    #[must_use]
    pub fn bool(self, name: &str) -> Option<bool> {
        self.get(name)?.as_bool()
    }

    /// A whole number.
    #[must_use]
    pub fn int(self, name: &str) -> Option<i64> {
        whole(self.get(name)?)
    }

    /// An object inside; empty where it is left out.
    #[must_use]
    pub fn object(self, name: &str) -> Self {
        Self(self.get(name).and_then(Value::as_object))
    }

    /// The objects of a list.
    pub fn list(self, name: &str) -> impl Iterator<Item = Self> {
        let items = self.get(name).and_then(Value::as_array);
        items.into_iter().flatten().map(|item| Self(item.as_object()))
    }
}

fn clean(text: &str) -> Cow<'_, str> {
    let bad = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if !text.contains(bad) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if bad(c) { '\u{fffd}' } else { c }).collect())
}

fn whole(value: &Value) -> Option<i64> {
    // JSON knows one kind of number: 1.0 is a whole one.
    let round = |real: f64| (real.fract() == 0.0 && real.abs() <= INT_MAX as f64).then_some(real);
    value.as_i64().or_else(|| value.as_f64().and_then(round).map(|real| real as i64))
}

fn object(map: &Map<String, Value>, fields: &[Field], path: &str, errors: &mut Vec<Invalid>) {
    for name in map.keys().filter(|name| !fields.iter().any(|field| field.name == name.as_str())) {
        let short: String = name.chars().take(100).collect();
        errors.push(Invalid::new(join(path, &clean(&short)), "hooks-invalid-unknown"));
    }
    for field in fields {
        match map.get(field.name).filter(|value| !value.is_null()) {
            Some(value) => one(value, field, &join(path, field.name), errors),
            None if field.required => {
                errors.push(Invalid::new(join(path, field.name), "ui-invalid-required"));
            }
            None => {}
        }
    }
}

fn one(value: &Value, field: &Field, path: &str, errors: &mut Vec<Invalid>) {
    let wrong = |message| Err(Invalid::new(path, message));
    let checked = match (&field.shape, value) {
        (Shape::Object(fields), Value::Object(map)) => return object(map, fields, path, errors),
        (Shape::List(max, fields), Value::Array(items)) => {
            if items.len() > *max {
                errors.push(Invalid::new(path, "hooks-invalid-many").arg("max", max));
            }
            for (index, item) in items.iter().take(*max).enumerate() {
                let path = format!("{path}.{index}");
                match item {
                    Value::Object(map) => object(map, fields, &path, errors),
                    _ => errors.push(Invalid::new(path, "hooks-invalid-object")),
                }
            }
            return;
        }
        (Shape::Bool, Value::Bool(_)) => Ok(()),
        (Shape::Int(min, max), Value::Number(_)) => number(whole(value), *min, *max, path),
        (shape, Value::String(text)) => shape.text(text, path),
        (Shape::Object(_) | Shape::List(..), _) => wrong("hooks-invalid-object"),
        (Shape::Bool, _) => wrong("hooks-invalid-bool"),
        (Shape::Int(..), _) => wrong("hooks-invalid-int"),
        _ => wrong("hooks-invalid-text"),
    };
    errors.extend(checked.err());
}

fn number(value: Option<i64>, min: i64, max: i64, path: &str) -> Result<(), Invalid> {
    let invalid = || Invalid::new(path, "hooks-invalid-range").arg("min", min).arg("max", max);
    match value {
        Some(value) if (min..=max).contains(&value) => Ok(()),
        _ => Err(invalid()),
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

impl Shape {
    fn text(&self, text: &str, path: &str) -> Result<(), Invalid> {
        let long = |max: usize| match text.chars().count() > max {
            true => Err(Invalid::new(path, "ui-invalid-long").arg("max", max)),
            false => Ok(()),
        };
        if matches!(self, Self::Line(_) | Self::LooseLine(_)) && text.contains(char::is_control) {
            return Err(Invalid::new(path, "hooks-invalid-line"));
        }
        match self {
            Self::Text(max) | Self::Line(max) => {
                if text.trim().is_empty() {
                    return Err(Invalid::new(path, "ui-invalid-required"));
                }
                long(*max)
            }
            Self::Loose(max) | Self::LooseLine(max) => long(*max),
            Self::Noted(max, notation) => {
                long(*max)?;
                if (notation.ok)(text) { Ok(()) } else { Err(Invalid::new(path, notation.message)) }
            }
            Self::Word(words) if words().contains(&text) => Ok(()),
            Self::Word(_) => Err(Invalid::new(path, "ui-invalid-choice")),
            Self::Bool => Err(Invalid::new(path, "hooks-invalid-bool")),
            Self::Int(..) => Err(Invalid::new(path, "hooks-invalid-int")),
            Self::Object(_) | Self::List(..) => Err(Invalid::new(path, "hooks-invalid-object")),
        }
    }

    /// Its JSON Schema; `empty` also takes an empty text, as queries write what they leave out.
    fn schema(&self, nullable: bool, empty: bool) -> Value {
        let kind = |word: &str| if nullable { json!([word, "null"]) } else { json!(word) };
        let pattern = |pattern: &str| match empty {
            true => format!("^$|{pattern}"),
            false => pattern.to_owned(),
        };
        match self {
            Self::Text(max) => json!({
                "type": kind("string"), "minLength": 1, "maxLength": max, "pattern": "\\S",
            }),
            Self::Loose(max) => json!({ "type": kind("string"), "maxLength": max }),
            Self::Line(max) => json!({
                "type": kind("string"), "minLength": 1, "maxLength": max, "pattern": FILLED_LINE,
            }),
            Self::LooseLine(max) => {
                json!({ "type": kind("string"), "maxLength": max, "pattern": LINE })
            }
            Self::Noted(max, notation) => json!({
                "type": kind("string"), "maxLength": max, "pattern": pattern(notation.pattern),
            }),
            Self::Word(words) => {
                let mut words: Vec<Value> = words().into_iter().map(Value::from).collect();
                words.extend(empty.then(|| json!("")));
                words.extend(nullable.then_some(Value::Null));
                json!({ "type": kind("string"), "enum": words })
            }
            Self::Bool => json!({ "type": kind("boolean") }),
            Self::Int(min, max) => {
                json!({ "type": kind("integer"), "minimum": min, "maximum": max })
            }
            Self::Object(fields) => {
                let mut schema = schema(fields);
                schema["type"] = kind("object");
                schema
            }
            Self::List(max, fields) => {
                json!({ "type": kind("array"), "maxItems": max, "items": schema(fields) })
            }
        }
    }
}

/// The JSON Schema of an object with these fields and no others.
#[must_use]
pub fn schema(fields: &[Field]) -> Value {
    let mut properties = Map::new();
    for field in fields {
        let mut schema = field.shape.schema(!field.required, false);
        schema["description"] = json!(field.about);
        properties.insert(field.name.to_owned(), schema);
    }
    let required: Vec<&str> =
        fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let mut schema =
        json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// The query parameters of a table, as OpenAPI describes them.
#[must_use]
pub fn parameters(fields: &[Field]) -> Vec<Value> {
    let parameter = |field: &Field| {
        json!({
            "name": field.name,
            "in": "query",
            "required": field.required,
            "description": field.about,
            "schema": field.shape.schema(false, true),
        })
    };
    fields.iter().map(parameter).collect()
}

/// The parameters of a query that was checked against a table.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Checks the parameters of a query; one without a value is one left out.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub fn check(pairs: Vec<(String, String)>, fields: &[Field]) -> Result<Self, Refusal> {
        let mut errors = Vec::new();
        for (index, (name, value)) in pairs.iter().enumerate() {
            let Some(field) = fields.iter().find(|field| field.name == name) else {
                let short: String = name.chars().take(100).collect();
                errors.push(Invalid::new(clean(&short), "hooks-invalid-unknown"));
                continue;
            };
            if pairs[..index].iter().any(|(before, _)| before == name) {
                errors.push(Invalid::new(field.name, "hooks-invalid-twice"));
                continue;
            }
            let checked = match &field.shape {
                Shape::Bool if matches!(value.as_str(), "true" | "false") => Ok(()),
                Shape::Int(min, max) if digits(value) => {
                    number(value.parse().ok(), *min, *max, field.name)
                }
                Shape::Bool | Shape::Int(..) => field.shape.text(value, field.name),
                _ if value.is_empty() => Ok(()),
                shape => shape.text(value, field.name),
            };
            errors.extend(checked.err());
        }
        errors.truncate(ERRORS_MAX);
        if errors.is_empty() { Ok(Self(pairs)) } else { Err(Refusal::Invalid(errors)) }
    }

    /// The text of a parameter; `None` where it is left out or empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim());
        found.filter(|value| !value.is_empty())
    }

    /// A whole number.
    #[must_use]
    pub fn int(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }

    /// Yes or no; no where it is left out.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }
}

fn digits(text: &str) -> bool {
    let figures = text.strip_prefix('-').unwrap_or(text);
    !figures.is_empty() && figures.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &[Field] = &[
        must("name", Shape::Text(5), ""),
        may("age", Shape::Int(0, 150), ""),
        may("deep", Shape::Object(&[may("yes", Shape::Bool, "")]), ""),
    ];

    fn errors(body: Value) -> Vec<(String, &'static str)> {
        match Checked::body(&body, FIELDS) {
            Err(Refusal::Invalid(errors)) => {
                errors.into_iter().map(|e| (e.field, e.message)).collect()
            }
            _ => Vec::new(),
        }
    }

    #[test]
    fn all_that_is_wrong_is_told_by_its_path() {
        let found = errors(json!({ "age": 151, "deep": { "yes": 1, "no": 2 }, "x": null }));
        let expected = [
            ("x", "hooks-invalid-unknown"),
            ("name", "ui-invalid-required"),
            ("age", "hooks-invalid-range"),
            ("deep.no", "hooks-invalid-unknown"),
            ("deep.yes", "hooks-invalid-bool"),
        ];
        let found: Vec<_> = found.iter().map(|(field, why)| (field.as_str(), *why)).collect();
        assert_eq!(found, expected);
        assert_eq!(errors(json!([])), [(String::new(), "hooks-invalid-object")]);
        assert_eq!(errors(json!({ "name": " \u{a0}" })).len(), 1);
        assert_eq!(errors(json!({ "name": "ééééé", "age": 1.0, "deep": null })), []);
        assert_eq!(errors(json!({ "name": "éééééé" })).len(), 1);
        assert_eq!(errors(json!({ "name": "a", "age": 1e300 })).len(), 1);
    }

    #[test]
    fn control_characters_are_shown_not_kept() {
        let body = json!({ "name": " a\0\n " });
        let checked = Checked::body(&body, FIELDS).expect("sound");
        assert_eq!(checked.string("name"), "a\u{fffd}");
    }

    #[test]
    fn one_line_is_one_line() {
        let fields = [must("subject", Shape::Line(9), ""), may("place", Shape::LooseLine(9), "")];
        let wrong = |subject: &str, place: &str| {
            let body = json!({ "subject": subject, "place": place });
            match Checked::body(&body, &fields) {
                Err(Refusal::Invalid(errors)) => errors.len(),
                _ => 0,
            }
        };
        assert_eq!(wrong("Jalan é", ""), 0);
        for bad in ["a\r\nb", "a\n", "\ta", "a\0", "a\u{85}b"] {
            assert_eq!(wrong(bad, bad), 2, "{bad:?}");
        }
        assert_eq!(wrong(" ", " "), 1);
    }

    #[test]
    fn queries_are_as_strict() {
        let check = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            Query::check(pairs, FIELDS)
        };
        assert_eq!(check(&[("name", ""), ("age", "7")]).expect("sound").int("age"), Some(7));
        for bad in [[("age", "")], [("age", "+7")], [("age", "x")], [("other", "1")]] {
            assert!(check(&bad).is_err(), "{bad:?}");
        }
        assert!(check(&[("name", "a"), ("name", "b")]).is_err());
    }
}
