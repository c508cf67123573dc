//! Who the agency is: its units, people and roles, its calendars, categories and law profiles, and
//! the doors of staff and of integrations.
//!
//! Read in this order: [`model`] (plain data), [`rules`] (what each role may do), [`store`]
//! (reading it), [`actions`] (changing it). [`account`] turns a person into an
//! [`Access`](tanggap_kernel::Access), which is the only key to everything else.
//!
//! Invariants: a permission that no role names is held by nobody; every change is an event; an
//! agency that is set up always has an administrator, a calendar and the category `umum`.

pub mod account;
pub mod actions;
pub mod door;
pub mod model;
mod pages;
pub mod password;
pub mod rules;
pub mod sessions;
pub mod sheet;
pub mod signin;
pub mod store;
pub mod throttle;
pub mod totp;

pub use account::{access_by, access_of};
pub use actions::{
    create_agency, create_calendar, create_category, create_token, create_unit, create_user,
    deactivate_user, open_agency, put_profile, reactivate_user, remove_calendar_day,
    retire_profile, revoke_token, set_calendar_day, set_roles, update_agency, update_calendar,
    update_category, update_unit, update_user,
};
pub use door::{SignedForm, Staff, Visitor};
pub use model::*;
pub use rules::{Role, TokenScope, permissions};
pub use store::{
    People, agencies, agency, agency_by_slug, base_path, calendar, calendar_days, calendar_for,
    calendars, categories, category, category_by_slug, law_overrides, names, people,
    profile_by_key, profile_for, roles_of, superior, token_access, tokens, unit, unit_by_code,
    units, units_under, user, user_by_email, users_of_unit, working_calendar,
};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tanggap_kernel::Fault;

/// The statements of this crate, for the test that reads every plan.
#[must_use]
pub fn statements() -> Vec<&'static tanggap_store::Sql> {
    let mut all = store::statements();
    all.extend(sessions::STATEMENTS);
    all.extend(throttle::STATEMENTS);
    all
}

/// All routes of this crate: sign-in, one's own account, the settings of the agency.
pub fn routes() -> axum::Router<tanggap_ui::Ctx> {
    pages::routes()
}

/// Reads JSON that we wrote ourselves.
#[track_caller]
fn json<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|e| Fault::new(format!("json: {e}")))
}

/// Reads one of the words of an enumeration as it is stored.
#[track_caller]
fn word<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|e| Fault::new(format!("word: {e}")))
}

/// The word of an enumeration's value.
fn word_of(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
