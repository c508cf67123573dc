//! The entrance of the settings: what there is, and what a new agency still has to set.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use tanggap_kernel::access::Permission;
use tanggap_kernel::{Access, Result};
use tanggap_store::Tx;
use tanggap_ui::{Answer, Ctx, Page, respond};

use super::settings;
use crate::door::Staff;
use crate::model::Category;
use crate::store;

/// The category that every agency has, for what fits no other: the desk decides on it.
const GENERAL: &str = "umum";

pub(super) fn routes() -> Router<Ctx> {
    Router::new().route("/pengaturan", get(show))
}

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    page: Page,
    doors: Vec<Door>,
    /// What a new agency has to set up; empty once all of it is done.
    steps: Vec<Step>,
    /// How much of it is.
    told: String,
}

/// One thing to set up.
struct Step {
    key: &'static str,
    href: &'static str,
    done: bool,
    /// Whether a table can be brought for it.
    imports: bool,
}

/// A way into one part of the settings.
struct Door {
    href: &'static str,
    icon: &'static str,
    key: &'static str,
    count: Option<i64>,
}

struct Counts {
    units: usize,
    people: usize,
    calendars: usize,
    categories: usize,
    has_manager: bool,
    has_checked_hours: bool,
    unrouted: usize,
}

fn count(tx: &mut Tx<'_>, access: &Access) -> Result<Counts> {
    let people = store::People { limit: 1000, ..store::People::default() };
    let agency = store::agency(tx, access.agency_id)?;
    let calendars = store::calendars(tx, access)?;
    let categories = store::categories(tx, access)?;
    let unrouted = |c: &&Category| c.active && c.slug != GENERAL && c.unit_id.is_none();
    Ok(Counts {
        units: store::units(tx, access)?.iter().filter(|unit| unit.active).count(),
        people: store::people(tx, access, &people)?.rows.len(),
        // As it was made it says what every office does; saving it says that this one does.
        has_checked_hours: calendars.iter().any(|calendar| calendar.version > 1),
        calendars: calendars.len(),
        unrouted: categories.iter().filter(unrouted).count(),
        categories: categories.iter().filter(|c| c.active).count(),
        has_manager: agency.is_some_and(|agency| !agency.manager.is_missing()),
    })
}

async fn show(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    let may_change = settings::look(&staff)?;
    let access = staff.access.clone();
    let counts = ctx.db.read(move |tx| count(tx, &access)).await?;
    let mut steps = steps(&counts, ctx.site.sends_mail(staff.access.agency_id));
    let done = steps.iter().filter(|step| step.done).count();
    let args = [("done", done.into()), ("all", steps.len().into())];
    let told = staff.text().ta("org-missing-told", &args).into_owned();
    if !may_change || done == steps.len() {
        steps.clear();
    }
    let doors = doors(&staff, &counts);
    let page = staff.page(&ctx, "org-settings");
    Ok(respond::html(OverviewPage { page, doors, steps, told }))
}

fn doors(staff: &Staff, counts: &Counts) -> Vec<Door> {
    let of = |href, icon, key, count: Option<usize>| Door {
        href,
        icon,
        key,
        count: count.and_then(|count| i64::try_from(count).ok()),
    };
    let mut doors = vec![
        of("/pengaturan/instansi", "home", "org-settings-agency", None),
        of("/pengaturan/unit", "building", "org-settings-units", Some(counts.units)),
        of("/pengaturan/orang", "users", "org-settings-people", Some(counts.people)),
        of("/pengaturan/kategori", "list", "org-settings-categories", Some(counts.categories)),
        of("/pengaturan/kalender", "calendar", "org-settings-calendars", Some(counts.calendars)),
        of("/pengaturan/aturan", "clock", "org-settings-law", None),
    ];
    let may = |permission| staff.access.can(permission, None);
    if may(Permission::ChannelsManage) {
        doors.push(of("/pengaturan/kanal", "message", "kanal-title", None));
        doors.push(of("/pengaturan/obrolan", "message", "chat-settings", None));
    }
    if may(Permission::OrgManage) {
        doors.push(of("/antrean/atur", "users", "desk-lines-set", None));
        doors.push(of("/pengaturan/jawaban-cepat", "note", "quick-title", None));
    }
    if may(Permission::TokensManage) {
        doors.push(of("/pengaturan/token", "link", "org-settings-tokens", None));
    }
    if may(Permission::JobsManage) {
        doors.push(of("/pengaturan/kiriman", "send", "org-settings-sending", None));
        doors.push(of("/pengaturan/pekerjaan", "refresh", "org-settings-jobs", None));
    }
    if may(Permission::PersonErase) {
        doors.push(of("/pengaturan/penghapusan", "shield", "erasure-title", None));
    }
    if may(Permission::AgenciesManage) {
        doors.push(of(super::agencies::HOME, "home", "org-settings-agencies", None));
    }
    doors
}

/// What a new agency has to set up, in an order in which it can be.
fn steps(counts: &Counts, sends_mail: bool) -> Vec<Step> {
    let step = |key, href, done| Step { key, href, done, imports: false };
    let table = |key, href, done| Step { key, href, done, imports: true };
    vec![
        table("org-missing-units", "/pengaturan/unit", counts.units > 0),
        table("org-missing-people", "/pengaturan/orang", counts.people > 1),
        step("org-missing-calendar", "/pengaturan/kalender", counts.has_checked_hours),
        step("org-missing-categories", "/pengaturan/kategori", counts.categories > 1),
        step(
            "org-missing-routing",
            "/pengaturan/kategori",
            counts.categories > 1 && counts.unrouted == 0,
        ),
        step("org-missing-manager", "/pengaturan/instansi", counts.has_manager),
        step("org-missing-mail", "/pengaturan/kanal", sends_mail),
    ]
}
