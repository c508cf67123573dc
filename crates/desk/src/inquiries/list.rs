//! `/pihak-lain`: what came from those outside who were asked and nobody has called read, and who
//! has not answered yet.

use askama::Template;
use axum::extract::State;
use tanggap_cases::inquiries::store::{self, OfCase};
use tanggap_conversations::outbound;
use tanggap_kernel::{Permission, Refusal, Result};
use tanggap_org::door::Staff;
use tanggap_ui::{Answer, Ctx, Page, respond};

use super::panel::Line;
use crate::{log, stream};

/// Where the list is.
pub(crate) const HOME: &str = "/pihak-lain";

/// A line, and the case that it is about.
struct Row {
    line: Line,
    code: String,
    subject: String,
}

#[derive(Template)]
#[template(path = "inquiries.html")]
struct ListPage {
    page: Page,
    parts: [Part; 2],
}

/// A part of the list.
struct Part {
    id: &'static str,
    title: &'static str,
    /// What is said where it is empty.
    none: &'static str,
    rows: Vec<Row>,
}

/// `GET /pihak-lain`.
pub(crate) async fn show(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    let (access, text) = (staff.access.clone(), staff.text());
    if !access.can_somewhere(Permission::CaseRead) {
        return Err(Refusal::Forbidden.into());
    }
    let (news, waiting, head) = ctx
        .db
        .read(move |tx| {
            let (news, waiting) = store::lists(tx, &access)?;
            let mut rows = |list: Vec<OfCase>| -> Result<Vec<Row>> {
                let mut rows = Vec::new();
                for (one, case) in list {
                    let sent = outbound::of_exchange(tx, &access, one.interaction)?;
                    let line = Line::new(text, &case.code, &one, &sent);
                    rows.push(Row { line, code: case.code, subject: case.subject });
                }
                Ok(rows)
            };
            Ok((rows(news)?, rows(waiting)?, log::head(tx, access.agency_id)?))
        })
        .await?;
    let mut page = staff.page(&ctx, "inquiry-list");
    page.topics = stream::LISTS.to_owned();
    page.cursor = head.to_string();
    let part = |id, title, none, rows| Part { id, title, none, rows };
    let parts = [
        part("baru", "inquiry-list-news", "inquiry-list-news-none", news),
        part("menunggu", "inquiry-list-waiting", "inquiry-list-waiting-none", waiting),
    ];
    Ok(respond::html(ListPage { page, parts }))
}
