//! Rows of categories.

use std::sync::Arc;

use tanggap_kernel::{Access, Fault, Result, params};
use tanggap_store::{Row, Tx};

use crate::model::{Category, CategoryId};

tanggap_store::sql! {
    LIST = "select id, slug, name, name_en, hint, hint_en, words, kind, unit_id, questions, active,
        position, version from categories where agency_id = $1
        order by position, id limit 2000";
    INSERT = "insert into categories (agency_id, id, version, name, name_en, hint, hint_en, words,
        kind, unit_id, questions, active, position, slug)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        on conflict do nothing";
    UPDATE = "update categories set name = $4, name_en = $5, hint = $6, hint_en = $7, words = $8,
        kind = $9, unit_id = $10, questions = $11, active = $12, position = $13,
        version = version + 1 where agency_id = $1 and id = $2 and version = $3";
}

/// All categories in their order, also those no longer offered (see [`Category::active`]).
///
/// # Errors
/// A fault of the engine.
pub fn categories(tx: &mut Tx<'_>, access: &Access) -> Result<Vec<Category>> {
    Ok(kept(tx, access)?.to_vec())
}

/// A category.
///
/// # Errors
/// A fault of the engine.
pub fn category(tx: &mut Tx<'_>, access: &Access, id: CategoryId) -> Result<Option<Category>> {
    Ok(kept(tx, access)?.iter().find(|category| category.id == id).cloned())
}

/// A category by its name in addresses and the API.
///
/// # Errors
/// A fault of the engine.
pub fn category_by_slug(tx: &mut Tx<'_>, access: &Access, slug: &str) -> Result<Option<Category>> {
    Ok(kept(tx, access)?.iter().find(|category| category.slug == slug).cloned())
}

fn kept(tx: &mut Tx<'_>, access: &Access) -> Result<Arc<Vec<Category>>> {
    let agency = access.agency_id;
    tx.kept(agency, "categories", 0, |tx| Ok(tx.all(&LIST, params![agency], read)?))
}

fn read(row: &mut Row<'_>) -> Result<Category, Fault> {
    Ok(Category {
        id: row.int()?,
        slug: row.text()?,
        name: row.text()?,
        name_en: row.text()?,
        hint: row.text()?,
        hint_en: row.text()?,
        words: row.text()?.lines().map(str::to_owned).collect(),
        kind: row.opt_text()?.and_then(|word| word.parse().ok()),
        unit_id: row.opt_int()?,
        questions: crate::json(&row.text()?)?,
        active: row.bool()?,
        position: row.int()?,
        version: row.int()?,
    })
}
