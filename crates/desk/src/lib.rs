//! The desk: where agents, unit officers and supervisors see cases and move them.
//!
//! Screens only: every decision is made in `tanggap_cases`. Read in this order: [`queue`] (what a
//! list holds), `row` (one line of it), `list`, `case` (one case with its timeline), `steps` (what
//! can be done with it), then `unit`, `board`, `counter`, and `stream` with `reactions` (what
//! makes the pages live).
//!
//! Invariants: a figure and the list behind it come from one filter; a case is never shown, named
//! or streamed to those whom it is about; a form carries the version that was seen.

mod board;
mod case;
mod chats;
mod counter;
mod counts;
mod denied;
mod duty;
mod erasure;
mod export;
mod files;
mod forms;
mod hand_over;
mod inquiries;
mod line_settings;
mod lines;
mod list;
mod log;
mod paper;
mod person;
mod pick;
mod presence;
pub mod queue;
mod quick;
mod reactions;
mod reminders;
mod reply_settings;
mod row;
mod search;
mod sending;
mod steps;
mod stream;
mod talks;
mod term;
mod timeline;
mod undo;
mod unit;
mod upload;
mod view;
mod words;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Extension};
use axum::routing::{get, post};
use tanggap_ui::Ctx;

pub use reactions::spawn_reactions;

/// The most bytes of a form with its files.
const FORM_BYTES_MAX: usize = 64 << 20;

/// All routes of the desk.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/meja", get(list::show))
        .route("/meja/unduh", get(export::download))
        .route("/meja/baru", get(counter::form).post(counter::register))
        .route("/meja/baru/serupa", get(counter::hint))
        .route("/meja/warga/{id}", get(person::history))
        .route("/meja/{code}", get(case::show))
        .route("/meja/{code}/langkah", get(person::back).post(steps::take))
        .route("/meja/{code}/draf", post(steps::keep_draft))
        .route("/meja/{code}/hadir", post(presence::ping))
        .route("/meja/{code}/identitas", get(person::back).post(person::reveal))
        .route("/meja/{code}/tenggat", get(term::explain))
        .route("/meja/{code}/cetak", get(case::print))
        .route("/meja/warga/{id}/kontak", get(paper::form_alone).post(paper::register_alone))
        .route("/meja/{code}/kontak", get(paper::form).post(paper::register))
        .route("/berkas/{id}", get(files::whole))
        .route("/berkas/{id}/kecil", get(files::small))
        .merge(talks::routes())
        .merge(inquiries::routes())
        .merge(quick::routes())
        .route("/unit", get(unit::show))
        .route("/penyelia", get(board::show))
        .route("/perintah", get(search::palette))
        .route("/arus", get(stream::listen))
        .merge(sending::routes())
        .merge(duty::routes())
        .merge(hand_over::routes())
        .merge(lines::routes())
        .merge(pick::routes())
        .merge(reminders::routes())
        .merge(line_settings::routes())
        .merge(reply_settings::routes())
        .merge(erasure::routes())
        .route(chats::HOME, get(chats::list))
        .route("/pengaturan/obrolan/{id}", get(chats::show).post(chats::save))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(Extension(counts::Counts::default()))
        .layer(Extension(presence::Presence::default()))
}

/// The statements of this crate, for the test that reads every plan.
#[must_use]
pub fn statements() -> Vec<&'static tanggap_store::Sql> {
    log::STATEMENTS.to_vec()
}
