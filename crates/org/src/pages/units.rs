//! Units: the tree, and the form of one.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use tanggap_kernel::id::UnitId;
use tanggap_kernel::{Refusal, Result};
use tanggap_ui::{Answer, Choice, Ctx, FormState, Page, respond};

use super::settings::{self, Branch};
use crate::actions;
use crate::door::{Fields, SignedFields, Staff, flash};
use crate::model::{CalendarId, Unit, UnitInput};
use crate::store;

const HOME: &str = "/pengaturan/unit";

pub(super) fn routes() -> Router<Ctx> {
    Router::new()
        .route(HOME, get(list))
        .route("/pengaturan/unit/baru", get(new).post(create))
        .route("/pengaturan/unit/{id}", get(show).post(change))
}

#[derive(Template)]
#[template(path = "units.html")]
struct UnitsPage {
    page: Page,
    rows: Vec<Row>,
    may_change: bool,
}

struct Row {
    branch: Branch,
    name: String,
}

#[derive(Template)]
#[template(path = "unit.html")]
struct UnitPage {
    page: Page,
    form: FormState,
    parents: Vec<Choice>,
    calendars: Vec<Choice>,
    people: Vec<(String, String, String)>,
    is_new: bool,
    may_change: bool,
}

async fn list(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    let may_change = settings::look(&staff)?;
    let access = staff.access.clone();
    let units = ctx.db.read(move |tx| store::units(tx, &access)).await?;
    let page = staff.page(&ctx, "org-settings-units");
    let row = |branch: Branch| {
        let name = branch.unit.name_in(page.locale).to_owned();
        Row { branch, name }
    };
    let rows = settings::tree(units).into_iter().map(row).collect();
    Ok(respond::html(UnitsPage { page, rows, may_change }))
}

async fn new(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    settings::manage(&staff)?;
    let form = FormState::new(staff.prefs.locale).with("agreed_days", 5).with("active", "ya");
    page(&ctx, &staff, None, form, StatusCode::OK).await
}

async fn show(State(ctx): State<Ctx>, staff: Staff, Path(id): Path<String>) -> Answer {
    settings::look(&staff)?;
    let unit = load(&ctx, &staff, &id).await?;
    let text = |id: Option<String>| id.unwrap_or_default();
    let form = FormState::new(staff.prefs.locale)
        .with("parent", text(unit.parent_id.map(|id| id.to_string())))
        .with("code", &unit.code)
        .with("name", &unit.name)
        .with("name_en", &unit.name_en)
        .with("phone", &unit.phone)
        .with("email", &unit.email)
        .with("agreed_days", unit.agreed_days)
        .with("calendar", text(unit.calendar_id.map(|id| id.to_string())))
        .with("active", if unit.active { "ya" } else { "" })
        .with("version", unit.version);
    page(&ctx, &staff, Some(unit), form, StatusCode::OK).await
}

async fn load(ctx: &Ctx, staff: &Staff, id: &str) -> Result<Unit> {
    let access = staff.access.clone();
    let id = UnitId::parse(id).ok_or(Refusal::NotFound)?;
    let unit = ctx.db.read(move |tx| store::unit(tx, &access, id)).await?;
    Ok(unit.ok_or(Refusal::NotFound)?)
}

async fn page(
    ctx: &Ctx,
    staff: &Staff,
    unit: Option<Unit>,
    form: FormState,
    status: StatusCode,
) -> Answer {
    let may_change = settings::look(staff)?;
    let (access, id) = (staff.access.clone(), unit.as_ref().map(|unit| unit.id));
    let (units, calendars, people) = ctx
        .db
        .read(move |tx| {
            let people = match id {
                Some(id) => store::users_of_unit(tx, &access, id)?,
                None => Vec::new(),
            };
            Ok((store::units(tx, &access)?, store::calendars(tx, &access)?, people))
        })
        .await?;
    let page = match &unit {
        Some(unit) => settings::titled(staff, &unit.name),
        None => staff.page(ctx, "org-unit-new"),
    };
    let below = id.map(|id| crate::rules::units_under(&units, id)).unwrap_or_default();
    let above = units.into_iter().filter(|unit| !below.contains(&unit.id)).collect();
    let template = UnitPage {
        parents: settings::unit_choices(above, staff.prefs.locale),
        calendars: calendars.into_iter().map(|c| Choice::new(c.id.to_string(), c.name)).collect(),
        people: people.into_iter().map(|u| (u.id.to_string(), u.name, u.title)).collect(),
        is_new: unit.is_none(),
        page,
        form,
        may_change,
    };
    Ok(respond::html_status(status, template))
}

fn input(fields: &Fields) -> Result<UnitInput> {
    let calendar_id = match fields.get("calendar") {
        "" => None,
        text => match CalendarId::parse(text) {
            Some(id) => Some(id),
            None => return Err(Refusal::field("calendar", "ui-invalid-choice").into()),
        },
    };
    Ok(UnitInput {
        parent_id: settings::chosen_unit(fields, "parent")?,
        code: fields.get("code").to_uppercase(),
        name: fields.get("name").to_owned(),
        name_en: fields.get("name_en").to_owned(),
        phone: fields.get("phone").to_owned(),
        email: fields.get("email").to_owned(),
        agreed_days: settings::number(fields, "agreed_days")?,
        calendar_id,
        active: fields.is_on("active"),
    })
}

async fn create(State(ctx): State<Ctx>, SignedFields { staff, fields }: SignedFields) -> Answer {
    settings::manage(&staff)?;
    let done = match input(&fields) {
        Ok(input) => {
            let access = staff.access.clone();
            ctx.db.write(move |tx| actions::create_unit(tx, &access, &input)).await
        }
        Err(error) => Err(error),
    };
    match settings::outcome(done, fields, staff.prefs.locale)? {
        Ok(_) => Ok(flash(&ctx.site, HOME, "org-flash-unit-created")),
        Err(refused) => page(&ctx, &staff, None, refused.form, refused.status).await,
    }
}

async fn change(
    State(ctx): State<Ctx>,
    Path(id): Path<String>,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    settings::manage(&staff)?;
    let unit = load(&ctx, &staff, &id).await?;
    let version = settings::number(&fields, "version");
    let done = match version.and_then(|version| Ok((version, input(&fields)?))) {
        Ok((version, input)) => {
            let (access, id) = (staff.access.clone(), unit.id);
            ctx.db.write(move |tx| actions::update_unit(tx, &access, id, version, &input)).await
        }
        Err(error) => Err(error),
    };
    match settings::outcome(done, fields, staff.prefs.locale)? {
        Ok(()) => Ok(flash(&ctx.site, HOME, "org-flash-saved")),
        Err(refused) => page(&ctx, &staff, Some(unit), refused.form, refused.status).await,
    }
}
