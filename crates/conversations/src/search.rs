//! Full text: words are normalised and stemmed by `lang`, so that both engines index the same
//! stems and give the same hits, in the transaction that stored the message.
//!
//! SQLite's index knows nothing of agencies, so each message carries its agency as a word.

use tanggap_kernel::{Access, AgencyId, Fault, Result, params};
use tanggap_store::{Tx, sql};

use crate::model::MessageId;

const WORD_BYTES_MAX: usize = 200;

sql! {
    INSERT = "insert into message_search (agency_id, message_id, words)
        select $3, $1, array_to_tsvector(string_to_array($2, ' '))",
        sqlite: "insert into message_search (rowid, words) select $1, $2 where $3 is not null";
    // Newest first; the id of a message orders by time.
    FIND = "select i.case_id, m.id from message_search s
        join messages m on m.agency_id = s.agency_id and m.id = s.message_id
        join interactions i on i.agency_id = m.agency_id and i.id = m.interaction_id
        where s.agency_id = $1 and s.words @@ cast(cast($2 as text) as tsquery)
        and s.message_id < $3 and i.case_id is not null order by s.message_id desc limit $4",
        sqlite: "select i.case_id, m.id from message_search s
        join messages m on m.agency_id = $1 and m.id = s.rowid
        join interactions i on i.agency_id = m.agency_id and i.id = m.interaction_id
        where s.message_search match $2 and s.rowid < $3
        and i.case_id is not null order by s.rowid desc limit $4";
}

/// Makes the words of `text` and `more` findable as those of a message.
///
/// # Errors
/// A fault of the engine.
pub fn index(
    tx: &mut Tx<'_>,
    access: &Access,
    message: MessageId,
    text: &str,
    more: &str,
) -> Result<(), Fault> {
    let mut words = agency_word(access.agency_id);
    for token in [text, more].into_iter().flat_map(tanggap_lang::tokens) {
        words.push(' ');
        words.push_str(findable(&token));
    }
    tx.put(&INSERT, params![message, words, access.agency_id])
}

/// Cases with messages that have all words of `query`, those with the newest such message first,
/// and that message; older than `before` where given. The same case may come more than once.
///
/// # Errors
/// A fault of the engine.
pub fn cases_with(
    tx: &mut Tx<'_>,
    access: &Access,
    query: &str,
    before: Option<MessageId>,
    limit: i64,
    sqlite: bool,
) -> Result<Vec<(i64, MessageId)>, Fault> {
    let tokens = tanggap_lang::query_tokens(query);
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    let quoted = tokens.iter().map(|token| match findable(token) {
        token if sqlite => format!("\"{token}\""),
        token => format!("'{}'", token.replace('\\', "\\\\").replace('\'', "''")),
    });
    let joined = if sqlite {
        std::iter::once(format!("\"{}\"", agency_word(access.agency_id)))
            .chain(quoted)
            .collect::<Vec<_>>()
            .join(" AND ")
    } else {
        quoted.collect::<Vec<_>>().join(" & ")
    };
    let before = before.map_or(i64::MAX, |id| id.0);
    tx.all(&FIND, params![access.agency_id, joined, before, limit], |row| {
        Ok((row.int()?, row.int()?))
    })
}

/// The part of a word that is indexed: no language has longer ones, and PostgreSQL takes none
/// beyond 2,046 bytes.
fn findable(token: &str) -> &str {
    &token[..token.floor_char_boundary(WORD_BYTES_MAX)]
}

fn agency_word(agency: AgencyId) -> String {
    format!("agency{agency}")
}
