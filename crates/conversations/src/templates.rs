//! Texts that a provider approved before, which may be written when a window is over: as the
//! provider last told them.

use serde_json::json;
use tanggap_kernel::{Access, Event, Fault, Permission, Result, Subject, Timestamp, params};
use tanggap_store::{Row, Tx, sql};

use crate::accounts::{self, AccountId};

/// Templates of one account that are kept.
const TEMPLATES_MAX: usize = 2000;

sql! {
    FORGET = "delete from channel_templates where agency_id = $1 and account_id = $2";
    INSERT = "insert into channel_templates (agency_id, account_id, name, language, category,
        body, gaps, fetched_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (agency_id, account_id, name, language) do nothing";
    ALL = "select name, language, category, body, gaps, fetched_at from channel_templates
        where agency_id = $1 and account_id = $2 order by name, language limit $3";
    FIND = "select name, language, category, body, gaps, fetched_at from channel_templates
        where agency_id = $1 and account_id = $2 and name = $3 and language = $4";
}

/// A text that was approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    /// Its name at the provider.
    pub name: String,
    /// Its language as the provider writes it.
    pub language: String,
    /// The provider's category of it.
    pub category: String,
    /// What it says, with `{{1}}`, `{{2}}` … where values go.
    pub body: String,
    /// How many values it wants.
    pub gaps: i64,
    /// When the provider told it.
    pub fetched_at: Timestamp,
}

impl Approved {
    /// What it says with `values` in its gaps.
    #[must_use]
    pub fn filled(&self, values: &[String]) -> String {
        let mut text = String::with_capacity(self.body.len());
        let mut rest = self.body.as_str();
        // One walk over the body, so that a value that looks like a gap stays a value.
        while let Some((before, from)) = rest.split_once("{{") {
            text.push_str(before);
            let gap = from.split_once("}}").and_then(|(number, after)| {
                let place = number.trim().parse::<usize>().ok()?.checked_sub(1)?;
                Some((values.get(place)?, after))
            });
            match gap {
                Some((value, after)) => {
                    text.push_str(value);
                    rest = after;
                }
                None => {
                    text.push_str("{{");
                    rest = from;
                }
            }
        }
        text.push_str(rest);
        text
    }
}

/// Keeps what the provider told of an account, in place of what it told before.
///
/// # Errors
/// [`tanggap_kernel::Refusal::Forbidden`], [`tanggap_kernel::Refusal::NotFound`], or a fault.
pub fn replace(
    tx: &mut Tx<'_>,
    access: &Access,
    account: AccountId,
    told: &[Approved],
) -> Result<()> {
    access.require(Permission::ChannelsManage, None)?;
    accounts::get(tx, access, account)?;
    let now = tx.now();
    tx.put(&FORGET, params![access.agency_id, account])?;
    for template in told.iter().take(TEMPLATES_MAX) {
        let row = params![
            access.agency_id,
            account,
            &template.name,
            &template.language,
            &template.category,
            &template.body,
            template.gaps,
            now,
        ];
        tx.put(&INSERT, row)?;
    }
    let subject = Subject { kind: "account", id: account.0 };
    let event = Event::new(access.agency_id, "account.templates_told", subject, access.actor);
    tx.announce(event.with(json!({ "count": told.len().min(TEMPLATES_MAX) })));
    Ok(())
}

/// The approved texts of an account, by name.
///
/// # Errors
/// A fault of the engine.
pub fn all(tx: &mut Tx<'_>, access: &Access, account: AccountId) -> Result<Vec<Approved>, Fault> {
    let most = i64::try_from(TEMPLATES_MAX).unwrap_or(i64::MAX);
    tx.all(&ALL, params![access.agency_id, account, most], read)
}

/// One of them.
///
/// # Errors
/// A fault of the engine.
pub fn find(
    tx: &mut Tx<'_>,
    access: &Access,
    account: AccountId,
    name: &str,
    language: &str,
) -> Result<Option<Approved>, Fault> {
    tx.opt(&FIND, params![access.agency_id, account, name, language], read)
}

fn read(row: &mut Row<'_>) -> Result<Approved, Fault> {
    Ok(Approved {
        name: row.text()?,
        language: row.text()?,
        category: row.text()?,
        body: row.text()?,
        gaps: row.int()?,
        fetched_at: row.int()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_filled_once() {
        let template = |body: &str| Approved {
            name: "a".into(),
            language: "id".into(),
            category: String::new(),
            body: body.into(),
            gaps: 2,
            fetched_at: Timestamp::from_micros(0),
        };
        let values = ["JKT-7".to_owned(), "{{1}}".to_owned()];
        let filled = |body: &str| template(body).filled(&values);
        assert_eq!(filled("Laporan {{1}}: {{2}}."), "Laporan JKT-7: {{1}}.");
        assert_eq!(filled("{{2}} {{1}} {{1}}"), "{{1}} JKT-7 JKT-7");
        assert_eq!(filled("{{3}} {{nama}} {{ {{1"), "{{3}} {{nama}} {{ {{1");
    }
}
