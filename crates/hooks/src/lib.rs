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

/// Everything under `/api`.
pub fn routes() -> Router<Ctx> {
    let per_second = NonZeroU32::new(door::CALLS_PER_SECOND).unwrap_or(NonZeroU32::MIN);
    let v1 = Router::new()
        .route("/cases", get(cases::list).post(cases::create))
        .route("/cases/{code}", get(cases::show))
        .route("/cases/{code}/messages", get(moves::messages).post(moves::say))
        .route("/cases/{code}/transitions", post(moves::transition))
        .route("/cases/{code}/events", get(moves::events))
        .route("/cases/{code}/deadlines", get(moves::deadlines))
        .route("/categories", get(lists::categories))
        .route("/units", get(lists::units))
        .route("/deadlines", get(deadlines::due));
    let api = Router::new()
        .nest("/v1", v1)
        .route("/openapi.json", get(spec::show))
        .route("/docs", get(docs::show))
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::wrong_method)
        .layer(Extension(Arc::new(door::Door::new(per_second))))
        .layer(middleware::from_fn(problem::tell));
    // The one address under /api that nesting leaves out.
    let bare = any(problem::not_found).layer(middleware::from_fn(problem::tell));
    Router::new().nest("/api", api).route("/api/", bare)
}

/// The statements of this crate, for the test that reads every plan.
#[must_use]
pub fn statements() -> Vec<&'static tanggap_store::Sql> {
    [door::STATEMENTS, moves::STATEMENTS, once::STATEMENTS, spec::STATEMENTS]
        .into_iter()
        .flatten()
        .copied()
        .collect()
}
