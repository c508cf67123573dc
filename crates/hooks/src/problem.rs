//! How the API says no: RFC 9457 problem details, in the reader's language.
//!
//! A handler returns a [`Problem`]; one layer around all routes ([`tell`]) writes it, so that the
//! language is looked at once and no handler builds a body. Under `/api` nothing else answers
//! with an error: unknown paths and methods come here too.

use std::borrow::Cow;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tanggap_kernel::error::FaultKind;
use tanggap_kernel::{Error, Fault, Invalid, Locale, Refusal};
use tanggap_ui::{Arg, t, t_args};
use utoipa::ToSchema;

/// The media type of every error.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// The kinds of problem: word of the type's address, and status.
pub const KINDS: [(&str, u16); 13] = [
    ("malformed", 400),
    ("unauthorized", 401),
    ("forbidden", 403),
    ("not-found", 404),
    ("method", 405),
    ("illegal", 409),
    ("stale", 409),
    ("too-large", 413),
    ("media-type", 415),
    ("invalid", 422),
    ("too-many", 429),
    ("fault", 500),
    ("unavailable", 503),
];

/// An error on its way to the caller.
#[derive(Clone, Debug)]
pub struct Problem {
    kind: &'static str,
    status: StatusCode,
    /// The key of a sentence of its own; otherwise that of the kind.
    detail: Option<&'static str>,
    errors: Vec<Invalid>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem of one of the [`KINDS`].
    #[must_use]
    pub fn new(kind: &'static str) -> Self {
        let code = KINDS.iter().find(|(word, _)| *word == kind).map_or(500, |(_, code)| *code);
        let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { kind, status, detail: None, errors: Vec::new(), headers: Vec::new() }
    }

    /// Fields to correct.
    #[must_use]
    pub fn invalid(errors: Vec<Invalid>) -> Self {
        Self { errors, ..Self::new("invalid") }
    }

    /// The same with a header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same where the caller knows a field by another name than the house does.
    #[must_use]
    pub fn known_as(mut self, ours: &str, theirs: &'static str) -> Self {
        for error in self.errors.iter_mut().filter(|error| error.field == ours) {
            error.field = theirs.into();
        }
        self
    }

    /// The same as another kind: what names a thing that is not there is no slip of the pen.
    #[must_use]
    pub fn conflict_over(self, fields: &[&str]) -> Self {
        let about = |error: &Invalid| fields.contains(&error.field.as_str());
        if self.kind == "invalid" && self.errors.iter().all(about) {
            return Self { errors: self.errors, ..Self::new("illegal") };
        }
        self
    }

    fn write(self, locale: Locale) -> Response {
        let title = format!("hooks-problem-{}", self.kind);
        let detail = match self.detail {
            Some(key) => t(locale, key),
            None => t(locale, &format!("{title}.detail")),
        };
        let told: Vec<FieldError> = self.errors.iter().map(|e| told(locale, e)).collect();
        let body = ProblemView {
            kind: format!("/api/docs#{}", self.kind),
            title: t(locale, &title),
            status: self.status.as_u16(),
            detail,
            errors: (!told.is_empty()).then_some(told),
        };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let kind = HeaderValue::from_static(MEDIA_TYPE);
        let mut response = (self.status, [(header::CONTENT_TYPE, kind)], body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(locale.tag()));
        headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(self.headers);
        response
    }
}

fn told(locale: Locale, error: &Invalid) -> FieldError {
    let args: Vec<(&str, Arg<'_>)> =
        error.args.iter().map(|(name, value)| (*name, value.as_str().into())).collect();
    let message = t_args(locale, error.message, &args);
    FieldError { field: error.field.clone(), message: message.into_owned() }
}

/// What went wrong, after RFC 9457.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemView<'a> {
    /// The address that explains this kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "/api/docs#invalid")]
    kind: String,
    /// The kind of problem in a few words.
    #[schema(value_type = String)]
    title: Cow<'a, str>,
    /// The status, as in the answer's first line.
    #[schema(minimum = 400, maximum = 599, example = 422)]
    status: u16,
    /// What to do about it.
    #[schema(value_type = String)]
    detail: Cow<'a, str>,
    /// The fields to correct, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Vec<FieldError>>,
}

/// One field to correct.
#[derive(Serialize, ToSchema)]
pub struct FieldError {
    /// Its path: `reporter.phone`; empty for the whole body.
    #[schema(example = "subject")]
    field: String,
    /// What is wrong with it.
    message: String,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::new("not-found"),
            Refusal::Forbidden => Self::new("forbidden"),
            Refusal::Invalid(errors) => Self::invalid(errors),
            Refusal::Stale => Self::new("stale"),
            Refusal::Illegal(key) => Self { detail: Some(key), ..Self::new("illegal") },
            Refusal::TooMany { retry_after_s } => Self::new("too-many")
                .with(header::RETRY_AFTER, HeaderValue::from(retry_after_s.max(1))),
        }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        tracing::error!(%fault, "request failed");
        match fault.kind {
            FaultKind::Broken => Self::new("fault"),
            FaultKind::Full => Self { detail: Some("ui-problem-full"), ..Self::new("unavailable") },
            _ => Self::new("unavailable").with(header::RETRY_AFTER, HeaderValue::from_static("5")),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            Error::Fault(fault) => fault.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The layer that writes every [`Problem`].
pub async fn tell(request: Request, next: Next) -> Response {
    let locale = locale_of(request.headers());
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<Problem>() {
        Some(problem) => {
            let allow = response.headers_mut().remove(header::ALLOW);
            let mut told = problem.write(locale);
            told.headers_mut().extend(allow.map(|value| (header::ALLOW, value)));
            told
        }
        None => response,
    }
}

/// Whatever is not there.
pub async fn not_found() -> Problem {
    Problem::new("not-found")
}

/// A method that a path does not know; `OPTIONS` is told which it does (the router adds them).
pub async fn wrong_method(method: Method) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    Problem::new("method").into_response()
}

/// The language asked for by `Accept-Language`; Indonesian where none of ours is.
#[must_use]
pub fn locale_of(headers: &HeaderMap) -> Locale {
    let line = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let mut best = (0.0, Locale::default());
    for range in line.unwrap_or("").split(',').take(16) {
        let (tag, weight) = range.split_once(';').unwrap_or((range, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.parse().ok());
        if let (Some(locale), Some(weight)) = (Locale::parse(tag.trim()), weight)
            && weight > best.0
        {
            best = (weight, locale);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_one_most_wished_for() {
        for (line, expected) in [
            ("en", Locale::En),
            ("fr, en;q=0.5, id;q=0.4", Locale::En),
            ("id-ID, en;q=0.9", Locale::Id),
            ("en;q=0", Locale::Id),
            ("*", Locale::Id),
            ("", Locale::Id),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(line));
            assert_eq!(locale_of(&headers), expected, "{line}");
        }
    }

    #[test]
    fn every_kind_is_told_in_both_languages() {
        for (kind, status) in KINDS {
            assert_eq!(Problem::new(kind).status.as_u16(), status);
            for locale in Locale::ALL {
                for key in [format!("hooks-problem-{kind}"), format!("hooks-problem-{kind}.detail")]
                {
                    assert_ne!(t(locale, &key), key);
                }
            }
        }
    }
}
