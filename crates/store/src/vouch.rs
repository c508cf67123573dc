//! Rows that the log vouches for: what somebody wrote, beside the events that tell of it.
//!
//! Words are personal data and may have to be erased, so an event cannot hold them. It holds a
//! salted commitment to each row that was written with it, and the row keeps the salt: whoever
//! changes the row afterwards is found, and once row and salt are erased the commitment tells
//! nothing. [`Tx::vouch`](crate::Tx::vouch) makes it, [`crate::audit::verify`] asks it back.

use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};
use tanggap_kernel::{AgencyId, Event, Fault, Value, params};

use crate::sql::Sql;
use crate::tx::{Announcement, Row, Tx};

/// The fact of an event's body that holds what it vouches for: `{"message:0a…": "9f…"}`.
pub(crate) const FACT: &str = "vouches";

/// The fact of an event that tells which rows were lawfully erased or shortened: from then on no
/// event before it vouches for them.
pub const ERASES: &str = "erases";

/// What a row is called in the log: `message:0a…`.
#[must_use]
pub fn name(kind: &str, id: i64) -> String {
    format!("{kind}:{}", tanggap_kernel::id::to_text(id))
}

/// Vouches anew for a row that was lawfully shortened, as it is now: the event that is announced
/// next tells it, and one before it that the old row is erased ([`ERASES`]). Returns the salt that
/// the row keeps from now on.
///
/// # Errors
/// A fault of the engine, or where there is no such row.
pub fn again(
    tx: &mut Tx<'_>,
    agency: AgencyId,
    of: &'static Vouched,
    id: i64,
) -> Result<Vec<u8>, Fault> {
    let columns = tx.one(of.row, params![agency, id], |row| {
        row.opt_bytes()?;
        row.rest()
    })?;
    tx.vouch(agency, of.kind, id, &columns)
}

/// What an event erases, by name.
pub(crate) fn erased(body: &str) -> Vec<String> {
    let Ok(Json::Object(mut facts)) = serde_json::from_str(body) else { return Vec::new() };
    let Some(Json::Array(names)) = facts.remove(ERASES) else { return Vec::new() };
    names.into_iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

/// One table whose rows the log vouches for.
#[derive(Debug)]
pub struct Vouched {
    /// What its rows are called in the log: `message`.
    pub kind: &'static str,
    /// Row `$2` of agency `$1`: its salt, then the columns in the order in which they were given
    /// to [`Tx::vouch`](crate::Tx::vouch).
    pub row: &'static Sql,
    /// How many rows of agency `$1` have an id from `$2` to before `$3`.
    pub count: &'static Sql,
}

/// What a transaction vouches for and no event of it holds yet.
pub(crate) struct Voucher {
    agency: AgencyId,
    name: String,
    commitment: String,
}

impl Voucher {
    pub(crate) fn new(
        agency: AgencyId,
        kind: &str,
        id: i64,
        columns: &[Value<'_>],
    ) -> Result<(Self, Vec<u8>), Fault> {
        let mut salt = vec![0; 16];
        getrandom::fill(&mut salt).map_err(|e| Fault::new(format!("random: {e}")))?;
        let commitment = hex::encode(commitment(&salt, columns));
        let name = name(kind, id);
        Ok((Self { agency, name, commitment }, salt))
    }
}

/// Moves what is vouched for into an event of the same agency.
pub(crate) fn put_into(event: &mut Event, vouchers: &mut Vec<Voucher>) {
    let agency = event.agency_id;
    let Some(facts) = event.body.as_object_mut() else { return };
    for voucher in vouchers.extract_if(.., |voucher| voucher.agency == agency) {
        let held = facts.entry(FACT).or_insert_with(|| Json::Object(Map::new()));
        held.as_object_mut()
            .expect("invariant: no slice has a fact of this name")
            .insert(voucher.name, voucher.commitment.into());
    }
}

/// Gives what was written after the last event of its agency to that event.
pub(crate) fn settle(events: &mut [Announcement], mut vouchers: Vec<Voucher>) -> Result<(), Fault> {
    for (.., event) in events.iter_mut().rev() {
        put_into(event, &mut vouchers);
    }
    match vouchers.first() {
        None => Ok(()),
        Some(left) => Err(Fault::new(format!("{} was written without an event", left.name))),
    }
}

/// What an event says of a row that was written with it.
pub(crate) struct Told {
    pub kind: String,
    pub id: i64,
    pub commitment: String,
}

/// What an event says of the rows that were written with it.
pub(crate) fn told(body: &str) -> Vec<Told> {
    // Most events vouch for nothing; they are not taken apart.
    if !body.contains("\"vouches\":") {
        return Vec::new();
    }
    let Ok(Json::Object(mut facts)) = serde_json::from_str(body) else { return Vec::new() };
    let Some(Json::Object(held)) = facts.remove(FACT) else { return Vec::new() };
    let read = |(name, commitment): (String, Json)| {
        let (kind, id) = name.split_once(':')?;
        let (kind, id) = (kind.to_owned(), tanggap_kernel::id::from_text(id)?);
        Some(Told { kind, id, commitment: commitment.as_str()?.to_owned() })
    };
    held.into_iter().filter_map(read).collect()
}

/// Whether a row, read by [`Vouched::row`], is as it was when it was written.
pub(crate) fn stands(row: &mut Row<'_>, told: &str) -> Result<bool, Fault> {
    let salt = row.opt_bytes()?.unwrap_or_default();
    let columns = row.rest()?;
    Ok(hex::encode(commitment(&salt, &columns)) == told)
}

/// Every value is preceded by its kind and length, so that no two different rows read alike; what
/// the engines give back differently reads alike.
fn commitment(salt: &[u8], columns: &[Value<'_>]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    let mut field = |kind: u8, bytes: &[u8]| {
        hasher.update([kind]);
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    field(b's', salt);
    for column in columns {
        match column {
            Value::Null => field(b'n', b""),
            Value::Int(v) => field(b'i', &v.to_be_bytes()),
            Value::Bool(v) => field(b'i', &i64::from(*v).to_be_bytes()),
            Value::Real(v) => field(b'r', &v.to_be_bytes()),
            // As PostgreSQL keeps it.
            Value::Text(v) if v.contains('\0') => {
                field(b't', v.replace('\0', "\u{fffd}").as_bytes());
            }
            Value::Text(v) => field(b't', v.as_bytes()),
            Value::Bytes(v) => field(b'b', v),
        }
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_rows_read_alike() {
        let of = |columns: &[Value<'_>]| commitment(b"salt", columns);
        let rows: [&[Value<'_>]; 7] = [
            &["ab".into(), "c".into()],
            &["a".into(), "bc".into()],
            &["abc".into()],
            &["abc".into(), Value::Null],
            &["abc".into(), "".into()],
            &[Value::from(1), Value::from(2)],
            &[Value::from(2), Value::from(1)],
        ];
        for (at, row) in rows.iter().enumerate() {
            assert!(rows[..at].iter().all(|other| of(other) != of(row)), "{row:?}");
        }
        assert_ne!(commitment(b"a", rows[0]), commitment(b"b", rows[0]), "the salt counts");
        // SQLite gives truth back as a number, PostgreSQL takes no NUL in a text.
        assert_eq!(of(&[true.into()]), of(&[Value::from(1)]));
        assert_eq!(of(&["a\0b".into()]), of(&["a\u{fffd}b".into()]));
    }
}
