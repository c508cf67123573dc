//! The agencies under this roof, and adding one with its first administrator. Only what is public
//! of the others is shown.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use tanggap_calendar::{Base, Zone};
use tanggap_kernel::access::Permission;
use tanggap_kernel::{Access, Locale, Refusal, Result, Timestamp};
use tanggap_store::Tx;
use tanggap_ui::{Answer, Choice, Ctx, FormState, Page, respond};

use super::people::PasswordPage;
use super::{calendars, settings, setup};
use crate::door::{Fields, SignedFields, Staff};
use crate::model::{NewAgency, NewUser};
use crate::{actions, password, store};

pub(super) const HOME: &str = "/pengaturan/naungan";

pub(super) fn routes() -> Router<Ctx> {
    Router::new().route(HOME, get(list)).route("/pengaturan/naungan/baru", get(new).post(create))
}

#[derive(Template)]
#[template(path = "agencies.html")]
struct AgenciesPage {
    page: Page,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    slug: String,
    zone: &'static str,
    since: Timestamp,
    is_own: bool,
}

#[derive(Template)]
#[template(path = "agency_new.html")]
struct NewPage {
    page: Page,
    form: FormState,
    zones: Vec<Choice>,
    bases: Vec<Choice>,
}

fn allowed(staff: &Staff) -> Result<()> {
    Ok(staff.access.require(Permission::AgenciesManage, None)?)
}

async fn list(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    allowed(&staff)?;
    let agencies = ctx.db.read(store::agencies).await?;
    let page = staff.page(&ctx, "org-settings-agencies");
    let row = |agency: crate::Agency| Row {
        name: agency.name_in(page.locale).to_owned(),
        zone: agency.zone.label(),
        since: agency.created_at,
        is_own: agency.id == staff.agency.id,
        slug: agency.slug,
    };
    let rows = agencies.into_iter().map(row).collect();
    Ok(respond::html(AgenciesPage { page, rows }))
}

async fn new(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    allowed(&staff)?;
    let form = FormState::new(staff.prefs.locale)
        .with("zone", Zone::Wib.iana())
        .with("base", crate::word_of(Base::Government));
    Ok(respond::html(page(&ctx, &staff, form)))
}

fn page(ctx: &Ctx, staff: &Staff, form: FormState) -> NewPage {
    let page = staff.page(ctx, "org-agency-new");
    let (zones, bases) = (setup::zones(&page), calendars::bases(staff.text()));
    NewPage { page, form, zones, bases }
}

fn input(fields: &Fields, password_hash: String) -> Result<(NewAgency, NewUser)> {
    let zone: Option<Zone> = fields.get("zone").parse().ok();
    let zone = zone.ok_or_else(|| Refusal::field("zone", "ui-invalid-choice"))?;
    let base = crate::word(fields.get("base"));
    let agency = NewAgency {
        slug: fields.get("slug").to_owned(),
        short_name: fields.get("short_name").to_owned(),
        base: base.map_err(|_| Refusal::field("base", "ui-invalid-choice"))?,
        ..NewAgency::named(fields.get("name"), zone)
    };
    let first = NewUser {
        email: fields.get("user_email").to_owned(),
        name: fields.get("user_name").to_owned(),
        title: String::new(),
        unit_id: None,
        password_hash,
        is_temporary: true,
        locale: Locale::Id,
        roles: Vec::new(),
    };
    Ok((agency, first))
}

async fn create(State(ctx): State<Ctx>, SignedFields { staff, fields }: SignedFields) -> Answer {
    allowed(&staff)?;
    let made = password::made()?;
    let hash = password::hash(made.clone()).await?;
    let (name, email) = (fields.get("user_name").to_owned(), fields.get("user_email").to_owned());
    let input = input(&fields, hash);
    let act = |tx: &mut Tx<'_>, access: &Access, (agency, first): &(NewAgency, NewUser)| {
        actions::open_agency(tx, access, agency, first)
    };
    match settings::submit(&ctx, &staff, fields, input, act).await? {
        Ok(_) => {
            let page = staff.page(&ctx, "org-agency-created");
            let (email, next) = (email.to_lowercase(), HOME.to_owned());
            Ok(respond::html(PasswordPage { page, name, email, password: made, next }))
        }
        Err(refused) => Ok(respond::html_status(refused.status, page(&ctx, &staff, refused.form))),
    }
}
