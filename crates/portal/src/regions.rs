//! Suggestions while one types the name of a region. The form's search finds the same without
//! scripts; this only saves the way there and back.

use askama::Template;
use axum::extract::Query;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tanggap_ui::{Text, respond};

use crate::door::Door;
use crate::draft::{region_name, regions_for};

/// Shorter beginnings fit half of the country.
const LETTERS_MIN: usize = 2;

/// What was typed so far.
#[derive(Deserialize)]
pub struct Typed {
    q: Option<String>,
}

/// A region as a suggestion.
struct Suggestion {
    code: String,
    name: &'static str,
    /// What it lies in.
    within: String,
    /// All of it, as it is put into the field.
    whole: String,
}

#[derive(Template)]
#[template(path = "regions.html")]
struct Suggestions {
    page: Text,
    found: Vec<Suggestion>,
}

/// `GET /wilayah?q=`: options of a list box; empty while too little is typed.
pub async fn suggest(door: Door, Query(typed): Query<Typed>) -> Response {
    let typed = typed.q.unwrap_or_default();
    let typed = typed.trim();
    if typed.chars().count() < LETTERS_MIN {
        return ().into_response();
    }
    let suggestion = |region: tanggap_regions::Region| {
        let whole = region_name(region.code);
        let within = whole.split_once(", ").map_or("", |(_, within)| within).to_owned();
        Suggestion { code: region.code.to_string(), name: region.name, within, whole }
    };
    let found = regions_for(typed).into_iter().map(suggestion).collect();
    let mut response = respond::html(Suggestions { page: door.text(), found });
    let kept = HeaderValue::from_static("private, max-age=3600");
    response.headers_mut().insert(header::CACHE_CONTROL, kept);
    response
}
