//! Screens of sign-in, of one's own account and of the agency's settings.

mod account;
mod setup;
mod sign_in;

use axum::Router;
use tanggap_ui::Ctx;

pub(crate) fn routes() -> Router<Ctx> {
    Router::new().merge(sign_in::routes()).merge(account::routes()).merge(setup::routes())
}

/// The QR code of an address as SVG.
fn qr(_url: &str) -> String {
    String::new()
}
