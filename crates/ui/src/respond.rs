//! Answers: a page, a refused form, a way onwards, a problem told in the reader's language, and
//! the headers that keep a browser from doing what we did not ask of it.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tanggap_kernel::error::FaultKind;
use tanggap_kernel::{Error, Refusal};

use crate::frame::Page;
use crate::i18n::t_opt;

/// 200 with a page.
#[must_use]
pub fn html(page: impl Template) -> Response {
    html_status(StatusCode::OK, page)
}

/// 422 with the page of a form that was refused (Turbo shows it in place).
#[must_use]
pub fn unprocessable(page: impl Template) -> Response {
    html_status(StatusCode::UNPROCESSABLE_ENTITY, page)
}

/// A page with any status. A page that cannot be rendered is a fault of ours: logged, and 500.
#[must_use]
pub fn html_status(status: StatusCode, page: impl Template) -> Response {
    match page.render() {
        Ok(body) => {
            let kind = HeaderValue::from_static("text/html; charset=utf-8");
            (status, [(header::CONTENT_TYPE, kind)], body).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "page does not render");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// 303 to a place of ours, after a form was taken.
#[must_use]
pub fn see_other(path: &str) -> Response {
    match HeaderValue::from_str(path) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Turbo Stream elements as an answer to a form.
#[must_use]
pub fn streams(body: String) -> Response {
    let kind = HeaderValue::from_static("text/vnd.turbo-stream.html; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

/// A problem, told in the reader's language with a way onwards.
#[derive(Debug, Template)]
#[template(path = "problem.html")]
struct Problem {
    page: Page,
    code: u16,
    detail: String,
}

/// The page for a status that is not success: 403, 404, 409, 413, 429, 503, else 500's text.
#[must_use]
pub fn problem(page: Page, status: StatusCode) -> Response {
    problem_with(page, status, String::new())
}

/// The same with a sentence of its own below the heading (already in the reader's language).
#[must_use]
pub fn problem_with(mut page: Page, status: StatusCode, detail: String) -> Response {
    let known = [403, 404, 409, 413, 422, 429, 503];
    let code = if known.contains(&status.as_u16()) { status.as_u16() } else { 500 };
    page.title = page.t(format!("ui-problem-{code}")).into_owned();
    html_status(status, Problem { page, code, detail })
}

/// The status that tells of an error; nobody is told that something exists which they may not see.
#[must_use]
pub fn status_of(error: &Error) -> StatusCode {
    match error {
        Error::Refused(Refusal::NotFound) => StatusCode::NOT_FOUND,
        Error::Refused(Refusal::Forbidden) => StatusCode::FORBIDDEN,
        Error::Refused(Refusal::Invalid(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Refused(Refusal::Stale | Refusal::Illegal(_)) => StatusCode::CONFLICT,
        Error::Refused(Refusal::TooMany { .. }) => StatusCode::TOO_MANY_REQUESTS,
        Error::Fault(fault) => match fault.kind {
            FaultKind::Broken => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        },
    }
}

/// The page for an error; a fault is logged with the place where it arose and shown as opaque.
#[must_use]
pub fn failure(page: Page, error: &Error) -> Response {
    if let Error::Fault(fault) = error {
        tracing::error!(%fault, "request failed");
    }
    let detail = match error {
        Error::Refused(Refusal::Illegal(key)) => t_opt(page.locale, key).unwrap_or_default(),
        Error::Fault(fault) if fault.kind == FaultKind::Full => {
            t_opt(page.locale, "ui-problem-full").unwrap_or_default()
        }
        _ => std::borrow::Cow::Borrowed(""),
    };
    let mut response = problem_with(page, status_of(error), detail.into_owned());
    if let Error::Refused(Refusal::TooMany { retry_after_s }) = error {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*retry_after_s));
    }
    response
}

/// What pages may load: only our own files, no inline script or style, and nobody may frame them.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; \
     object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Adds the security headers to an answer that does not set them itself; use with
/// `axum::middleware::map_response`.
pub async fn security_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    // A page that says itself who may frame it is not refused by the older header too.
    let framed = headers.get(header::CONTENT_SECURITY_POLICY).is_some_and(|policy| {
        policy.to_str().is_ok_and(|policy| policy.contains("frame-ancestors"))
    });
    if !framed {
        headers.entry(header::X_FRAME_OPTIONS).or_insert(HeaderValue::from_static("DENY"));
    }
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    let policy = "camera=(self), geolocation=(self), microphone=(), payment=()";
    let opener = "same-origin";
    for (name, value) in [("permissions-policy", policy), ("cross-origin-opener-policy", opener)] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Text;
    use tanggap_kernel::Locale;

    #[test]
    fn problems_are_told_in_both_languages() {
        for locale in Locale::ALL {
            for code in [403, 404, 409, 413, 422, 429, 500, 503] {
                let text = Text { locale, ..Text::default() };
                let status = StatusCode::from_u16(code).unwrap();
                assert_eq!(problem(Page::new(text, ""), status).status(), status);
                for key in [format!("ui-problem-{code}"), format!("ui-problem-{code}.help")] {
                    assert!(t_opt(locale, &key).is_some(), "{key} is missing");
                }
            }
        }
    }
}
