//! Signing in and out.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tanggap_kernel::error::Invalid;
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, AgencyId, Error, Refusal, Result, Timestamp};
use tanggap_ui::{Answer, Ctx, FormState, Page, prefs, respond};

use crate::door::{
    Fields, SignedFields, Staff, Visitor, VisitorFields, home_of, session_cookie, without_session,
};
use crate::rules::Role;
use crate::signin::{self, Origin, Outcome, Who};
use crate::{sessions, store};

/// How long a right password waits for the code.
const CODE_WITHIN: i64 = 5 * Timestamp::MINUTE;

pub(super) fn routes() -> Router<Ctx> {
    Router::new()
        .route("/masuk", get(show).post(password))
        .route("/masuk/kode", post(code))
        .route("/masuk/demo", post(demo))
        .route("/keluar", post(sign_out))
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    page: Page,
    form: FormState,
    back: String,
    demo: Vec<DemoGroup>,
}

/// People of the demo with the same role.
struct DemoGroup {
    role: &'static str,
    what: String,
    people: Vec<DemoPerson>,
}

struct DemoPerson {
    agency: AgencyId,
    id: UserId,
    name: String,
    title: String,
}

#[derive(Template)]
#[template(path = "sign_in_code.html")]
struct CodePage {
    page: Page,
    form: FormState,
    back: String,
    ticket: String,
}

#[derive(serde::Deserialize)]
struct Wanted {
    #[serde(default)]
    kembali: String,
}

async fn show(
    State(ctx): State<Ctx>,
    staff: Option<Known>,
    visitor: Visitor,
    Query(wanted): Query<Wanted>,
) -> Answer {
    // In the demo one comes back to be somebody else.
    if let Some(Known(staff)) = staff.filter(|_| !ctx.site.demo) {
        return Ok(respond::see_other(&onwards(&wanted.kembali, &staff.access)));
    }
    let form = FormState::new(visitor.prefs.locale);
    page(&ctx, &visitor, StatusCode::OK, form, wanted.kembali).await
}

/// Staff, where the session is good; never an answer of its own.
struct Known(Staff);

impl axum::extract::OptionalFromRequestParts<Ctx> for Known {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut http::request::Parts,
        ctx: &Ctx,
    ) -> Result<Option<Self>, Self::Rejection> {
        use axum::extract::FromRequestParts as _;
        Ok(Staff::from_request_parts(parts, ctx).await.ok().map(Self))
    }
}

async fn page(
    ctx: &Ctx,
    visitor: &Visitor,
    status: StatusCode,
    form: FormState,
    back: String,
) -> Answer {
    let is_demo = ctx.site.demo;
    let (agencies, demo) = ctx
        .db
        .read(move |tx| {
            let agencies = store::agencies(tx)?;
            let demo = if is_demo { demo_people(tx, &agencies)? } else { Vec::new() };
            Ok((agencies, demo))
        })
        .await?;
    let name = match &agencies[..] {
        [] => return Ok(respond::see_other("/mulai")),
        [only] => only.short_name.clone(),
        _ => String::new(),
    };
    let page = visitor.page("org-sign-in", &name);
    let response = respond::html_status(status, SignInPage { page, form, back, demo });
    Ok(visitor.keep(ctx, response))
}

fn demo_people(
    tx: &mut tanggap_store::Tx<'_>,
    agencies: &[crate::Agency],
) -> Result<Vec<DemoGroup>> {
    let work = |role: &Role| *role != Role::Host;
    let mut groups: Vec<DemoGroup> = Role::ALL
        .into_iter()
        .filter(work)
        .map(|role| DemoGroup {
            role: role.key(),
            what: format!("{}.hint", role.key()),
            people: Vec::new(),
        })
        .collect();
    for agency in agencies {
        let access = Access::system(agency.id);
        let wanted = store::People { limit: 100, ..store::People::default() };
        for (user, roles) in store::people(tx, &access, &wanted)?.rows {
            // Who holds several roles stands under the rarest, which comes last.
            let Some(role) = roles.iter().map(|grant| grant.role).filter(work).max() else {
                continue;
            };
            let person =
                DemoPerson { agency: agency.id, id: user.id, name: user.name, title: user.title };
            groups[role as usize].people.push(person);
        }
    }
    groups.retain(|group| !group.people.is_empty());
    Ok(groups)
}

async fn password(
    State(ctx): State<Ctx>,
    VisitorFields { visitor, fields }: VisitorFields,
) -> Answer {
    let back = fields.get("kembali").to_owned();
    if let Err(error) = visitor.check_csrf(fields.get("csrf")) {
        return refused(&ctx, &visitor, fields, back, error).await;
    }
    let (email, secret) = (fields.get("email").to_owned(), fields.exact("password").to_owned());
    let missing: Vec<Invalid> = [("email", email.is_empty()), ("password", secret.is_empty())]
        .into_iter()
        .filter(|(_, is_empty)| *is_empty)
        .map(|(field, _)| Invalid::new(field, "ui-invalid-required"))
        .collect();
    if !missing.is_empty() {
        let error = Refusal::Invalid(missing).into();
        return refused(&ctx, &visitor, fields, back, error).await;
    }
    let origin = Origin { address: visitor.address, agent: visitor.agent.clone() };
    // No password is longer; hashing a book would only cost time.
    let outcome = if secret.chars().count() > crate::password::LENGTH_MAX {
        Ok(Outcome::Wrong)
    } else {
        signin::with_password(&ctx, &email, secret, &origin).await
    };
    match outcome {
        Ok(Outcome::In(secret, access)) => Ok(enter(&ctx, &secret, &access, &back)),
        Ok(Outcome::NeedsCode(who)) => Ok(ask_code(&ctx, &visitor, who, back)),
        Ok(Outcome::Wrong) => {
            let error = Refusal::field("password", "org-invalid-sign-in").into();
            refused(&ctx, &visitor, fields, back, error).await
        }
        Err(error) => refused(&ctx, &visitor, fields, back, error).await,
    }
}

/// The sign-in page again, with what is wrong.
async fn refused(
    ctx: &Ctx,
    visitor: &Visitor,
    fields: Fields,
    back: String,
    error: Error,
) -> Answer {
    let (status, errors, wait) = told(error)?;
    let form = fields.refused(visitor.prefs.locale, errors);
    let mut response = page(ctx, visitor, status, form, back).await?;
    if let Some(seconds) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    Ok(response)
}

/// What a refusal is on a form; too many tries are told with the time to wait.
fn told(error: Error) -> Result<(StatusCode, Vec<Invalid>, Option<i64>)> {
    match error {
        Error::Refused(Refusal::Invalid(errors)) => {
            Ok((StatusCode::UNPROCESSABLE_ENTITY, errors, None))
        }
        Error::Refused(Refusal::TooMany { retry_after_s }) => {
            let minutes = (retry_after_s + 59) / 60;
            let wait = Invalid::new("password", "org-invalid-wait").arg("minutes", minutes);
            Ok((StatusCode::TOO_MANY_REQUESTS, vec![wait], Some(retry_after_s)))
        }
        other => Err(other),
    }
}

fn ask_code(ctx: &Ctx, visitor: &Visitor, who: Who, back: String) -> Response {
    let facts = format!("{}-{}", who.agency_id, who.user_id);
    let ticket = visitor.ticket(ctx, &facts, ctx.now().plus(CODE_WITHIN));
    let form = FormState::new(visitor.prefs.locale);
    let page = visitor.page("org-sign-in-code", "");
    respond::html(CodePage { page, form, back, ticket })
}

fn who_of(facts: &str) -> Option<Who> {
    let (agency, user) = facts.split_once('-')?;
    Some(Who { agency_id: AgencyId::parse(agency)?, user_id: UserId::parse(user)? })
}

async fn code(State(ctx): State<Ctx>, VisitorFields { visitor, fields }: VisitorFields) -> Answer {
    visitor.check_csrf(fields.get("csrf"))?;
    let (back, ticket) = (fields.get("kembali").to_owned(), fields.get("ticket").to_owned());
    let Some(who) = visitor.redeem(&ctx, &ticket).as_deref().and_then(who_of) else {
        // The five minutes are over: from the beginning.
        return Ok(respond::see_other("/masuk"));
    };
    let origin = Origin { address: visitor.address, agent: visitor.agent.clone() };
    let error = match signin::with_code(&ctx, who, fields.get("code"), &origin).await {
        Ok(Outcome::In(secret, access)) => return Ok(enter(&ctx, &secret, &access, &back)),
        Ok(_) => Refusal::field("code", "org-invalid-code").into(),
        Err(error) => error,
    };
    let (status, mut errors, _) = told(error)?;
    for error in &mut errors {
        error.field = "code".to_owned();
    }
    let form = FormState::refused(visitor.prefs.locale, Vec::new(), errors);
    let page = visitor.page("org-sign-in-code", "");
    Ok(respond::html_status(status, CodePage { page, form, back, ticket }))
}

async fn demo(State(ctx): State<Ctx>, VisitorFields { visitor, fields }: VisitorFields) -> Answer {
    if !ctx.site.demo {
        return Err(Refusal::NotFound.into());
    }
    if visitor.check_csrf(fields.get("csrf")).is_err() {
        // A browser that shows an older page: its next click will do.
        return Ok(visitor.keep(&ctx, respond::see_other("/masuk")));
    }
    let who = who_of(fields.get("who")).ok_or(Refusal::NotFound)?;
    let origin = Origin { address: visitor.address, agent: visitor.agent.clone() };
    match signin::begin(&ctx, who, None, None, &origin).await? {
        Outcome::In(secret, access) => Ok(enter(&ctx, &secret, &access, fields.get("kembali"))),
        _ => Err(Refusal::NotFound.into()),
    }
}

fn enter(ctx: &Ctx, secret: &str, access: &Access, back: &str) -> Response {
    session_cookie(respond::see_other(&onwards(back, access)), &ctx.site, secret)
}

/// Back to where they wanted to go, or to where their work begins.
pub(super) fn onwards(back: &str, access: &Access) -> String {
    match prefs::local_path(back) {
        "/" => home_of(access),
        path if path.starts_with("/masuk") || path.starts_with("/keluar") => home_of(access),
        path => path.to_owned(),
    }
}

async fn sign_out(State(ctx): State<Ctx>, SignedFields { staff, .. }: SignedFields) -> Answer {
    let (access, hash) = (staff.access.clone(), staff.session.hash);
    ctx.db.write(move |tx| sessions::sign_out(tx, &access, &hash)).await?;
    let response = without_session(respond::see_other("/masuk"), &ctx.site);
    // What the browser still holds of this session's pages goes with it.
    let clear = [("clear-site-data", "\"cache\"")];
    Ok((clear, response).into_response())
}
