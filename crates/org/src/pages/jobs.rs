//! Jobs and timers: what waits, what is due next, what kept failing.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde_json::json;
use tanggap_kernel::access::Permission;
use tanggap_kernel::{Access, Event, Result, Subject};
use tanggap_store::Tx;
use tanggap_store::jobs::{self, KindCount, Listed};
use tanggap_ui::{Answer, Ctx, Page, i18n, respond};

use crate::door::{SignedFields, Staff, flash};

const HOME: &str = "/pengaturan/pekerjaan";
const DEAD_SHOWN: i64 = 100;

pub(super) fn routes() -> Router<Ctx> {
    Router::new().route(HOME, get(show).post(again))
}

#[derive(Template)]
#[template(path = "jobs.html")]
struct JobsPage {
    page: Page,
    counts: Vec<KindCount>,
    dead: Vec<Listed>,
}

impl JobsPage {
    /// What a job does, in words; one of a newer program by its name there.
    fn named(&self, kind: &str) -> String {
        let told =
            i18n::t_opt(self.page.locale, &format!("org-job-kind-{}", kind.replace('_', "-")));
        told.map_or_else(|| kind.to_owned(), |told| told.into_owned())
    }

    /// A figure, which says so where counting ended early.
    fn counted(&self, figure: &i64) -> String {
        if *figure < jobs::COUNTED_MAX {
            return self.page.number(*figure);
        }
        self.page.t1("org-job-many", "n", *figure).into_owned()
    }
}

async fn show(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    staff.access.require(Permission::JobsManage, None)?;
    let agency = staff.agency.id;
    let (counts, dead) = ctx
        .db
        .read(move |tx| Ok((jobs::counts(tx, agency)?, jobs::dead(tx, agency, DEAD_SHOWN)?)))
        .await?;
    let page = staff.page(&ctx, "org-settings-jobs");
    Ok(respond::html(JobsPage { page, counts, dead }))
}

/// Tries a dead letter again, which is noted.
fn revive(tx: &mut Tx<'_>, access: &Access, kind: &str, key: &str) -> Result<()> {
    access.require(Permission::JobsManage, None)?;
    jobs::revive(tx, access.agency_id, kind, key)?;
    let subject = Subject { kind: "agency", id: access.agency_id.0 };
    let event = Event::new(access.agency_id, "job.revived", subject, access.actor);
    tx.announce(event.with(json!({ "kind": kind, "key": key })));
    Ok(())
}

async fn again(State(ctx): State<Ctx>, SignedFields { staff, fields }: SignedFields) -> Answer {
    let access = staff.access.clone();
    let (kind, key) = (fields.get("kind").to_owned(), fields.get("key").to_owned());
    ctx.db.write(move |tx| revive(tx, &access, &kind, &key)).await?;
    Ok(flash(&ctx.site, HOME, "org-flash-job-revived"))
}
