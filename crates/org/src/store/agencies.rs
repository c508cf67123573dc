//! Rows of agencies. These alone are read without an access: they are public, and whoever comes
//! to the door belongs to none yet.

use tanggap_kernel::{AgencyId, Fault, Result, params};
use tanggap_store::{Row, Tx};

use crate::model::Agency;

tanggap_store::sql! {
    LIST = @scan("a handful of rows") "select id, slug, name, short_name, zone, calendar_id,
        address, phone, email, complaint_manager, settings, created_at, version from agencies
        order by id limit 1000";
    BY_ID = "select id, slug, name, short_name, zone, calendar_id, address, phone, email,
        complaint_manager, settings, created_at, version from agencies where id = $1";
    BY_SLUG = "select id, slug, name, short_name, zone, calendar_id, address, phone, email,
        complaint_manager, settings, created_at, version from agencies where slug = $1";
    INSERT = "insert into agencies (id, slug, name, short_name, zone, calendar_id, address, phone,
        email, complaint_manager, settings, created_at, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1)
        on conflict do nothing";
    UPDATE = "update agencies set name = $3, short_name = $4, zone = $5, calendar_id = $6,
        address = $7, phone = $8, email = $9, complaint_manager = $10, settings = $11,
        version = version + 1 where id = $1 and version = $2";
}

/// All agencies, the oldest first; empty before the first was set up.
///
/// # Errors
/// A fault of the engine.
pub fn agencies(tx: &mut Tx<'_>) -> Result<Vec<Agency>> {
    let all = tx.kept(AgencyId(0), "agencies", 0, |tx| Ok(tx.all(&LIST, params![], read)?))?;
    Ok(all.to_vec())
}

/// An agency.
///
/// # Errors
/// A fault of the engine.
pub fn agency(tx: &mut Tx<'_>, id: AgencyId) -> Result<Option<Agency>> {
    let kept = tx.kept(id, "agency", 0, |tx| Ok(tx.opt(&BY_ID, params![id], read)?))?;
    Ok((*kept).clone())
}

/// An agency by its name in addresses.
///
/// # Errors
/// A fault of the engine.
pub fn agency_by_slug(tx: &mut Tx<'_>, slug: &str) -> Result<Option<Agency>> {
    Ok(tx.opt(&BY_SLUG, params![slug], read)?)
}

/// What stands before the addresses of an agency's pages: nothing for the oldest, whose pages are
/// the site's own, `/i/{slug}` for any other.
///
/// # Errors
/// A fault of the engine.
pub fn base_path(tx: &mut Tx<'_>, id: AgencyId) -> Result<String> {
    let all = agencies(tx)?;
    let at = all.iter().position(|agency| agency.id == id);
    Ok(at.filter(|at| *at > 0).map(|at| format!("/i/{}", all[at].slug)).unwrap_or_default())
}

fn read(row: &mut Row<'_>) -> Result<Agency, Fault> {
    Ok(Agency {
        id: row.int()?,
        slug: row.text()?,
        name: row.text()?,
        short_name: row.text()?,
        zone: row.text()?.parse().map_err(|e| Fault::new(format!("zone: {e}")))?,
        calendar_id: row.opt_int()?,
        address: row.text()?,
        phone: row.text()?,
        email: row.text()?,
        manager: crate::json(&row.text()?)?,
        settings: crate::json(&row.text()?)?,
        created_at: row.int()?,
        version: row.int()?,
    })
}
