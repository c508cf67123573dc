//! The doors of other programs: the HTTP API, its description and its readable page.
//!
//! Read in this order: [`problem`] (how it says no), [`door`] (who calls), [`fields`] (what a
//! request may hold), [`once`] (the same request twice), [`views`] (what it answers), [`cases`]
//! and [`moves`] (the calls), [`spec`] (the description, made from the same tables and structs).
//!
//! **No input makes it fail**: whatever comes is done, or refused with a problem of RFC 9457.

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::routing::{any, get, post};
use axum::{Extension, Router, middleware};
use tanggap_ui::Ctx;

pub mod body;
pub mod cases;
pub mod deadlines;
pub mod docs;
pub mod door;
pub mod fields;
pub mod lists;
pub mod moves;
pub mod notations;
pub mod once;
pub mod problem;
pub mod spec;
pub mod views;

/// Everything under `/api`. The paths stand in full, since nesting costs each request more than
/// the door does.
pub fn routes() -> Router<Ctx> {
    let per_second = NonZeroU32::new(door::CALLS_PER_SECOND).unwrap_or(NonZeroU32::MIN);
    Router::new()
        .route("/api/v1/cases", get(cases::list).post(cases::create))
        .route("/api/v1/cases/{code}", get(cases::show))
        .route("/api/v1/cases/{code}/messages", get(moves::messages).post(moves::say))
        .route("/api/v1/cases/{code}/transitions", post(moves::transition))
        .route("/api/v1/cases/{code}/events", get(moves::events))
        .route("/api/v1/cases/{code}/deadlines", get(moves::deadlines))
        .route("/api/v1/categories", get(lists::categories))
        .route("/api/v1/units", get(lists::units))
        .route("/api/v1/deadlines", get(deadlines::due))
        .route("/api/openapi.json", get(spec::show))
        .route("/api/docs", get(docs::show))
        .route("/api", any(problem::not_found))
        .route("/api/", any(problem::not_found))
        .route("/api/{*rest}", any(problem::not_found))
        .method_not_allowed_fallback(problem::wrong_method)
        .layer(Extension(Arc::new(door::Door::new(per_second))))
        .layer(middleware::from_fn(problem::tell))
}

/// The statements of this crate, for the test that reads every plan.
#[must_use]
pub fn statements() -> Vec<&'static tanggap_store::Sql> {
    [moves::STATEMENTS, once::STATEMENTS, spec::STATEMENTS].into_iter().flatten().copied().collect()
}
