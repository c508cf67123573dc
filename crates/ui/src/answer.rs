//! How a handler fails: it returns the error, and one layer around all routes tells it in the
//! reader's language, so that no handler builds a problem page.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tanggap_kernel::{Error, Fault, Refusal};

use crate::frame::{Page, Text};
use crate::prefs::Prefs;
use crate::respond;

/// What a page's handler returns.
pub type Answer = Result<Response, Failed>;

/// An error on its way to the reader.
#[derive(Clone, Debug)]
pub struct Failed(pub Error);

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self(refusal.into())
    }
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self(fault.into())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let mut response = respond::status_of(&self.0).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The layer that turns [`Failed`] into a page.
pub async fn tell_failures(request: Request, next: Next) -> Response {
    let prefs = Prefs::from_headers(request.headers());
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    let Some(Failed(error)) = response.extensions().get::<Failed>().cloned() else {
        return response;
    };
    let text = Text { locale: prefs.locale, ..Text::default() };
    let mut page = Page::new(text, "");
    page.theme = prefs.theme;
    page.path = path;
    respond::failure(page, &error)
}
