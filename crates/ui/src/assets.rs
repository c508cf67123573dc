//! The browser's files: styles, scripts, icons. Their names carry a hash of their content, so a
//! browser may keep them for ever; each also exists gzipped, made once at build time.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::embedded;

static URLS: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let names: HashMap<String, String> =
        serde_json::from_str(&embedded::MANIFEST).unwrap_or_default();
    names.into_iter().map(|(name, hashed)| (name, format!("/assets/{hashed}"))).collect()
});

static FILES: LazyLock<HashMap<&'static str, &'static [u8]>> =
    LazyLock::new(|| embedded::FILES.iter().copied().collect());

/// The address of a browser file by its plain name: `asset("desk.css")` gives
/// `/assets/desk-0123456789.css`. An unknown name gives an address that answers 404.
#[must_use]
pub fn asset(name: &str) -> &'static str {
    URLS.get(name).map_or("/assets/unknown", String::as_str)
}

/// Routes that serve the files below `/assets/`.
pub fn routes<S: Clone + Send + Sync + 'static>() -> axum::Router<S> {
    axum::Router::new().route("/assets/{file}", get(serve)).route("/favicon.ico", get(favicon))
}

async fn favicon(headers: HeaderMap) -> Response {
    let file = asset("favicon.svg").trim_start_matches("/assets/");
    send(file, &headers)
}

async fn serve(Path(file): Path<String>, headers: HeaderMap) -> Response {
    send(&file, &headers)
}

/// Answers with a browser file by its plain name: for what other sites name for years. The caller
/// sets how long it may be kept.
#[must_use]
pub fn serve_named(name: &str, headers: &HeaderMap) -> Response {
    send(asset(name).trim_start_matches("/assets/"), headers)
}

fn send(file: &str, headers: &HeaderMap) -> Response {
    let Some(plain) = FILES.get(file) else { return StatusCode::NOT_FOUND.into_response() };
    let zipped = accepts_gzip(headers).then(|| FILES.get(format!("{file}.gz").as_str())).flatten();
    let mut response = zipped.unwrap_or(plain).into_response();
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(file)));
    out.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if zipped.is_some() {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let Some(accepted) = headers.get(header::ACCEPT_ENCODING) else { return false };
    let accepted = accepted.to_str().unwrap_or_default();
    accepted.split(',').any(|part| {
        let mut words = part.split(';').map(str::trim);
        words.next() == Some("gzip") && !words.any(|word| word == "q=0" || word == "q=0.0")
    })
}

fn content_type(file: &str) -> &'static str {
    match file.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_file_has_an_address_and_a_gzip_twin() {
        for name in [
            "desk.css",
            "desk.js",
            "citizen.css",
            "citizen.js",
            "pow.js",
            "wall.js",
            "wall.css",
            "icons.svg",
            "obrolan.js",
            "chat.js",
            "chat.css",
        ] {
            let file = asset(name).trim_start_matches("/assets/");
            assert!(FILES.contains_key(file), "{name} is not built");
            assert!(FILES.contains_key(format!("{file}.gz").as_str()), "{name} has no gzip twin");
        }
    }

    #[test]
    fn gzip_is_sent_only_to_who_takes_it() {
        let file = asset("favicon.svg").trim_start_matches("/assets/");
        for (accept, gzip) in [("gzip, br", true), ("br", false), ("gzip;q=0", false)] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accept));
            let response = send(file, &headers);
            assert_eq!(response.headers().contains_key(header::CONTENT_ENCODING), gzip, "{accept}");
        }
        assert_eq!(send("../Cargo.toml", &HeaderMap::new()).status(), StatusCode::NOT_FOUND);
    }
}
