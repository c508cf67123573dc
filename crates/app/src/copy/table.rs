//! Tables as the engine itself describes them, and values as JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use tanggap_kernel::{Fault, Value, params};
use tanggap_store::Tx;

/// Never copied: rows of running nodes, the index that is made anew from the messages, and what
/// belongs to an installation (the mark of its key is in the manifest).
const LEFT_OUT: &[&str] = &["leases", "message_search", "installation"];

/// A table of the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its columns, in their order.
    pub columns: Vec<Column>,
    /// The columns of its primary key, in their order.
    pub key: Vec<String>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// BIGINT, and BOOLEAN on SQLite.
    Int,
    /// BOOLEAN on PostgreSQL.
    Bool,
    /// DOUBLE PRECISION.
    Real,
    /// TEXT.
    Text,
    /// BYTEA.
    Bytes,
}

const COLUMNS: [&str; 2] = [
    "select cast(column_name as text), cast(data_type as text) from information_schema.columns
        where table_schema = current_schema() and table_name = cast($1 as text)
        order by ordinal_position",
    "select name, type from pragma_table_info($1) order by cid",
];
const KEY: [&str; 2] = [
    "select cast(a.attname as text) from pg_index i join pg_attribute a
        on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
        where i.indrelid = cast(cast($1 as text) as regclass) and i.indisprimary
        order by array_position(cast(i.indkey as int2[]), a.attnum)",
    "select name from pragma_table_info($1) where pk > 0 order by pk",
];

impl Table {
    /// All tables that are copied, as this database has them.
    ///
    /// # Errors
    /// A fault of the engine.
    pub fn all(tx: &mut Tx<'_>, sqlite: bool) -> Result<Vec<Self>, Fault> {
        let copied = tanggap_store::tables().into_iter().filter(|name| !LEFT_OUT.contains(name));
        copied.map(|name| Self::read(tx, name, sqlite)).collect()
    }

    fn read(tx: &mut Tx<'_>, name: &'static str, sqlite: bool) -> Result<Self, Fault> {
        let at = usize::from(sqlite);
        let columns = tx.ad_hoc(COLUMNS[at], params![name], |row| {
            Ok(Column { name: row.text()?, kind: Kind::parse(&row.text()?)? })
        })?;
        let key = tx.ad_hoc(KEY[at], params![name], |row| row.text())?;
        if columns.is_empty() || key.is_empty() {
            return Err(Fault::new(format!("the database has no table {name}")));
        }
        Ok(Self { name, columns, key })
    }

    /// A page of its rows after a key, in the order of the key.
    #[must_use]
    pub fn page(&self, first: bool, limit: usize) -> String {
        let (columns, key) = (self.names().join(", "), self.key.join(", "));
        let marks: Vec<String> = (1..=self.key.len()).map(|n| format!("${n}")).collect();
        let after = match first {
            true => String::new(),
            false => format!("where ({key}) > ({})", marks.join(", ")),
        };
        format!("select {columns} from {} {after} order by {key} limit {limit}", self.name)
    }

    /// An insertion of so many rows at once.
    #[must_use]
    pub fn insertion(&self, rows: usize) -> String {
        let width = self.columns.len();
        let row = |n: usize| {
            let marks = (1..=width).map(|column| format!("${}", n * width + column));
            format!("({})", marks.collect::<Vec<_>>().join(", "))
        };
        let values: Vec<String> = (0..rows).map(row).collect();
        let columns = self.names().join(", ");
        format!("insert into {} ({columns}) values {}", self.name, values.join(", "))
    }

    /// The names of its columns.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.columns.iter().map(|column| column.name.as_str()).collect()
    }

    /// Where the columns of the key are among all.
    pub(super) fn key_places(&self) -> Vec<usize> {
        let place = |name: &String| self.columns.iter().position(|column| column.name == *name);
        self.key.iter().filter_map(place).collect()
    }
}

impl Kind {
    fn parse(word: &str) -> Result<Self, Fault> {
        Ok(match word.to_ascii_lowercase().as_str() {
            "bigint" | "integer" => Self::Int,
            "boolean" => Self::Bool,
            "double precision" | "real" => Self::Real,
            "text" => Self::Text,
            "bytea" | "blob" => Self::Bytes,
            other => return Err(Fault::new(format!("a column of type {other}"))),
        })
    }

    /// Reads a value of the archive for a column of this kind.
    pub(super) fn value(self, json: &Json) -> Result<Value<'static>, Fault> {
        let read = match (self, json) {
            (_, Json::Null) => Some(Value::Null),
            (Self::Int, Json::Bool(flag)) => Some(Value::Int(i64::from(*flag))),
            (Self::Int, _) => json.as_i64().map(Value::Int),
            (Self::Bool, Json::Bool(flag)) => Some(Value::Bool(*flag)),
            (Self::Bool, _) => json.as_i64().map(|number| Value::Bool(number != 0)),
            (Self::Real, _) => json.as_f64().map(Value::Real),
            (Self::Text, Json::String(text)) => Some(text.clone().into()),
            (Self::Bytes, Json::Object(map)) => map
                .get("base64")
                .and_then(Json::as_str)
                .and_then(|text| STANDARD.decode(text).ok())
                .map(Value::from),
            _ => None,
        };
        read.ok_or_else(|| Fault::new("a value of the backup does not fit its column"))
    }
}

/// A value as the archive holds it.
pub(super) fn to_json(value: &Value<'_>) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Int(number) => json!(number),
        Value::Real(number) => json!(number),
        Value::Bool(flag) => json!(flag),
        Value::Text(text) => json!(text),
        Value::Bytes(bytes) => json!({ "base64": STANDARD.encode(bytes) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_for_either_engine() {
        let bytes = Value::from(vec![0u8, 255, 10]);
        assert_eq!(Kind::Bytes.value(&to_json(&bytes)).unwrap(), bytes);
        assert_eq!(Kind::Bool.value(&json!(1)).unwrap(), Value::Bool(true));
        assert_eq!(Kind::Int.value(&json!(true)).unwrap(), Value::Int(1));
        let id = i64::MAX - 1;
        let text = serde_json::to_string(&to_json(&Value::Int(id))).unwrap();
        assert_eq!(Kind::Int.value(&serde_json::from_str(&text).unwrap()).unwrap(), Value::Int(id));
        assert_eq!(Kind::Text.value(&Json::Null).unwrap(), Value::Null);
        assert!(Kind::Int.value(&json!("1")).is_err());
    }
}
