//! Finding people by the words of their names, on both engines by one plain index.
//!
//! A word is kept as it is written, in lower case and without apostrophes: names are not stemmed.
//! Whoever asks has to see to it that a name is only searched for those who may know it.

use std::collections::HashMap;

use tanggap_kernel::{Access, AgencyId, Fault, Result, params};
use tanggap_store::jobs::{Job, Runner};
use tanggap_store::{Tx, sql};

use crate::model::ContactId;

/// The kind of job that notes the words of names from before words were noted.
const NOTE_WORDS: &str = "contact_words";
const BATCH: i64 = 500;
/// Words of one name that are kept.
const WORDS_MAX: usize = 8;
/// The longest word, in characters.
const WORD_MAX: usize = 40;
/// The shortest word whose beginning alone is searched for, in characters.
const PREFIX_MIN: usize = 3;
/// Namesakes that are looked through.
const LOOKED_AT_MAX: i64 = 1000;
/// What comes after all words that begin alike, in every collation.
const LAST: &str = "zzzzzzzz";

sql! {
    INSERT = "insert into contact_words (agency_id, word, contact_id) values ($1, $2, $3)
        on conflict do nothing";
    DELETE = "delete from contact_words where agency_id = $1 and word = $2 and contact_id = $3";
    BETWEEN = "select c.id, c.name from contact_words w join contacts c
        on c.agency_id = w.agency_id and c.id = w.contact_id
        where w.agency_id = $1 and w.word >= $2 and w.word <= $3
        order by w.word desc, w.contact_id desc limit $4";
    NAMES = "select id, name from contacts where agency_id = $1
        and id in (select cast(value as bigint) from json_array_elements_text(cast($2 as json)))",
        sqlite: "select id, name from contacts where agency_id = $1
        and id in (select value from json_each($2))";
    AFTER = "select id, name from contacts where agency_id = $1 and id > $2 order by id limit $3";
}

/// Adds the job of this crate.
#[must_use]
pub fn register(runner: Runner) -> Runner {
    runner.on(NOTE_WORDS, note_words)
}

/// A name with all but the first letters hidden: `B••• S••••••`.
#[must_use]
pub fn masked(name: &str) -> String {
    let hide = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().unwrap_or('•');
        std::iter::once(first).chain(letters.map(|_| '•').take(8)).collect::<String>()
    };
    name.split_whitespace().map(hide).collect::<Vec<_>>().join(" ")
}

/// The names of many.
///
/// # Errors
/// A fault of the engine.
pub fn names_of(
    tx: &mut Tx<'_>,
    access: &Access,
    ids: &[ContactId],
) -> Result<HashMap<ContactId, String>, Fault> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let ids = serde_json::json!(ids).to_string();
    let rows: Vec<(ContactId, String)> =
        tx.all(&NAMES, params![access.agency_id, ids], |row| Ok((row.int()?, row.text()?)))?;
    Ok(rows.into_iter().collect())
}

/// Those whose name has all words of `typed`, newest namesakes first; the last word may be its
/// beginning only.
///
/// # Errors
/// A fault of the engine.
pub fn named(tx: &mut Tx<'_>, access: &Access, typed: &str) -> Result<Vec<ContactId>, Fault> {
    let asked = words(typed);
    let Some((last, whole)) = asked.split_last() else { return Ok(Vec::new()) };
    let may_go_on = last.chars().count() >= PREFIX_MIN;
    // The longest word is as a rule the rarest.
    let rarest = asked.iter().max_by_key(|word| word.len()).unwrap_or(last);
    let mut ends = vec![rarest.clone()];
    if rarest == last && may_go_on {
        ends.push(format!("{last}{LAST}"));
    }
    let mut found: Vec<ContactId> = Vec::new();
    for end in &ends {
        tx.ahead(&BETWEEN, params![access.agency_id, rarest, end, LOOKED_AT_MAX])?;
    }
    for end in &ends {
        let key = params![access.agency_id, rarest, end, LOOKED_AT_MAX];
        let namesakes: Vec<(ContactId, String)> =
            tx.all(&BETWEEN, key, |row| Ok((row.int()?, row.text()?)))?;
        for (id, name) in namesakes {
            let has = words(&name);
            let ends_so = |word: &String| word == last || may_go_on && word.starts_with(last);
            let fits = whole.iter().all(|word| has.contains(word)) && has.iter().any(ends_so);
            if fits && !found.contains(&id) {
                found.push(id);
            }
        }
    }
    Ok(found)
}

pub(crate) fn index(
    tx: &mut Tx<'_>,
    agency: AgencyId,
    contact: ContactId,
    name: &str,
) -> Result<(), Fault> {
    let words = words(name);
    let rows: Vec<_> = words.iter().map(|word| params![agency, word, contact].to_vec()).collect();
    tx.put_all(&INSERT, &rows)
}

pub(crate) fn forget(
    tx: &mut Tx<'_>,
    agency: AgencyId,
    contact: ContactId,
    name: &str,
) -> Result<(), Fault> {
    for word in words(name) {
        tx.put(&DELETE, params![agency, word, contact])?;
    }
    Ok(())
}

fn words(name: &str) -> Vec<String> {
    let plain: String = name.to_lowercase().replace(['\'', '\u{2019}'], "");
    let mut words: Vec<String> = Vec::new();
    for word in plain.split(|c: char| !c.is_alphanumeric()) {
        let word: String = word.chars().take(WORD_MAX).collect();
        if !word.is_empty() && words.len() < WORDS_MAX && !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// Notes the words of some names; the body of the job is the id of the last one.
fn note_words(tx: &mut Tx<'_>, job: &Job) -> Result<()> {
    let after: i64 = job.body.parse().unwrap_or(0);
    let key = params![job.agency_id, after, BATCH];
    let rows: Vec<(ContactId, String)> =
        tx.all(&AFTER, key, |row| Ok((row.int()?, row.text()?)))?;
    for (id, name) in &rows {
        index(tx, job.agency_id, *id, name)?;
    }
    if let (Some((last, _)), true) = (rows.last(), rows.len() as i64 == BATCH) {
        let (now, body) = (tx.now(), last.0.to_string());
        tx.schedule(job.agency_id, NOTE_WORDS, &job.key, now, &body)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn names_are_words_in_lower_case() {
        assert_eq!(words("H. Ma'ruf Al-Amin, S.H."), ["h", "maruf", "al", "amin", "s"]);
        assert_eq!(words("SITI  siti Rahmawati"), ["siti", "rahmawati"]);
        assert!(words(" -., ").is_empty());
    }
}
