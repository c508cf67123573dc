//! Screens of sign-in, of one's own account and of the agency's settings.

mod account;
mod agencies;
mod agency;
mod audit;
mod audit_words;
mod calendars;
mod categories;
mod first_password;
mod hours;
mod import;
mod jobs;
mod law;
mod overview;
mod people;
mod person;
mod settings;
mod setup;
mod sign_in;
mod tokens;
mod units;

use axum::Router;
use tanggap_ui::Ctx;

pub(crate) fn routes() -> Router<Ctx> {
    Router::new()
        .merge(sign_in::routes())
        .merge(account::routes())
        .merge(first_password::routes())
        .merge(setup::routes())
        .merge(overview::routes())
        .merge(agency::routes())
        .merge(agencies::routes())
        .merge(units::routes())
        .merge(import::routes())
        .merge(people::routes())
        .merge(person::routes())
        .merge(calendars::routes())
        .merge(categories::routes())
        .merge(law::routes())
        .merge(tokens::routes())
        .merge(jobs::routes())
        .merge(audit::routes())
}

/// The QR code of an address as SVG; nothing where it is too long for one.
fn qr(url: &str, title: &str) -> String {
    tanggap_press::qr_svg(url, title).unwrap_or_default()
}
