//! The agency itself: names, address, who manages complaints, zone and calendar.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tanggap_calendar::Zone;
use tanggap_kernel::{Refusal, Result};
use tanggap_ui::{Answer, Choice, Ctx, FormState, Page, respond};

use super::{settings, setup};
use crate::actions::{self, AgencyInput};
use crate::door::{Fields, SignedFields, Staff, flash};
use crate::model::{Agency, AgencySettings, CalendarId, ComplaintManager};
use crate::store;

pub(super) fn routes() -> Router<Ctx> {
    Router::new().route("/pengaturan/instansi", get(show).post(change))
}

#[derive(Template)]
#[template(path = "agency.html")]
struct AgencyPage {
    page: Page,
    form: FormState,
    zones: Vec<Choice>,
    calendars: Vec<Choice>,
    may_change: bool,
}

async fn show(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    let id = staff.agency.id;
    let agency = ctx.db.read(move |tx| store::agency(tx, id)).await?.ok_or(Refusal::NotFound)?;
    let form = filled(FormState::new(staff.prefs.locale), &agency);
    page(&ctx, &staff, form, StatusCode::OK).await
}

fn filled(form: FormState, agency: &Agency) -> FormState {
    let Agency { manager, settings, .. } = agency;
    form.with("name", &agency.name)
        .with("name_en", &settings.name_en)
        .with("short_name", &agency.short_name)
        .with("service_name", &settings.service_name)
        .with("website", &settings.website)
        .with("letterhead", settings.letterhead.join("\n"))
        .with("zone", agency.zone.iana())
        .with("calendar", settings::or_empty(agency.calendar_id))
        .with("address", &agency.address)
        .with("phone", &agency.phone)
        .with("email", &agency.email)
        .with("manager_name", &manager.name)
        .with("manager_position", &manager.position)
        .with("manager_position_en", &manager.position_en)
        .with("manager_address", &manager.address)
        .with("manager_phone", &manager.phone)
        .with("manager_whatsapp", &manager.whatsapp)
        .with("manager_email", &manager.email)
        .with("manager_hours", &manager.hours)
        .with("manager_hours_en", &manager.hours_en)
        .with("version", agency.version)
}

async fn page(ctx: &Ctx, staff: &Staff, form: FormState, status: StatusCode) -> Answer {
    let may_change = settings::look(staff)?;
    let access = staff.access.clone();
    let calendars = ctx.db.read(move |tx| store::calendars(tx, &access)).await?;
    let calendars = settings::calendar_choices(calendars);
    let page = staff.page(ctx, "org-settings-agency");
    let zones = setup::zones(&page);
    let template = AgencyPage { page, form, zones, calendars, may_change };
    Ok(respond::html_status(status, template))
}

fn input(fields: &Fields) -> Result<AgencyInput> {
    let text = |name: &str| fields.get(name).to_owned();
    let zone: Option<Zone> = fields.get("zone").parse().ok();
    let calendar = CalendarId::parse(fields.get("calendar"));
    Ok(AgencyInput {
        name: text("name"),
        short_name: text("short_name"),
        zone: zone.ok_or_else(|| Refusal::field("zone", "ui-invalid-choice"))?,
        calendar_id: calendar.ok_or_else(|| Refusal::field("calendar", "ui-invalid-choice"))?,
        address: text("address"),
        phone: text("phone"),
        email: text("email"),
        manager: ComplaintManager {
            name: text("manager_name"),
            position: text("manager_position"),
            position_en: text("manager_position_en"),
            address: text("manager_address"),
            phone: text("manager_phone"),
            whatsapp: text("manager_whatsapp"),
            email: text("manager_email"),
            hours: text("manager_hours"),
            hours_en: text("manager_hours_en"),
        },
        settings: AgencySettings {
            name_en: text("name_en"),
            service_name: text("service_name"),
            website: text("website"),
            letterhead: fields.get("letterhead").lines().take(6).map(str::to_owned).collect(),
        },
        version: settings::number(fields, "version")?,
    })
}

async fn change(State(ctx): State<Ctx>, SignedFields { staff, fields }: SignedFields) -> Answer {
    settings::manage(&staff)?;
    let input = input(&fields);
    match settings::submit(&ctx, &staff, fields, input, actions::update_agency).await? {
        Ok(()) => Ok(flash(&ctx.site, "/pengaturan/instansi", "org-flash-saved")),
        Err(refused) => page(&ctx, &staff, refused.form, refused.status).await,
    }
}
