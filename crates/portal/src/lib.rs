//! The citizens' portal: ask, report, track, thank. No account, no JavaScript needed.
//!
//! Read in this order: [`home`], [`report`] (with [`draft`], [`form`] and [`receipt`]), [`track`]
//! (who may see a case), [`mine`] (who lost code or PIN), [`parcel`] and [`story`] (what they see),
//! [`moves`] (what they do), [`invite`] (links in letters).
//! [`door`] finds the agency, [`sent`] reads forms, [`sealed`] signs what goes through a browser,
//! [`pow`] and [`limits`] keep floods out without shutting out a village. [`chat`] is the web chat.
//!
//! Invariants: a code without its PIN shows nothing; no page of a citizen holds the name of an
//! officer, an internal note or who a complaint is about; nothing typed is lost on an error.

pub mod chat;
pub mod days;
pub mod door;
pub mod draft;
pub mod form;
pub mod home;
pub mod invite;
pub mod limits;
pub mod live;
pub mod mine;
pub mod moves;
pub mod parcel;
pub mod pow;
pub mod receipt;
pub mod regions;
pub mod report;
pub mod sealed;
pub mod sent;
pub mod story;
pub mod track;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::{Extension, Router};
use tanggap_ui::Ctx;

pub use live::spawn_reactions;

/// The statements of this crate, for the test that reads every plan.
#[must_use]
pub fn statements() -> Vec<&'static tanggap_store::Sql> {
    [pow::STATEMENTS, parcel::STATEMENTS].into_iter().flatten().copied().collect()
}

/// All routes: of the oldest agency at the root, of a named one under `/i/{slug}`.
///
/// The node may add an `Extension` with a [`Scanner`](tanggap_conversations::files::Scanner), by
/// which files are scanned.
pub fn routes() -> Router<Ctx> {
    let named = pages().route("/", get(home::home));
    Router::new()
        .route("/", get(home::home))
        .merge(pages())
        .nest("/i/{slug}", named)
        .route("/pow", get(pow::challenge))
        .layer(DefaultBodyLimit::max(sent::FORM_BYTES_MAX))
        .layer(Extension(Arc::new(limits::Limits::default())))
        .layer(Extension(chat::limits()))
}

fn pages() -> Router<Ctx> {
    Router::new()
        .route("/cari", get(home::search))
        .route("/pengelola", get(home::managers))
        .route("/bantuan", get(home::help))
        .route("/tenggat", get(days::calculator))
        .route("/wilayah", get(regions::suggest))
        .route("/lapor", get(report::start).post(report::send))
        .route("/lapor/pratinjau", post(report::preview).get(report::start))
        .route("/lapor/ubah", post(report::edit).get(report::start))
        .route("/lapor/terima", get(receipt::show))
        .route("/lapor/terima.pdf", get(receipt::pdf))
        .route("/laporan-saya", get(mine::show).post(mine::send))
        .route("/laporan-saya/kode", post(mine::prove))
        .route("/laporan-saya/buka", post(mine::open))
        .route("/laporan-saya/pin", post(mine::renew))
        .route("/laporan-saya/keluar", post(mine::leave))
        .route("/lacak", get(track::form).post(track::enter))
        .route("/lacak/keluar", post(track::leave))
        .route("/lacak/{code}", get(track::show))
        .route("/lacak/{code}/arus", get(live::stream))
        .route("/lacak/{code}/tenggat/{policy}", get(parcel::why))
        .route("/lacak/{code}/berkas/{file}", get(parcel::file))
        .route("/lacak/{code}/berkas/{file}/kecil", get(parcel::small_file))
        .route("/lacak/{code}/langkah/{step}", post(moves::act))
        .route("/buka/{sealed}", get(invite::show).post(invite::open))
        .route("/berhenti/{sealed}", get(invite::ask_stop).post(invite::stop))
        .merge(chat::routes())
}
