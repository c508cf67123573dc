//! The demo: a regency that does not exist, with its units, its staff and nine months of reports.
//!
//! The texts lie beside this file and were written for it. [`story`] plans what becomes of each
//! report, [`replay`] lets it happen by the real use cases at its past hour, so that events,
//! deadlines, follow-ups, search and the chain are those of an installation that was really used.
//! The same seed gives the same demo, seen from the day on which it is loaded.

mod agency;
mod chance;
mod corpus;
mod hours;
mod people;
mod pictures;
mod plan;
mod replay;
mod scene;
mod story;
mod talks;

use std::sync::Arc;

use tanggap_kernel::{Result, Timestamp};
use tanggap_org::rules::Role;
use tanggap_store::blobs::Blobs;
use tanggap_store::{Db, Sql};
use tanggap_ui::ctx::Secrets;

use chance::Chance;
use corpus::Corpus;
use plan::Planner;

/// How many cases the demo has, about.
pub const CASES: usize = 4000;
/// The PIN of every case of the demo, so that any of them can be looked at as its citizen.
pub const PIN: &str = "135790";
/// The password of every member of the demo's staff.
pub const PASSWORD: &str = "gerobak ketoprak pagi";
/// Whom to sign in as first, one for each role.
pub const SIGN_INS: [(Role, &str); 5] = [
    (Role::Agent, "ayu.puspitarini@tirtarayakab.example"),
    (Role::UnitOfficer, "eko.prasetyadi@tirtarayakab.example"),
    (Role::Supervisor, "fajar.adinugraha@tirtarayakab.example"),
    (Role::Administrator, "dimas.aryasena@tirtarayakab.example"),
    (Role::Inspector, "theresia.sihombing@tirtarayakab.example"),
];

const SEED: u64 = 0x7461_6e67_6761_7021;

pub(crate) fn statements() -> &'static [&'static Sql] {
    replay::STATEMENTS
}

/// What was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// How many steps were taken.
    pub steps: usize,
    /// How many steps the rules refused; more than none is a mistake in the plan.
    pub refused: usize,
}

/// Loads the demo into an empty database; where there is an agency already, it does nothing. Call
/// it before anything else writes, since ids grow with the hours that are replayed. `progress`
/// hears how far it is.
///
/// # Errors
/// A fault of the engine or of the files.
pub async fn load(
    db: &Db,
    blobs: &Blobs,
    secrets: &Secrets,
    progress: impl Fn(&str),
) -> Result<()> {
    if db.read(tanggap_org::agencies).await?.is_empty() {
        load_sized(db, blobs, secrets, progress, CASES).await?;
    }
    Ok(())
}

/// Loads a demo of about so many cases; fewer than a hundred are not made.
///
/// # Errors
/// A fault of the engine or of the files.
pub async fn load_sized(
    db: &Db,
    blobs: &Blobs,
    secrets: &Secrets,
    progress: impl Fn(&str),
    cases: usize,
) -> Result<Loaded> {
    let corpus = Arc::new(Corpus::read()?);
    let mut chance = Chance::new(SEED);
    let password_hash = tanggap_org::password::hash(PASSWORD.to_owned()).await?;
    let pictures = pictures::keep(blobs, &mut chance).await?;
    let now = db.now();
    let began = now.plus(-(hours::HISTORY_DAYS + 20) * Timestamp::DAY);
    let texts = Arc::clone(&corpus);
    let founded = db.write(move |tx| tx.at(began, |tx| agency::found(tx, &texts, &password_hash)));
    let cast = Arc::new(founded.await?);
    progress("the agency is set up");
    let planner = Planner {
        corpus: &corpus,
        cast: &cast,
        secrets,
        pictures: &pictures,
        now,
        chance,
        wanted: None,
    };
    let steps = plan::plan(planner, cases);
    let planned = steps.len();
    let refused = replay::replay(db, &cast, steps, progress).await?;
    talks::load(db, &cast, now).await?;
    Ok(Loaded { steps: planned, refused })
}
