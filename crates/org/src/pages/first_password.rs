//! The first page of whoever signs in with a password that somebody else made: they choose their
//! own before anything else. [`Staff`] sends them here from everywhere.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use tanggap_kernel::Refusal;
use tanggap_kernel::error::Invalid;
use tanggap_ui::{Answer, Ctx, FormState, Page, respond};

use super::sign_in::onwards;
use crate::door::{CHOOSE_PASSWORD, Fields, SignedFields, Staff, flash};
use crate::{account, actions, password, store};

pub(super) fn routes() -> Router<Ctx> {
    Router::new().route(CHOOSE_PASSWORD, get(show).post(choose))
}

#[derive(Template)]
#[template(path = "first_password.html")]
struct FirstPage {
    page: Page,
    form: FormState,
    email: String,
    back: String,
}

#[derive(serde::Deserialize)]
struct Wanted {
    #[serde(default)]
    kembali: String,
}

fn page(ctx: &Ctx, staff: &Staff, form: FormState, back: String) -> FirstPage {
    let (page, email) = (staff.page(ctx, "org-first-password"), staff.user.email.clone());
    FirstPage { page, form, email, back }
}

async fn show(State(ctx): State<Ctx>, staff: Staff, Query(wanted): Query<Wanted>) -> Answer {
    if !staff.user.must_change_password {
        return Ok(respond::see_other("/akun"));
    }
    let form = FormState::new(staff.prefs.locale);
    Ok(respond::html(page(&ctx, &staff, form, wanted.kembali)))
}

/// What is wrong with the new password, where it is not the temporary one again.
fn problems(fields: &Fields, email: &str, is_same: bool) -> Vec<Invalid> {
    let new = fields.exact("password_new");
    if let Some(problem) = password::problem(new, email) {
        vec![Invalid::new("password_new", problem).arg("min", password::LENGTH_MIN)]
    } else if is_same {
        vec![Invalid::new("password_new", "org-invalid-password-same")]
    } else if new != fields.exact("password_again") {
        vec![Invalid::new("password_again", "org-invalid-password-again")]
    } else {
        Vec::new()
    }
}

async fn choose(State(ctx): State<Ctx>, SignedFields { staff, fields }: SignedFields) -> Answer {
    // Who owes none changes theirs on their own page, where the old one is asked for.
    if !staff.user.must_change_password {
        return Err(Refusal::Forbidden.into());
    }
    let (access, user) = (staff.access.clone(), staff.user.id);
    let account = ctx.db.read(move |tx| store::people::account(tx, &access, user)).await?;
    let old = account.map(|account| account.password_hash);
    let new = fields.exact("password_new").to_owned();
    let is_same = password::verify(new.clone(), old).await?;
    let errors = problems(&fields, &staff.user.email, is_same);
    if !errors.is_empty() {
        let back = fields.get("kembali").to_owned();
        let form = fields.refused(staff.prefs.locale, errors);
        return Ok(respond::unprocessable(page(&ctx, &staff, form, back)));
    }
    let hash = password::hash(new).await?;
    let (access, keep) = (staff.access.clone(), staff.session.hash);
    let access = ctx
        .db
        .write(move |tx| {
            actions::change_password(tx, &access, &hash, &keep)?;
            let user = store::user(tx, &access, user)?.ok_or(Refusal::NotFound)?;
            account::access_of(tx, access.agency_id, &user)
        })
        .await?;
    let place = onwards(fields.get("kembali"), &access);
    Ok(flash(&ctx.site, &place, "org-flash-password-changed"))
}
