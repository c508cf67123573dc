//! What stands around the words of a letter: whose it is, the link to its case, and where one
//! click ends such letters. Made when it goes out, so that no ledger holds a link that opens a
//! case.

use tanggap_cases::store;
use tanggap_channels::exchange::Letterhead;
use tanggap_conversations::{Outbound, Priority};
use tanggap_kernel::{Access, AgencyId, Locale, Result};
use tanggap_portal::invite::{self, Invitation};
use tanggap_store::Tx;
use tanggap_ui::{Ctx, t};

/// The letterhead of a message that goes by mail.
///
/// # Errors
/// A fault of the engine.
pub(super) async fn of(ctx: &Ctx, agency: AgencyId, row: &Outbound) -> Result<Letterhead> {
    let (secrets, base_url, row) = (ctx.secrets.clone(), ctx.site.base_url.clone(), row.clone());
    ctx.db
        .read(move |tx| {
            let mut head = around(tx, agency, &row)?;
            let slug = tanggap_org::agency(tx, agency)?.map(|agency| agency.slug);
            let (Some(slug), false) = (slug, base_url.is_empty()) else { return Ok(head) };
            let base = format!("{base_url}/i/{slug}");
            let locale = Locale::parse(&head.language).unwrap_or_default();
            if let (Some(case), true) = (row.case_id, row.extra.letter.is_some()) {
                let to = Invitation { agency: agency.0, case, at: row.created_at.as_micros() };
                let words = t(locale, "app-mail-open").into_owned();
                head.open = Some((words, invite::link(&secrets, &base, &to)));
            }
            // What the law owes goes out in any case, and a person's own words are no list.
            if row.priority > Priority::Owed && !row.extra.by_person {
                let link = invite::stop_link(&secrets, &base, agency, &row.recipient);
                head.unsubscribe = Some(link);
            }
            Ok(head)
        })
        .await
}

fn around(tx: &mut Tx<'_>, agency: AgencyId, row: &Outbound) -> Result<Letterhead> {
    let access = Access::system(agency);
    let name = tanggap_org::agency(tx, agency)?.map(|agency| agency.name).unwrap_or_default();
    let case = match row.case_id {
        Some(case) => store::find(tx, &access, case.into())?,
        None => None,
    };
    let unit = match case.and_then(|case| case.unit_id) {
        Some(unit) => tanggap_org::unit(tx, &access, unit)?.map(|unit| unit.name),
        None => None,
    };
    Ok(Letterhead {
        language: row.extra.letter.clone().unwrap_or_else(|| "id".to_owned()),
        agency: name,
        unit: unit.unwrap_or_default(),
        open: None,
        unsubscribe: None,
    })
}
