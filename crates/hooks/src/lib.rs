//! The doors of other programs: the HTTP API, its description and its readable page.

use axum::Router;
use tanggap_ui::Ctx;

/// Everything under `/api`.
pub fn routes() -> Router<Ctx> {
    Router::new()
}
