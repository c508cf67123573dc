//! `/meja/unduh`: a list as CSV, page by page, so that a million lines need no memory and hold no
//! transaction open. Without personal data.

use std::collections::HashMap;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use tanggap_cases::model::{Case, CaseId, Details};
use tanggap_cases::queries::PAGE_MAX;
use tanggap_cases::wrap_up;
use tanggap_kernel::paging::Cursor;
use tanggap_kernel::{Access, Permission, Refusal, Result, Timestamp};
use tanggap_org::door::Staff;
use tanggap_org::{CategoryId, Unit};
use tanggap_press::csv::{CsvOptions, CsvTable};
use tanggap_ui::{Answer, Ctx, Text};

use crate::queue::{self, Asked, Narrow, Queue};
use crate::words;

/// The most lines of one file.
const LINES_MAX: usize = 1_000_000;

struct Export {
    ctx: Ctx,
    access: Access,
    text: Text,
    queue: Queue,
    narrow: Narrow,
    after: Option<Cursor>,
    units: Vec<Unit>,
    categories: HashMap<CategoryId, String>,
    lines: usize,
    ended: bool,
}

/// `GET /meja/unduh`.
pub(crate) async fn download(
    State(ctx): State<Ctx>,
    staff: Staff,
    Query(asked): Query<Asked>,
) -> Answer {
    let access = staff.access.clone();
    if !access.can_somewhere(Permission::CaseRead) {
        return Err(Refusal::Forbidden.into());
    }
    let reader = access.clone();
    let locale = staff.prefs.locale;
    let (units, categories) = ctx
        .db
        .read(move |tx| {
            let categories = tanggap_org::categories(tx, &reader)?;
            let named = categories.iter().map(|c| (c.id, c.name_in(locale).to_owned()));
            Ok((tanggap_org::units(tx, &reader)?, named.collect()))
        })
        .await?;
    let queue = Queue::parse(&asked.antrean).unwrap_or(Queue::Open);
    let export = Export {
        text: staff.text(),
        narrow: Narrow::of(&asked),
        after: None,
        lines: 0,
        ended: false,
        queue,
        access,
        ctx,
        units,
        categories,
    };
    Ok(file(export, queue.slug()))
}

fn file(export: Export, name: &str) -> Response {
    let pages = stream::unfold(export, |mut export| async move {
        if export.ended {
            return None;
        }
        let page = export.page().await;
        export.ended |= page.is_err();
        Some((page.map_err(|error| std::io::Error::other(error.to_string())), export))
    });
    // Compression asks once more behind the end.
    let pages = pages.fuse();
    let mut response = Body::from_stream(pages).into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    if let Ok(how) = HeaderValue::from_str(&format!("attachment; filename=\"laporan-{name}.csv\""))
    {
        headers.insert(header::CONTENT_DISPOSITION, how);
    }
    response
}

impl Export {
    async fn page(&mut self) -> Result<Bytes> {
        let (access, queue, narrow, after) =
            (self.access.clone(), self.queue, self.narrow, self.after);
        let (page, reasons) = self
            .ctx
            .db
            .read(move |tx| {
                let page = queue::page(tx, &access, queue, &narrow, after, PAGE_MAX)?;
                let cases: Vec<CaseId> = page.rows.iter().map(|case| case.id).collect();
                let reasons = wrap_up::of_cases(tx, &access, &cases)?;
                Ok((page, reasons))
            })
            .await?;
        let first = self.lines == 0;
        let mut table = CsvTable::new(CsvOptions { bom: first, ..CsvOptions::default() });
        if first {
            let heads = COLUMNS.map(|name| self.text.t(format!("desk-csv-{name}")).into_owned());
            table.row(heads);
        }
        for case in &page.rows {
            let mut line = self.line(case);
            line.push(reasons.get(&case.id).cloned().unwrap_or_default());
            table.row(line);
        }
        self.lines += page.rows.len().max(1);
        self.after = page.next;
        self.ended = page.next.is_none() || self.lines >= LINES_MAX;
        Ok(table.finish().into())
    }

    fn line(&self, case: &Case) -> Vec<String> {
        let at = |at: Option<Timestamp>| at.map(|at| self.text.machine(at)).unwrap_or_default();
        let Details { service_date, .. } = &case.details;
        vec![
            case.code.clone(),
            words::kind(self.text, case.kind),
            case.status.code().to_owned(),
            case.subject.clone(),
            self.categories.get(&case.category_id).cloned().unwrap_or_default(),
            words::unit(self.text, &self.units, case.unit_id),
            words::channel(self.text, &case.channel),
            case.place.clone(),
            case.region_code.clone().unwrap_or_default(),
            service_date.clone().unwrap_or_default(),
            at(Some(case.received_at)),
            at(case.due.as_ref().map(|due| due.at)),
            at(case.answered_at),
            at(case.closed_at),
            case.escalation.to_string(),
            case.returns.to_string(),
            case.reopens.to_string(),
            case.rating.map(|rating| rating.to_string()).unwrap_or_default(),
        ]
    }
}

/// The columns, by the ends of their keys.
const COLUMNS: [&str; 19] = [
    "code",
    "kind",
    "status",
    "subject",
    "category",
    "unit",
    "channel",
    "place",
    "region",
    "service-date",
    "received",
    "due",
    "answered",
    "closed",
    "escalation",
    "returns",
    "reopens",
    "rating",
    "contact-reason",
];
