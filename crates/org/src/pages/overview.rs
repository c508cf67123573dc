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
use crate::store;

pub(super) fn routes() -> Router<Ctx> {
    Router::new().route("/pengaturan", get(show))
}

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    page: Page,
    doors: Vec<Door>,
    missing: Vec<(&'static str, &'static str)>,
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
}

fn count(tx: &mut Tx<'_>, access: &Access) -> Result<Counts> {
    let people = store::People { limit: 1000, ..store::People::default() };
    let agency = store::agency(tx, access.agency_id)?;
    Ok(Counts {
        units: store::units(tx, access)?.iter().filter(|unit| unit.active).count(),
        people: store::people(tx, access, &people)?.rows.len(),
        calendars: store::calendars(tx, access)?.len(),
        categories: store::categories(tx, access)?.iter().filter(|c| c.active).count(),
        has_manager: agency.is_some_and(|agency| !agency.manager.is_missing()),
    })
}

async fn show(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    let may_change = settings::look(&staff)?;
    let access = staff.access.clone();
    let counts = ctx.db.read(move |tx| count(tx, &access)).await?;
    let missing = if may_change { missing(&counts) } else { Vec::new() };
    let doors = doors(&staff, &counts);
    let page = staff.page(&ctx, "org-settings");
    Ok(respond::html(OverviewPage { page, doors, missing }))
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
    if may(Permission::AgenciesManage) {
        doors.push(of(super::agencies::HOME, "home", "org-settings-agencies", None));
    }
    doors
}

/// What a new agency still has to set: text and place.
fn missing(counts: &Counts) -> Vec<(&'static str, &'static str)> {
    [
        (counts.units == 0, ("org-missing-units", "/pengaturan/unit/baru")),
        (counts.people < 2, ("org-missing-people", "/pengaturan/orang/baru")),
        (counts.categories < 2, ("org-missing-categories", "/pengaturan/kategori/baru")),
        (!counts.has_manager, ("org-missing-manager", "/pengaturan/instansi")),
    ]
    .into_iter()
    .filter(|(is_missing, _)| *is_missing)
    .map(|(_, what)| what)
    .collect()
}
