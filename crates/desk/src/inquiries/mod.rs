//! `/meja/{code}/pihak-lain`: asking somebody outside about a case by mail. [`form`] holds the
//! letter and its preview, [`list`] what waits and what came, [`panel`] what the case's page shows.
//! What may go along and every word of the letter is decided in `tanggap_cases::inquiries`.

mod form;
mod list;
pub(crate) mod panel;

use axum::Router;
use axum::routing::get;
use tanggap_ui::Ctx;

pub(crate) use list::HOME;

pub(crate) fn routes() -> Router<Ctx> {
    Router::new()
        .route(HOME, get(list::show))
        .route("/meja/{code}/pihak-lain", get(form::new).post(form::take_new))
        .route("/meja/{code}/pihak-lain/{id}", get(form::again).post(form::take_again))
}
