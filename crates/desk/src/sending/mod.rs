//! `/pengaturan/kiriman`: what goes out, for administrators. The queue of each channel and what did
//! not go out ([`queue`]), the rules of a channel ([`rules`]), the addresses that are not written
//! to ([`stops`]).

mod queue;
mod rules;
mod stops;

use axum::Router;
use axum::routing::get;
use tanggap_ui::{Choice, Ctx, Text};

use crate::words;

const HOME: &str = "/pengaturan/kiriman";
/// The channels by which an agency writes first or answers.
const CHANNELS: [&str; 3] = ["email", "sms", "whatsapp"];

pub(crate) fn routes() -> Router<Ctx> {
    Router::new()
        .route(HOME, get(queue::show).post(queue::decide))
        .route("/pengaturan/kiriman/aturan/{channel}", get(rules::show).post(rules::change))
        .route("/pengaturan/kiriman/alamat", get(stops::show).post(stops::change))
}

/// The channels as choices, with those of `more` that are not among the usual ones.
fn channels(text: Text, more: impl Iterator<Item = String>) -> Vec<Choice> {
    let mut names: Vec<String> = CHANNELS.into_iter().map(str::to_owned).collect();
    names.extend(more);
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| Choice::new(&name, words::channel(text, &name))).collect()
}
