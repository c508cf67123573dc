//! A page that one's roles do not open, told among one's own pages.

use askama::Template;
use axum::http::StatusCode;
use tanggap_org::door::Staff;
use tanggap_ui::{Answer, Ctx, Page, respond};

#[derive(Template)]
#[template(path = "denied.html")]
struct DeniedPage {
    page: Page,
}

/// Says that no role of theirs opens this page, and who can change that.
pub(crate) fn tell(ctx: &Ctx, staff: &Staff) -> Answer {
    let page = staff.page(ctx, "desk-denied");
    Ok(respond::html_status(StatusCode::FORBIDDEN, DeniedPage { page }))
}
