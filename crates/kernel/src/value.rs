//! What goes into a statement and comes out of a column, named without naming an engine.

use std::borrow::Cow;

/// One parameter of a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// SQL's null, of whatever type the statement expects.
    Null,
    /// BIGINT.
    Int(i64),
    /// DOUBLE PRECISION.
    Real(f64),
    /// BOOLEAN.
    Bool(bool),
    /// TEXT.
    Text(Cow<'a, str>),
    /// BYTEA.
    Bytes(Cow<'a, [u8]>),
}

impl Value<'_> {
    /// The same value, owning its bytes.
    #[must_use]
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Int(v) => Value::Int(v),
            Self::Real(v) => Value::Real(v),
            Self::Bool(v) => Value::Bool(v),
            Self::Text(v) => Value::Text(Cow::Owned(v.into_owned())),
            Self::Bytes(v) => Value::Bytes(Cow::Owned(v.into_owned())),
        }
    }
}

impl<'a, T: Into<Self>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

macro_rules! from {
    ($($type:ty => |$v:ident| $make:expr),* $(,)?) => {$(
        impl<'a> From<$type> for Value<'a> {
            fn from($v: $type) -> Self {
                $make
            }
        }
    )*};
}

from! {
    i64 => |v| Self::Int(v),
    i32 => |v| Self::Int(i64::from(v)),
    u32 => |v| Self::Int(i64::from(v)),
    f64 => |v| Self::Real(v),
    bool => |v| Self::Bool(v),
    String => |v| Self::Text(Cow::Owned(v)),
    &'a str => |v| Self::Text(Cow::Borrowed(v)),
    &'a String => |v| Self::Text(Cow::Borrowed(v)),
    Vec<u8> => |v| Self::Bytes(Cow::Owned(v)),
    &'a [u8] => |v| Self::Bytes(Cow::Borrowed(v)),
    &'a Vec<u8> => |v| Self::Bytes(Cow::Borrowed(v)),
}

/// The parameters of a statement: `params![agency, case, "text"]`.
#[macro_export]
macro_rules! params {
    () => { &[] as &[$crate::Value<'_>] };
    ($($value:expr),+ $(,)?) => { &[$($crate::Value::from($value)),+][..] };
}
