//! Rows of law profiles that an agency put in place of the program's.

use std::borrow::Cow;
use std::sync::Arc;

use tanggap_calendar::{Date, Kind, Profile};
use tanggap_kernel::{Access, Fault, Result, params};
use tanggap_store::{Row, Tx};

use crate::model::LawOverride;

tanggap_store::sql! {
    LIST = "select id, version, kind, text, created_at, retired_at from law_profiles
        where agency_id = $1 order by id, version desc limit 500";
    BY_KEY = "select id, version, kind, text, created_at, retired_at from law_profiles
        where agency_id = $1 and id = $2 and version = $3";
    KEYS = "select id, version from law_profiles where agency_id = $1
        order by version desc, id limit 500";
    IN_FORCE = "select id, version, kind, text, created_at, retired_at from law_profiles
        where agency_id = $1 and retired_at is null order by id, version limit 500";
    INSERT = "insert into law_profiles (agency_id, id, version, kind, text, created_at,
        retired_at) values ($1, $2, $3, $4, $5, $6, null) on conflict do nothing";
    RETIRE = "update law_profiles set retired_at = $4
        where agency_id = $1 and id = $2 and version = $3 and retired_at is null";
}

/// All that the agency ever put in place, the newest version of each first.
///
/// # Errors
/// A fault of the engine.
pub fn law_overrides(tx: &mut Tx<'_>, access: &Access) -> Result<Vec<LawOverride>> {
    Ok(tx.all(&LIST, params![access.agency_id], read)?)
}

/// The profile that rules a report of this kind received on a date (the date in the zone of the
/// office): the agency's own that is in force, else the program's.
///
/// # Errors
/// A fault of the engine.
pub fn profile_for(
    tx: &mut Tx<'_>,
    access: &Access,
    kind: Kind,
    received: Date,
) -> Result<Cow<'static, Profile>> {
    let agency = access.agency_id;
    let own = tx.kept(agency, "law in force", 0, |tx| {
        let rows = tx.all(&IN_FORCE, params![agency], read)?;
        let parsed = rows.iter().map(|row| Ok((row.kind.clone(), parse(row)?)));
        parsed.collect::<Result<Vec<(String, Profile)>>>()
    })?;
    let newest = own
        .iter()
        .filter(|(of, profile)| of == kind.as_str() && profile.valid_from <= received)
        .map(|(_, profile)| profile)
        .max_by_key(|profile| (profile.valid_from, profile.version));
    if let Some(profile) = newest {
        return Ok(Cow::Owned(profile.clone()));
    }
    let own_keys = own_keys(tx, access)?;
    let is_free = |profile: &Profile| !own_keys.contains(&profile.key());
    let shipped = tanggap_calendar::profile_among(kind, received, is_free);
    Ok(Cow::Borrowed(shipped.unwrap_or_else(|| tanggap_calendar::profile_for(kind, received))))
}

/// The keys that the agency ever used itself. A version that the program brings later may have the
/// key of one: that key stays the agency's, since its cases began under it.
fn own_keys(tx: &mut Tx<'_>, access: &Access) -> Result<Arc<Vec<String>>> {
    let agency = access.agency_id;
    tx.kept(agency, "keys of its own law", 0, |tx| {
        Ok(tx.all(&KEYS, params![agency], |row| {
            Ok(format!("{}@{}", row.text()?, row.int::<i64>()?))
        })?)
    })
}

/// The profile with a key such as `complaint@1`, under which a case began; of the agency or of the
/// program.
///
/// # Errors
/// A fault of the engine.
pub fn profile_by_key(
    tx: &mut Tx<'_>,
    access: &Access,
    key: &str,
) -> Result<Option<Cow<'static, Profile>>> {
    if let Some(profile) = Profile::by_key(key)
        && !own_keys(tx, access)?.iter().any(|own| own == key)
    {
        return Ok(Some(Cow::Borrowed(profile)));
    }
    let parts = key.rsplit_once('@');
    let Some((id, version)) = parts.and_then(|(id, v)| Some((id, v.parse::<i64>().ok()?))) else {
        return Ok(None);
    };
    let row = tx.opt(&BY_KEY, params![access.agency_id, id, version], read)?;
    row.map(|row| parse(&row).map(Cow::Owned).map_err(Into::into)).transpose()
}

fn parse(row: &LawOverride) -> Result<Profile, Fault> {
    let refused = |e| Fault::new(format!("profile {}@{}: {e}", row.id, row.version));
    Profile::from_toml(&row.text).map_err(refused)
}

fn read(row: &mut Row<'_>) -> Result<LawOverride, Fault> {
    Ok(LawOverride {
        id: row.text()?,
        version: row.int()?,
        kind: row.text()?,
        text: row.text()?,
        created_at: row.int()?,
        retired_at: row.opt_int()?,
    })
}
