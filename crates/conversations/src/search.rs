//! Full text: words are normalised and stemmed by `lang`, so that both engines index the same
//! stems and give the same hits, in the transaction that stored the message.
//!
//! The index of words knows nothing of agencies, so each message carries its agency as a word.

use tanggap_kernel::{Access, AgencyId, Fault, Result, Value, params};
use tanggap_store::{Sql, Tx, sql};

use crate::model::MessageId;

const WORD_BYTES_MAX: usize = 200;
/// How many of the newest messages tell whether words are common, and in how many of them they
/// then are.
const SAMPLED: i64 = 500;
const COMMON: i64 = 2;

// It walks its index from the newest message by itself, whether words are rare or common.
const FIND_IN_SQLITE: &str = "select i.case_id, m.id from message_search s
    join messages m on m.agency_id = $1 and m.id = s.rowid
    join interactions i on i.agency_id = m.agency_id and i.id = m.interaction_id
    where s.message_search match $2 and s.rowid < $3
    order by s.rowid desc limit $4";

sql! {
    INSERT = "insert into message_search (agency_id, message_id, words)
        select $3, $1, array_to_tsvector(string_to_array($2, ' '))",
        sqlite: "insert into message_search (rowid, words) select $1, $2 where $3 is not null";
    // How many of the newest messages have the words tells whether they are common.
    SAMPLE = "select count(*) from (select words from message_search
        where agency_id = $1 and message_id < $3 order by message_id desc limit $4) s
        where s.words @@ cast(cast($2 as text) as tsquery)",
        sqlite: "select count(*) from (select rowid from message_search
        where message_search match $2 and rowid < $3 and $1 is not null limit $4)";
    // Newest first; the id of a message orders by time. Rare words: all messages that have them,
    // by the index of words alone.
    FIND = "with hits as materialized (select agency_id, message_id from message_search
        where words @@ cast(cast($2 as text) as tsquery))
        select i.case_id, m.id from (select message_id from hits
            where agency_id = $1 and message_id < $3 order by message_id desc limit $4) s
        join messages m on m.agency_id = $1 and m.id = s.message_id
        join interactions i on i.agency_id = m.agency_id and i.id = m.interaction_id
        order by m.id desc",
        sqlite: FIND_IN_SQLITE;
    // Common words: back from the newest message, until there are enough. The inner limit also
    // keeps the words from being looked up first.
    FIND_COMMON = "select i.case_id, m.id from (select message_id from
            (select message_id, words from message_search
            where agency_id = $1 and message_id < $3 order by message_id desc limit 50000) w
        where w.words @@ cast(cast($2 as text) as tsquery) limit $4) s
        join messages m on m.agency_id = $1 and m.id = s.message_id
        join interactions i on i.agency_id = m.agency_id and i.id = m.interaction_id
        order by m.id desc",
        sqlite: FIND_IN_SQLITE;
    AGENCIES = "select count(*) from (select 1 from agencies limit 2) a";
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
/// and that message; older than `before` where given. The same case may come more than once, and
/// a message of no case comes as none.
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
) -> Result<Vec<Hit>> {
    let tokens = tanggap_lang::query_tokens(query);
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    let before = before.map_or(i64::MAX, |id| id.0);
    let words = asked(tx, access.agency_id, &tokens, sqlite)?;
    if sqlite {
        return Ok(find(tx, &FIND, access, &words, before, limit)?);
    }
    let common: i64 = tx.one(&SAMPLE, &sample(access, &words, before), |row| row.int())?;
    if common >= COMMON {
        let found = find(tx, &FIND_COMMON, access, &words, before, limit)?;
        if found.len() as i64 == limit {
            return Ok(found);
        }
    }
    Ok(find(tx, &FIND, access, &words, before, limit)?)
}

type Hit = (Option<i64>, MessageId);

fn find(
    tx: &mut Tx<'_>,
    statement: &'static Sql,
    access: &Access,
    words: &str,
    before: i64,
    limit: i64,
) -> Result<Vec<Hit>, Fault> {
    let bound = params![access.agency_id, words, before, limit];
    tx.all(statement, bound, |row| Ok((row.opt_int()?, row.int()?)))
}

/// Says that [`cases_with`] will be asked the same soon (see [`Tx::ahead`]).
///
/// # Errors
/// A fault of the engine.
pub fn cases_with_ahead(
    tx: &mut Tx<'_>,
    access: &Access,
    query: &str,
    before: Option<MessageId>,
    sqlite: bool,
) -> Result<()> {
    let tokens = tanggap_lang::query_tokens(query);
    if sqlite || tokens.is_empty() {
        return Ok(());
    }
    let before = before.map_or(i64::MAX, |id| id.0);
    let words = asked(tx, access.agency_id, &tokens, sqlite)?;
    Ok(tx.ahead(&SAMPLE, &sample(access, &words, before))?)
}

fn sample<'a>(access: &Access, words: &'a str, before: i64) -> [Value<'a>; 4] {
    [access.agency_id.into(), words.into(), before.into(), SAMPLED.into()]
}

/// What the index is asked; where there are several agencies each asks for its own word too.
fn asked(tx: &mut Tx<'_>, agency: AgencyId, tokens: &[String], sqlite: bool) -> Result<String> {
    let several = tx.kept(AgencyId(0), "several agencies", 0, |tx| {
        Ok(tx.one(&AGENCIES, params![], |row| row.int::<i64>())? > 1)
    })?;
    let own = several.then(|| agency_word(agency));
    let words = tokens.iter().map(|token| findable(token)).chain(own.as_deref());
    Ok(if sqlite {
        words.map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" AND ")
    } else {
        let quoted = |word: &str| word.replace('\\', "\\\\").replace('\'', "''");
        words.map(|word| format!("'{}'", quoted(word))).collect::<Vec<_>>().join(" & ")
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
