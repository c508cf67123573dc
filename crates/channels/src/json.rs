//! Reading what providers send as JSON without trusting it: everything may be missing, of another
//! type, or huge. No text leaves here with a NUL, which PostgreSQL would not keep.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Microseconds of the last second of the year 9999, after which no provider's time is believed.
const TIME_MAX: i64 = 253_402_300_799_000_000;

/// The words at a JSON pointer, where there are any.
pub fn text(value: &Value, pointer: &str) -> Option<String> {
    let words = value.pointer(pointer)?.as_str()?;
    let words = words.replace('\0', "");
    (!words.is_empty()).then_some(words)
}

/// The id at a pointer, which some write as a number and some as text.
pub fn id(value: &Value, pointer: &str) -> Option<String> {
    match value.pointer(pointer)? {
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
        Value::String(_) => text(value, pointer),
        _ => None,
    }
}

/// The id at a pointer, or else one made of the content, so that the same again is the same.
pub fn id_or_hash(value: &Value, pointer: &str) -> String {
    id(value, pointer).unwrap_or_else(|| hash(value.to_string().as_bytes()))
}

/// What stands for bytes that have no id of their own.
pub fn hash(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

/// The number at a pointer, which some write as text.
pub fn number(value: &Value, pointer: &str) -> Option<i64> {
    match value.pointer(pointer)? {
        Value::Number(number) => number.as_i64(),
        Value::String(digits) => digits.parse().ok(),
        _ => None,
    }
}

/// Whether `true` stands at a pointer.
pub fn is(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).and_then(Value::as_bool).unwrap_or(false)
}

/// The list at a pointer, empty where there is none.
pub fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The moment at a pointer, in microseconds, written as so many of `unit` microseconds each since
/// 1970, or as text of ISO 8601.
pub fn moment(value: &Value, pointer: &str, unit: i64) -> Option<i64> {
    if let Some(count) = number(value, pointer) {
        let at = count.checked_mul(unit)?;
        return (0..=TIME_MAX).contains(&at).then_some(at);
    }
    let words = value.pointer(pointer)?.as_str()?;
    let at = words
        .parse::<jiff::Timestamp>()
        .or_else(|_| jiff::Timestamp::strptime("%Y-%m-%dT%H:%M:%S%z", words))
        .ok()?
        .as_microsecond();
    (0..=TIME_MAX).contains(&at).then_some(at)
}

/// A second, in microseconds.
pub const SECOND: i64 = 1_000_000;
/// A millisecond, in microseconds.
pub const MILLISECOND: i64 = 1_000;

/// A place as text that people and programs can read: its name, its address and a `geo:` URI
/// (RFC 5870).
pub fn place(value: &Value, latitude: &str, longitude: &str) -> Option<String> {
    let at = |pointer| value.pointer(pointer).and_then(Value::as_f64).filter(|n| n.is_finite());
    let (latitude, longitude) = (at(latitude)?, at(longitude)?);
    let mut lines: Vec<String> =
        ["/name", "/title", "/address"].iter().filter_map(|key| text(value, key)).collect();
    lines.push(format!("geo:{latitude},{longitude}"));
    Some(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_are_read_in_every_form_and_never_believed_blindly() {
        let value = json!({
            "seconds": "1697043379", "milliseconds": 1_648_581_633_369_i64,
            "iso": "2021-09-08T06:34:04+0000", "utc": "2026-07-24T21:23:23.000Z",
            "far": i64::MAX, "before": -1, "word": "soon", "float": 1.5,
        });
        let at = |pointer, unit| moment(&value, pointer, unit);
        assert_eq!(at("/seconds", SECOND), Some(1_697_043_379_000_000));
        assert_eq!(at("/milliseconds", MILLISECOND), Some(1_648_581_633_369_000));
        assert_eq!(at("/iso", MILLISECOND), Some(1_631_082_844_000_000));
        assert_eq!(at("/utc", SECOND), Some(1_784_928_203_000_000));
        for pointer in ["/far", "/before", "/word", "/float", "/absent"] {
            assert_eq!(at(pointer, SECOND), None, "{pointer}");
        }
    }

    #[test]
    fn what_has_no_id_is_told_apart_by_its_content() {
        let (one, other) = (json!({"a": 1}), json!({"a": 2}));
        assert_eq!(id_or_hash(&one, "/id"), id_or_hash(&one.clone(), "/id"));
        assert_ne!(id_or_hash(&one, "/id"), id_or_hash(&other, "/id"));
        assert_eq!(id_or_hash(&json!({"id": 7}), "/id"), "7");
        assert_eq!(text(&json!({"t": "a\0b"}), "/t").as_deref(), Some("ab"));
    }
}
