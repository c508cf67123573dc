//! Language and theme: two cookies that hold no secret, and the one route that sets them.

use axum::Form;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tanggap_kernel::Locale;

use crate::frame::Theme;

/// What the reader chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prefs {
    /// Their language; Indonesian unless they chose another.
    pub locale: Locale,
    /// Their theme.
    pub theme: Theme,
}

impl Prefs {
    /// Reads the cookies `locale` and `theme`.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Self {
        Self {
            locale: cookie(headers, "locale").and_then(Locale::parse).unwrap_or_default(),
            theme: cookie(headers, "theme").map(Theme::parse).unwrap_or_default(),
        }
    }
}

/// The value of a cookie, as it was sent.
#[must_use]
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
}

/// `POST /preferensi` with `locale` or `theme` and `back`: sets the cookie and goes back.
pub fn routes<S: Clone + Send + Sync + 'static>() -> axum::Router<S> {
    axum::Router::new().route("/preferensi", post(choose))
}

#[derive(serde::Deserialize)]
struct Chosen {
    locale: Option<String>,
    theme: Option<String>,
    #[serde(default)]
    back: String,
}

async fn choose(Form(chosen): Form<Chosen>) -> Response {
    let mut response = crate::respond::see_other(local_path(&chosen.back));
    let locale = chosen.locale.as_deref().and_then(Locale::parse).map(|locale| locale.tag());
    let theme = chosen.theme.as_deref().map(|name| Theme::parse(name).name());
    for (name, value) in [("locale", locale), ("theme", theme)] {
        let Some(value) = value else { continue };
        let cookie = format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax");
        match HeaderValue::from_str(&cookie) {
            Ok(cookie) => response.headers_mut().append(header::SET_COOKIE, cookie),
            Err(_) => return StatusCode::BAD_REQUEST.into_response(),
        };
    }
    response
}

/// `path` if it leads to a place of ours, else `/`: never sends anyone to another site.
#[must_use]
pub fn local_path(path: &str) -> &str {
    let local = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains(|c: char| c == '\\' || c.is_control());
    if local { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_places_are_gone_back_to() {
        for (path, expected) in [
            ("/meja?q=1", "/meja?q=1"),
            ("//evil.example", "/"),
            ("https://evil.example", "/"),
            ("/\\evil.example", "/"),
            ("", "/"),
        ] {
            assert_eq!(local_path(path), expected);
        }
    }

    #[test]
    fn preferences_come_from_cookies() {
        let mut headers = HeaderMap::new();
        assert_eq!(Prefs::from_headers(&headers), Prefs::default());
        headers.insert(header::COOKIE, HeaderValue::from_static("a=b; locale=en; theme=dark"));
        let prefs = Prefs::from_headers(&headers);
        assert_eq!((prefs.locale, prefs.theme), (Locale::En, Theme::Dark));
    }
}
