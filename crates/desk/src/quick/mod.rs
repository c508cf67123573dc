//! Quick answers: kept at `/pengaturan/jawaban-cepat` ([`manage`]) and put into the composers of
//! cases and talks ([`insert`]), with a script by `/` or a button, without one by a page.

mod insert;
mod manage;

use axum::Router;
use axum::routing::{get, post};
use tanggap_ui::Ctx;

pub(crate) use insert::Place;

/// Where they are kept.
const HOME: &str = "/pengaturan/jawaban-cepat";

pub(crate) fn routes() -> Router<Ctx> {
    Router::new()
        .route(HOME, get(manage::list))
        .route("/pengaturan/jawaban-cepat/baru", get(manage::new).post(manage::create))
        .route("/pengaturan/jawaban-cepat/{id}", get(manage::show).post(manage::change))
        .route("/pengaturan/jawaban-cepat/{id}/hapus", post(manage::delete))
        .route("/jawaban-cepat", get(insert::choose).post(insert::put))
}
