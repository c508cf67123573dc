//! Units: the tree, and the form of one.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use tanggap_kernel::id::UnitId;
use tanggap_kernel::{Access, Result};
use tanggap_store::Tx;
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
    let unit = settings::load(&ctx, &staff, UnitId::parse(&id), store::unit).await?;
    let form = FormState::new(staff.prefs.locale)
        .with("parent", settings::or_empty(unit.parent_id))
        .with("code", &unit.code)
        .with("name", &unit.name)
        .with("name_en", &unit.name_en)
        .with("phone", &unit.phone)
        .with("email", &unit.email)
        .with("agreed_days", unit.agreed_days)
        .with("calendar", settings::or_empty(unit.calendar_id))
        .with("active", settings::ticked(unit.active))
        .with("version", unit.version);
    page(&ctx, &staff, Some(unit), form, StatusCode::OK).await
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
        calendars: settings::calendar_choices(calendars),
        people: people.into_iter().map(|u| (u.id.to_string(), u.name, u.title)).collect(),
        is_new: unit.is_none(),
        page,
        form,
        may_change,
    };
    Ok(respond::html_status(status, template))
}

fn input(fields: &Fields) -> Result<UnitInput> {
    Ok(UnitInput {
        parent_id: settings::chosen_unit(fields, "parent")?,
        code: fields.get("code").to_uppercase(),
        name: fields.get("name").to_owned(),
        name_en: fields.get("name_en").to_owned(),
        phone: fields.get("phone").to_owned(),
        email: fields.get("email").to_owned(),
        agreed_days: settings::number(fields, "agreed_days")?,
        calendar_id: settings::chosen(fields, "calendar", CalendarId::parse)?,
        active: fields.is_on("active"),
    })
}

async fn create(State(ctx): State<Ctx>, SignedFields { staff, fields }: SignedFields) -> Answer {
    settings::manage(&staff)?;
    let input = input(&fields);
    match settings::submit(&ctx, &staff, fields, input, actions::create_unit).await? {
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
    let unit = settings::load(&ctx, &staff, UnitId::parse(&id), store::unit).await?;
    let (id, input) = (unit.id, settings::versioned(&fields, input(&fields)));
    let act = move |tx: &mut Tx<'_>, access: &Access, (version, input): &(i64, UnitInput)| {
        actions::update_unit(tx, access, id, *version, input)
    };
    match settings::submit(&ctx, &staff, fields, input, act).await? {
        Ok(()) => Ok(flash(&ctx.site, HOME, "org-flash-saved")),
        Err(refused) => page(&ctx, &staff, Some(unit), refused.form, refused.status).await,
    }
}
