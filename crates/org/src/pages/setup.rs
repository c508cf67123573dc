//! The first page of an empty installation: an agency and its first administrator. Where there is
//! an agency the page does not exist.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tanggap_calendar::Zone;
use tanggap_kernel::error::Invalid;
use tanggap_kernel::{Access, Error, Refusal, Result};
use tanggap_store::Tx;
use tanggap_ui::{Answer, Choice, Ctx, FormState, Page, respond};

use crate::door::{Fields, Visitor, VisitorFields, session_cookie};
use crate::model::{NewAgency, NewUser, RoleGrant};
use crate::rules::Role;
use crate::signin::{self, Origin, Outcome, Who};
use crate::{actions, password, store};

pub(super) fn routes() -> Router<Ctx> {
    Router::new().route("/mulai", get(show).post(begin))
}

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage {
    page: Page,
    form: FormState,
    zones: Vec<Choice>,
}

/// The three zones as choices, with the places that people know.
pub(super) fn zones(page: &Page) -> Vec<Choice> {
    let named = |zone: Zone| {
        let key = format!("org-zone-{}", zone.label().to_lowercase());
        Choice::new(zone.iana(), page.t(&key))
    };
    Zone::ALL.into_iter().map(named).collect()
}

async fn show(State(ctx): State<Ctx>, visitor: Visitor) -> Answer {
    only_when_empty(&ctx).await?;
    let form = FormState::new(visitor.prefs.locale).with("zone", Zone::Wib.iana());
    let response = page(&visitor, form, StatusCode::OK);
    Ok(visitor.keep(&ctx, response))
}

async fn only_when_empty(ctx: &Ctx) -> Result<()> {
    let is_empty = ctx.db.read(|tx| Ok(store::agencies(tx)?.is_empty())).await?;
    if is_empty { Ok(()) } else { Err(Refusal::NotFound.into()) }
}

fn page(visitor: &Visitor, form: FormState, status: StatusCode) -> axum::response::Response {
    let page = visitor.page("org-setup", "Tanggap");
    let zones = zones(&page);
    respond::html_status(status, SetupPage { page, form, zones })
}

async fn begin(State(ctx): State<Ctx>, VisitorFields { visitor, fields }: VisitorFields) -> Answer {
    only_when_empty(&ctx).await?;
    match set_up(&ctx, &visitor, &fields).await {
        Ok(who) => {
            let origin = Origin { address: visitor.address, agent: visitor.agent.clone() };
            match signin::begin(&ctx, who, None, None, &origin).await? {
                Outcome::In(secret, _) => {
                    Ok(session_cookie(respond::see_other("/pengaturan"), &ctx.site, &secret))
                }
                _ => Ok(respond::see_other("/masuk")),
            }
        }
        Err(Error::Refused(Refusal::Invalid(errors))) => {
            let form = fields.refused(visitor.prefs.locale, errors);
            let response = page(&visitor, form, StatusCode::UNPROCESSABLE_ENTITY);
            Ok(visitor.keep(&ctx, response))
        }
        Err(error) => Err(error.into()),
    }
}

async fn set_up(ctx: &Ctx, visitor: &Visitor, fields: &Fields) -> Result<Who> {
    visitor.check_csrf(fields.get("csrf"))?;
    let email = fields.get("user_email").to_lowercase();
    let secret = fields.exact("password").to_owned();
    let mut errors = Vec::new();
    for field in ["name", "user_name"] {
        if fields.get(field).is_empty() {
            errors.push(Invalid::new(field, "ui-invalid-required"));
        }
    }
    if !crate::rules::is_email(&email) {
        errors.push(Invalid::new("user_email", "ui-invalid-email"));
    }
    if let Some(problem) = password::problem(&secret, &email) {
        errors.push(Invalid::new("password", problem).arg("min", password::LENGTH_MIN));
    } else if secret != fields.exact("password_again") {
        errors.push(Invalid::new("password_again", "org-invalid-password-again"));
    }
    let zone: Option<Zone> = fields.get("zone").parse().ok();
    let (true, Some(zone)) = (errors.is_empty(), zone) else {
        if zone.is_none() {
            errors.push(Invalid::new("zone", "ui-invalid-choice"));
        }
        return Err(Refusal::Invalid(errors).into());
    };
    let agency = NewAgency::named(fields.get("name"), zone);
    let user = NewUser {
        email,
        name: fields.get("user_name").to_owned(),
        title: String::new(),
        unit_id: None,
        password_hash: password::hash(secret).await?,
        is_temporary: false,
        locale: visitor.prefs.locale,
        roles: [Role::Administrator, Role::Host]
            .map(|role| RoleGrant { role, unit_id: None })
            .to_vec(),
    };
    ctx.db.write(move |tx| first(tx, &agency, &user)).await
}

/// The first agency and its administrator, in one transaction.
fn first(tx: &mut Tx<'_>, agency: &NewAgency, user: &NewUser) -> Result<Who> {
    if !store::agencies(tx)?.is_empty() {
        return Err(Refusal::NotFound.into());
    }
    let agency_id = actions::create_agency(tx, agency)?;
    let user_id = actions::create_user(tx, &Access::system(agency_id), user)?;
    Ok(Who { agency_id, user_id })
}
