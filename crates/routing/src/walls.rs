//! Links for screens on walls: whoever holds one sees the figures of the queues and nothing else.
//!
//! A link is made by a supervisor or an administrator, shown once, kept as a hash, and ends at its
//! date or when it is revoked. It is no [`Access`]: nothing but the figures opens with it.

use serde_json::json;
use tanggap_kernel::error::Check;
use tanggap_kernel::{
    Access, AgencyId, Event, Fault, Locale, Permission, Refusal, Result, Subject, Timestamp, id,
    params,
};
use tanggap_store::{Row, Tx, sql};

/// The longest name.
const NAME_MAX: usize = 80;
/// A link ends after so long at the latest.
pub const AGE_DAYS_MAX: i64 = 366;
/// The most links that are listed, and that an agency may have at once.
const WALLS_MAX: i64 = 100;

/// Light, dark, or as the screen says: what may be chosen for a screen.
pub const THEMES: [&str; 3] = ["system", "light", "dark"];

id!(
    /// A screen on a wall.
    WallId
);

sql! {
    INSERT = "insert into wallboards (agency_id, id, name, token_hash, locale, theme, created_at,
        expires_at, revoked_at) values ($1, $2, $3, $4, $5, $6, $7, $8, null)";
    LIST = "select agency_id, id, name, locale, theme, created_at, expires_at, revoked_at
        from wallboards where agency_id = $1 order by id desc limit $2";
    LIVE = "select agency_id, id, name, locale, theme, created_at, expires_at, revoked_at
        from wallboards where token_hash = $1 and revoked_at is null and expires_at > $2";
    COUNT = "select count(*) from wallboards where agency_id = $1 and revoked_at is null
        and expires_at > $2";
    REVOKE = "update wallboards set revoked_at = $3
        where agency_id = $1 and id = $2 and revoked_at is null";
}

/// A screen on a wall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wall {
    /// Whose figures it shows.
    pub agency_id: AgencyId,
    /// Its id.
    pub id: WallId,
    /// Where it hangs.
    pub name: String,
    /// In which language it is written.
    pub locale: Locale,
    /// One of [`THEMES`].
    pub theme: String,
    /// When its link was made.
    pub created_at: Timestamp,
    /// When the link ends by itself.
    pub expires_at: Timestamp,
    /// When somebody ended it.
    pub revoked_at: Option<Timestamp>,
}

/// A screen that is to be set up.
#[derive(Clone, Debug)]
pub struct NewWall {
    /// Where it hangs.
    pub name: String,
    /// The hash of the secret in its link.
    pub token_hash: [u8; 32],
    /// In which language it is written.
    pub locale: Locale,
    /// One of [`THEMES`].
    pub theme: String,
    /// For how many days the link opens.
    pub days: i64,
}

fn may(access: &Access) -> Result<()> {
    match access.can(Permission::OrgManage, None) {
        true => Ok(()),
        false => Ok(access.require(Permission::RouteSupervise, None)?),
    }
}

/// The screens of the agency, the newest first.
///
/// # Errors
/// [`Refusal::Forbidden`], or a fault.
pub fn list(tx: &mut Tx<'_>, access: &Access) -> Result<Vec<Wall>> {
    may(access)?;
    Ok(tx.all(&LIST, params![access.agency_id, WALLS_MAX], read)?)
}

/// The screen whose link has this secret; `None` where there is none, or no longer. The lookup is
/// by the hash of a random secret, so its time tells nothing about one.
///
/// # Errors
/// A fault of the engine.
pub fn find(tx: &mut Tx<'_>, token_hash: &[u8; 32]) -> Result<Option<Wall>> {
    let now = tx.now();
    Ok(tx.opt(&LIVE, params![&token_hash[..], now], read)?)
}

/// Sets a screen up.
///
/// # Errors
/// [`Refusal::Forbidden`], or [`Refusal::Invalid`].
pub fn create(tx: &mut Tx<'_>, access: &Access, new: &NewWall) -> Result<WallId> {
    may(access)?;
    let (name, now) = (new.name.trim(), tx.now());
    let mut check = Check::new();
    check.require(!name.is_empty(), "name", "ui-invalid-required");
    check.require(name.chars().count() <= NAME_MAX, "name", "routing-invalid-name");
    check.require(THEMES.contains(&new.theme.as_str()), "theme", "ui-invalid-choice");
    check.require((1..=AGE_DAYS_MAX).contains(&new.days), "days", "ui-invalid-choice");
    let live = tx.one(&COUNT, params![access.agency_id, now], |row| row.int::<i64>())?;
    check.require(live < WALLS_MAX, "name", "routing-invalid-walls");
    check.done()?;
    let (id, expires_at): (WallId, _) = (tx.id(), now.plus(new.days * Timestamp::DAY));
    let locale = new.locale.tag();
    let row = params![
        access.agency_id,
        id,
        name,
        &new.token_hash[..],
        locale,
        &new.theme,
        now,
        expires_at
    ];
    tx.put(&INSERT, row)?;
    announce(tx, access, "wall.created", id, json!({ "name": name, "days": new.days }));
    Ok(id)
}

/// Ends a link at once.
///
/// # Errors
/// [`Refusal::Forbidden`], or [`Refusal::NotFound`] where it is none or has ended.
pub fn revoke(tx: &mut Tx<'_>, access: &Access, id: WallId) -> Result<()> {
    may(access)?;
    let now = tx.now();
    if tx.exec(&REVOKE, params![access.agency_id, id, now])? == 0 {
        return Err(Refusal::NotFound.into());
    }
    announce(tx, access, "wall.revoked", id, json!({}));
    Ok(())
}

fn announce(
    tx: &mut Tx<'_>,
    access: &Access,
    kind: &'static str,
    id: WallId,
    facts: serde_json::Value,
) {
    let subject = Subject { kind: "wall", id: id.0 };
    tx.announce(Event::new(access.agency_id, kind, subject, access.actor).with(facts));
}

fn read(row: &mut Row<'_>) -> Result<Wall, Fault> {
    Ok(Wall {
        agency_id: row.int()?,
        id: row.int()?,
        name: row.text()?,
        locale: Locale::parse(&row.text()?).unwrap_or_default(),
        theme: row.text()?,
        created_at: row.int()?,
        expires_at: row.int()?,
        revoked_at: row.opt_int()?,
    })
}
