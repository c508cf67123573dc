//! Statements and row mapping. Every function takes the access and reads inside its agency; what
//! is another agency's is simply not found.

pub(crate) mod agencies;
pub(crate) mod audit;
pub(crate) mod calendars;
pub(crate) mod categories;
pub(crate) mod law;
pub(crate) mod people;
pub(crate) mod tokens;
pub(crate) mod units;

pub use agencies::{agencies, agency, agency_by_slug, base_path};
pub use calendars::{calendar, calendar_days, calendar_for, calendars, working_calendar};
pub use categories::{categories, category, category_by_slug};
pub use law::{law_overrides, profile_by_key, profile_for};
pub(crate) use people::signed_in;
pub use people::{
    Found, People, account_by_email, names, people, roles_of, user, user_by_email, users_of_unit,
};
pub use tokens::{token_access, tokens};
pub use units::{superior, unit, unit_by_code, units, units_under};

use tanggap_store::Sql;

pub(crate) fn statements() -> Vec<&'static Sql> {
    [
        agencies::STATEMENTS,
        audit::STATEMENTS,
        calendars::STATEMENTS,
        categories::STATEMENTS,
        law::STATEMENTS,
        people::STATEMENTS,
        tokens::STATEMENTS,
        units::STATEMENTS,
    ]
    .into_iter()
    .flatten()
    .copied()
    .collect()
}
