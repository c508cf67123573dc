//! `/percakapan`: exchanges on written channels, where citizens wait for a word.
//!
//! [`list`] holds the shelves and one list, [`page`] one talk with its composer, [`template`] the
//! composer where only approved texts may be written, [`steps`] what can be done with a talk,
//! [`signs`] what both sides of a chat see of each other, [`asides`] what staff say beside it,
//! [`language`] in which language it goes on, [`wrap_up`] what is noted when it is over. What is
//! decided is decided in `tanggap_cases::talking`, `asides` and `wrap_up`.

pub(crate) mod asides;
pub(crate) mod language;
pub(crate) mod list;
pub(crate) mod page;
pub(crate) mod signs;
pub(crate) mod steps;
pub(crate) mod template;
pub(crate) mod wrap_up;

use axum::Router;
use axum::routing::{get, post};
use tanggap_ui::Ctx;

use crate::presence;

pub(crate) fn routes() -> Router<Ctx> {
    Router::new()
        .route("/percakapan", get(list::show))
        .route("/percakapan/{id}", get(page::show))
        .route("/percakapan/{id}/langkah", post(steps::take))
        .route("/percakapan/{id}/draf", post(steps::keep_draft))
        .route("/percakapan/{id}/hadir", post(presence::ping_talk))
        .route("/konsultasi/{id}", get(asides::consult).post(asides::advise))
        .route("/percakapan/{id}/laporan", get(steps::report_form).post(steps::report))
}
