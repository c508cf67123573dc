//! Staff: the list with its search, and adding somebody.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use tanggap_kernel::access::Permission;
use tanggap_kernel::id::{UnitId, UserId};
use tanggap_kernel::{Locale, Refusal, Result};
use tanggap_ui::{Answer, Choice, Ctx, FormState, Page, Text, respond};

use super::settings;
use crate::door::{Fields, SignedFields, Staff};
use crate::model::{NewUser, RoleGrant, Unit};
use crate::rules::Role;
use crate::{actions, password, store};

const SHOWN: usize = 50;

pub(super) fn routes() -> Router<Ctx> {
    Router::new()
        .route("/pengaturan/orang", get(list))
        .route("/pengaturan/orang/baru", get(new).post(create))
}

#[derive(serde::Deserialize, Default)]
#[serde(default)]
struct Wanted {
    q: String,
    unit: String,
    semua: String,
    sesudah: String,
}

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    page: Page,
    form: FormState,
    units: Vec<Choice>,
    rows: Vec<Row>,
    next: String,
    is_filtered: bool,
    may_change: bool,
}

struct Row {
    id: UserId,
    name: String,
    title: String,
    email: String,
    unit: String,
    roles: String,
    active: bool,
}

async fn list(State(ctx): State<Ctx>, staff: Staff, Query(wanted): Query<Wanted>) -> Answer {
    let may_change = settings::look(&staff)?;
    let search = store::People {
        text: wanted.q.clone(),
        unit_id: UnitId::parse(&wanted.unit),
        inactive: wanted.semua == "ya",
        after: UserId::parse(&wanted.sesudah),
        limit: SHOWN,
    };
    let access = staff.access.clone();
    let (found, units) = ctx
        .db
        .read(move |tx| Ok((store::people(tx, &access, &search)?, store::units(tx, &access)?)))
        .await?;
    let text = staff.text();
    let row = |(user, roles): (crate::User, Vec<RoleGrant>)| Row {
        id: user.id,
        unit: unit_name(&units, user.unit_id, text.locale),
        roles: role_names(text, &roles),
        name: user.name,
        title: user.title,
        email: user.email,
        active: user.active,
    };
    let rows = found.rows.into_iter().map(row).collect();
    let next = found.next.map(|id| {
        let (q, unit) = (crate::door::encode(&wanted.q), crate::door::encode(&wanted.unit));
        let all = crate::door::encode(&wanted.semua);
        format!("/pengaturan/orang?q={q}&unit={unit}&semua={all}&sesudah={id}")
    });
    let form = FormState::new(text.locale)
        .with("q", &wanted.q)
        .with("unit", &wanted.unit)
        .with("semua", &wanted.semua);
    Ok(respond::html(PeoplePage {
        page: staff.page(&ctx, "org-settings-people"),
        is_filtered: !wanted.q.is_empty() || !wanted.unit.is_empty(),
        units: all_or(text, settings::unit_choices(units, text.locale)),
        next: next.unwrap_or_default(),
        form,
        rows,
        may_change,
    }))
}

/// The choices of a filter, "all" first.
pub(super) fn all_or(text: Text, choices: Vec<Choice>) -> Vec<Choice> {
    let all = Choice::new("", text.t("ui-all"));
    std::iter::once(all).chain(choices).collect()
}

/// The name of a unit among those loaded.
pub(super) fn unit_name(units: &[Unit], id: Option<UnitId>, locale: Locale) -> String {
    let unit = units.iter().find(|unit| Some(unit.id) == id);
    unit.map(|unit| unit.name_in(locale).to_owned()).unwrap_or_default()
}

/// The names of roles, each once.
pub(super) fn role_names(text: Text, roles: &[RoleGrant]) -> String {
    let mut names: Vec<_> = roles.iter().map(|grant| text.t(grant.role.key())).collect();
    names.dedup();
    names.join(", ")
}

/// The roles that somebody may give, as choices.
pub(super) fn role_choices(staff: &Staff) -> Vec<Choice> {
    let text = staff.text();
    let is_host = staff.access.can(Permission::AgenciesManage, None);
    let given = Role::ALL.into_iter().filter(|role| is_host || *role != Role::Host);
    let named = |role: Role| {
        let key = role.key();
        Choice::new(role.as_str(), text.t(key)).hint(text.t(format!("{key}.hint")))
    };
    given.map(named).collect()
}

#[derive(Template)]
#[template(path = "person_new.html")]
struct NewPage {
    page: Page,
    form: FormState,
    units: Vec<Choice>,
    roles: Vec<Choice>,
}

/// What is shown once: the password that was made for somebody.
#[derive(Template)]
#[template(path = "person_password.html")]
pub(super) struct PasswordPage {
    pub page: Page,
    pub name: String,
    pub email: String,
    pub password: String,
    pub next: String,
}

async fn new(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    settings::manage(&staff)?;
    page(&ctx, &staff, FormState::new(staff.prefs.locale), StatusCode::OK).await
}

async fn page(ctx: &Ctx, staff: &Staff, form: FormState, status: StatusCode) -> Answer {
    let access = staff.access.clone();
    let units = ctx.db.read(move |tx| store::units(tx, &access)).await?;
    let template = NewPage {
        page: staff.page(ctx, "org-person-new"),
        units: settings::unit_choices(units, staff.prefs.locale),
        roles: role_choices(staff),
        form,
    };
    Ok(respond::html_status(status, template))
}

fn input(fields: &Fields, password_hash: String) -> Result<NewUser> {
    let unit_id = settings::chosen_unit(fields, "unit")?;
    let roles = fields
        .all("roles")
        .filter_map(Role::parse)
        .map(|role| RoleGrant { role, unit_id: unit_id.filter(|_| role.needs_unit()) });
    let roles: Vec<_> = roles.collect();
    if roles.is_empty() {
        return Err(Refusal::field("roles", "ui-invalid-required").into());
    }
    Ok(NewUser {
        email: fields.get("email").to_owned(),
        name: fields.get("name").to_owned(),
        title: fields.get("title").to_owned(),
        unit_id,
        password_hash,
        is_temporary: true,
        locale: Locale::Id,
        roles,
    })
}

async fn create(State(ctx): State<Ctx>, SignedFields { staff, fields }: SignedFields) -> Answer {
    settings::manage(&staff)?;
    let made = password::made()?;
    let hash = password::hash(made.clone()).await?;
    let (name, email) = (fields.get("name").to_owned(), fields.get("email").to_lowercase());
    let input = input(&fields, hash);
    match settings::submit(&ctx, &staff, fields, input, actions::create_user).await? {
        Ok(id) => {
            let page = staff.page(&ctx, "org-person-created");
            let next = format!("/pengaturan/orang/{id}");
            Ok(respond::html(PasswordPage { page, name, email, password: made, next }))
        }
        Err(refused) => page(&ctx, &staff, refused.form, refused.status).await,
    }
}
