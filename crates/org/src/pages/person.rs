//! One member of staff: what is known of them, their roles, their access.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use tanggap_kernel::access::Permission;
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, Refusal, Result};
use tanggap_store::Tx;
use tanggap_ui::{Answer, Choice, Ctx, FormState, Page, respond};

use super::people::{self, PasswordPage};
use super::settings;
use crate::actions::{self, UserInput};
use crate::door::{Fields, SignedFields, Staff, flash};
use crate::model::{RoleGrant, User};
use crate::rules::Role;
use crate::{password, sessions, store};

pub(super) fn routes() -> Router<Ctx> {
    Router::new().route("/pengaturan/orang/{id}", get(show).post(change))
}

/// How many empty rows for further roles the form offers.
const SPARE_ROLES: usize = 2;
/// The most roles that one form takes.
const ROLES_MAX: usize = 40;

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    page: Page,
    user: User,
    form: FormState,
    roles_form: FormState,
    role_rows: Vec<usize>,
    units: Vec<Choice>,
    roles: Vec<Choice>,
    sessions: i64,
    is_self: bool,
    may_change: bool,
}

/// The two forms of the page, of which one may have been refused.
struct Forms {
    user: FormState,
    roles: FormState,
}

async fn forms(ctx: &Ctx, staff: &Staff, user: &User) -> Result<Forms> {
    let (access, id) = (staff.access.clone(), user.id);
    let held = ctx.db.read(move |tx| store::roles_of(tx, &access, id)).await?;
    let locale = staff.prefs.locale;
    let form = FormState::new(locale)
        .with("name", &user.name)
        .with("email", &user.email)
        .with("title", &user.title)
        .with("unit", settings::or_empty(user.unit_id))
        .with("version", user.version);
    let roles = held.iter().enumerate().fold(FormState::new(locale), |form, (n, grant)| {
        let unit = settings::or_empty(grant.unit_id);
        form.with(format!("role{n}"), grant.role.as_str()).with(format!("unit{n}"), unit)
    });
    Ok(Forms { user: form, roles })
}

async fn show(State(ctx): State<Ctx>, staff: Staff, Path(id): Path<String>) -> Answer {
    settings::look(&staff)?;
    let user = settings::load(&ctx, &staff, UserId::parse(&id), store::user).await?;
    let forms = forms(&ctx, &staff, &user).await?;
    page(&ctx, &staff, user, forms, StatusCode::OK).await
}

async fn page(ctx: &Ctx, staff: &Staff, user: User, forms: Forms, status: StatusCode) -> Answer {
    let is_host = forms.roles.values.iter().any(|(_, value)| value == Role::Host.as_str());
    let may_touch = !is_host || staff.access.can(Permission::AgenciesManage, None);
    let may_change = settings::look(staff)? && may_touch;
    let (access, id) = (staff.access.clone(), user.id);
    let (units, sessions) = ctx
        .db
        .read(move |tx| {
            let sessions = sessions::of_user(tx, &access, id)?.len();
            Ok((store::units(tx, &access)?, sessions))
        })
        .await?;
    let filled = forms
        .roles
        .values
        .iter()
        .filter(|(name, value)| name.starts_with("role") && !value.is_empty());
    let rows = (filled.count() + SPARE_ROLES).min(ROLES_MAX);
    let template = PersonPage {
        page: settings::titled(staff, &user.name),
        form: forms.user,
        roles_form: forms.roles,
        role_rows: (0..rows).collect(),
        units: settings::unit_choices(units, staff.prefs.locale),
        roles: people::role_choices(staff),
        sessions: i64::try_from(sessions).unwrap_or(i64::MAX),
        is_self: staff.user.id == user.id,
        user,
        may_change,
    };
    Ok(respond::html_status(status, template))
}

async fn change(
    State(ctx): State<Ctx>,
    Path(id): Path<String>,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    settings::manage(&staff)?;
    let user = settings::load(&ctx, &staff, UserId::parse(&id), store::user).await?;
    let place = format!("/pengaturan/orang/{}", user.id);
    let (access, id) = (staff.access.clone(), user.id);
    match fields.get("action") {
        "user" => change_user(&ctx, &staff, user, fields).await,
        "roles" => change_roles(&ctx, &staff, user, fields).await,
        "password" => {
            let made = password::made()?;
            let hash = password::hash(made.clone()).await?;
            ctx.db.write(move |tx| actions::reset_password(tx, &access, id, &hash)).await?;
            let page = staff.page(&ctx, "org-person-password-reset");
            let User { name, email, .. } = user;
            Ok(respond::html(PasswordPage { page, name, email, password: made, next: place }))
        }
        "totp" => {
            ctx.db.write(move |tx| actions::reset_totp(tx, &access, id)).await?;
            Ok(flash(&ctx.site, &place, "org-flash-totp-off"))
        }
        "sessions" => {
            ctx.db.write(move |tx| sessions::end_all(tx, &access, id, None)).await?;
            Ok(flash(&ctx.site, &place, "org-flash-sessions-ended"))
        }
        "deactivate" => {
            ctx.db.write(move |tx| actions::deactivate_user(tx, &access, id)).await?;
            Ok(flash(&ctx.site, &place, "org-flash-deactivated"))
        }
        "reactivate" => {
            ctx.db.write(move |tx| actions::reactivate_user(tx, &access, id)).await?;
            Ok(flash(&ctx.site, &place, "org-flash-reactivated"))
        }
        _ => Err(Refusal::Invalid(Vec::new()).into()),
    }
}

fn input(fields: &Fields) -> Result<UserInput> {
    Ok(UserInput {
        email: fields.get("email").to_owned(),
        name: fields.get("name").to_owned(),
        title: fields.get("title").to_owned(),
        unit_id: settings::chosen_unit(fields, "unit")?,
        version: settings::number(fields, "version")?,
    })
}

async fn change_user(ctx: &Ctx, staff: &Staff, user: User, fields: Fields) -> Answer {
    let (id, input) = (user.id, input(&fields));
    let act = move |tx: &mut Tx<'_>, access: &Access, input: &UserInput| {
        actions::update_user(tx, access, id, input)
    };
    match settings::submit(ctx, staff, fields, input, act).await? {
        Ok(()) => {
            let place = format!("/pengaturan/orang/{}", user.id);
            Ok(flash(&ctx.site, &place, "org-flash-saved"))
        }
        Err(refused) => {
            let forms = Forms { user: refused.form, ..forms(ctx, staff, &user).await? };
            page(ctx, staff, user, forms, refused.status).await
        }
    }
}

fn chosen_roles(fields: &Fields) -> Result<Vec<RoleGrant>> {
    let mut grants = Vec::new();
    for n in 0..ROLES_MAX {
        let Some(role) = Role::parse(fields.get(&format!("role{n}"))) else { continue };
        let unit_id = settings::chosen_unit(fields, &format!("unit{n}"))?;
        let grant = RoleGrant { role, unit_id };
        if !grants.contains(&grant) {
            grants.push(grant);
        }
    }
    Ok(grants)
}

async fn change_roles(ctx: &Ctx, staff: &Staff, user: User, fields: Fields) -> Answer {
    let (id, roles) = (user.id, chosen_roles(&fields));
    let act = move |tx: &mut Tx<'_>, access: &Access, roles: &Vec<RoleGrant>| {
        actions::set_roles(tx, access, id, roles)
    };
    match settings::submit(ctx, staff, fields, roles, act).await? {
        Ok(()) => {
            let place = format!("/pengaturan/orang/{}", user.id);
            Ok(flash(&ctx.site, &place, "org-flash-saved"))
        }
        Err(mut refused) => {
            for error in &mut refused.form.errors {
                error.field = "role0".to_owned();
            }
            let forms = Forms { roles: refused.form, ..forms(ctx, staff, &user).await? };
            page(ctx, staff, user, forms, refused.status).await
        }
    }
}
