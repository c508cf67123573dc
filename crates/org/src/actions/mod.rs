//! Use cases that change the organisation, one function each: load, decide, save, announce.

mod agencies;
mod calendars;
mod categories;
pub mod import;
mod law;
mod own;
mod people;
mod tokens;
mod units;

pub use agencies::{AgencyInput, create_agency, open_agency, update_agency};
pub use calendars::{
    CalendarInput, DAY_KINDS, create_calendar, remove_calendar_day, set_calendar_day,
    update_calendar,
};
pub use categories::{create_category, update_category};
pub use law::{put_profile, read_profile, retire_profile};
pub use own::{change_password, remove_totp, set_totp, update_own};
pub use people::{
    UserInput, create_user, deactivate_user, reactivate_user, reset_password, reset_totp,
    set_roles, update_user,
};
pub use tokens::{NewToken, create_token, revoke_token, token_hash, token_secret};
pub use units::{create_unit, update_unit};

use tanggap_kernel::error::{Check, Invalid};
use tanggap_kernel::{Access, Event, Result, Subject};
use tanggap_store::Tx;

/// The kind of job that counts an agency's open deadlines again; its key is the agency's id.
pub const RECOUNT: &str = "calendar_changed";

/// Plans the recount of the agency's open deadlines, after something that they hang on changed: a
/// calendar, or the calendar or zone by which the agency or a unit works.
fn plan_recount(tx: &mut Tx<'_>, access: &Access) -> Result<()> {
    let (agency, now) = (access.agency_id, tx.now());
    Ok(tx.schedule(agency, RECOUNT, &agency.to_string(), now, "{}")?)
}

/// An event of this agency by whoever acts.
fn event(access: &Access, kind: &'static str, of: &'static str, id: i64) -> Event {
    let subject = Subject { kind: of, id };
    let event = Event::new(access.agency_id, kind, subject, access.actor);
    match access.on_behalf_of {
        Some(actor) => event.on_behalf_of(actor),
        None => event,
    }
}

/// Requires a text of at most `max` characters that is not empty.
fn text(check: &mut Check, field: &str, value: &str, max: usize) {
    check.require(!value.trim().is_empty(), field, "ui-invalid-required");
    short(check, field, value, max);
}

/// Requires a text of at most `max` characters.
fn short(check: &mut Check, field: &str, value: &str, max: usize) {
    if value.chars().count() > max {
        check.push(Invalid::new(field, "ui-invalid-long").arg("max", max));
    }
}

/// Requires an e-mail address, or nothing.
fn email(check: &mut Check, field: &str, value: &str) {
    let sound = value.trim().is_empty() || crate::rules::is_email(value.trim());
    check.require(sound, field, "ui-invalid-email");
}

/// The text without blanks around it.
fn trimmed(text: &str) -> String {
    text.trim().to_owned()
}
