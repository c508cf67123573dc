//! API tokens: issuing, with the secret shown once, and revoking.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tanggap_calendar::Date;
use tanggap_kernel::access::Permission;
use tanggap_kernel::id::TokenId;
use tanggap_kernel::{Refusal, Result, Timestamp};
use tanggap_ui::ctx::random;
use tanggap_ui::{Answer, Choice, Ctx, FormState, Page, respond};

use super::settings;
use crate::actions::{self, NewToken};
use crate::door::{Fields, SignedFields, Staff, flash};
use crate::model::ApiToken;
use crate::rules::TokenScope;
use crate::store;

const HOME: &str = "/pengaturan/token";

pub(super) fn routes() -> Router<Ctx> {
    Router::new().route(HOME, get(show).post(change))
}

#[derive(Template)]
#[template(path = "tokens.html")]
struct TokensPage {
    page: Page,
    form: FormState,
    scopes: Vec<Choice>,
    tokens: Vec<Row>,
    made: String,
}

struct Row {
    token: ApiToken,
    scopes: Vec<&'static str>,
    is_over: bool,
}

async fn show(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    let form = FormState::new(staff.prefs.locale);
    page(&ctx, &staff, form, String::new(), StatusCode::OK).await
}

async fn page(
    ctx: &Ctx,
    staff: &Staff,
    form: FormState,
    made: String,
    status: StatusCode,
) -> Answer {
    staff.access.require(Permission::TokensManage, None)?;
    let access = staff.access.clone();
    let tokens = ctx.db.read(move |tx| store::tokens(tx, &access)).await?;
    let page = staff.page(ctx, "org-settings-tokens");
    let now = ctx.now();
    let row = |token: ApiToken| Row {
        scopes: token.scopes.iter().map(|scope| scope.as_str()).collect(),
        is_over: token.expires_at.is_some_and(|at| at <= now),
        token,
    };
    let scope =
        |scope: TokenScope| Choice::new(scope.as_str(), page.t(scope.key())).hint(scope.as_str());
    let offered = TokenScope::ALL.into_iter().filter(|scope| scope.may_be_given_by(&staff.access));
    let template = TokensPage {
        scopes: offered.map(scope).collect(),
        tokens: tokens.into_iter().map(row).collect(),
        page,
        form,
        made,
    };
    Ok(respond::html_status(status, template))
}

fn input(fields: &Fields, staff: &Staff, secret: &str) -> Result<NewToken> {
    let expires_at = match fields.get("expires") {
        "" => None,
        text => {
            let date: Date =
                text.parse().map_err(|_| Refusal::field("expires", "ui-invalid-date"))?;
            // Until the end of that day where the agency is.
            Some(Timestamp::from_micros(staff.zone.end_of_day(date)))
        }
    };
    Ok(NewToken {
        name: fields.get("name").to_owned(),
        scopes: fields.all("scopes").filter_map(TokenScope::parse).collect(),
        secret_hash: actions::token_hash(secret),
        expires_at,
    })
}

async fn change(State(ctx): State<Ctx>, SignedFields { staff, fields }: SignedFields) -> Answer {
    staff.access.require(Permission::TokensManage, None)?;
    let access = staff.access.clone();
    if fields.get("action") == "revoke" {
        let id = TokenId::parse(fields.get("id")).ok_or(Refusal::NotFound)?;
        ctx.db.write(move |tx| actions::revoke_token(tx, &access, id)).await?;
        return Ok(flash(&ctx.site, HOME, "org-flash-token-revoked"));
    }
    let secret = actions::token_secret(random()?);
    let input = input(&fields, &staff, &secret);
    match settings::submit(&ctx, &staff, fields, input, actions::create_token).await? {
        Ok(_) => {
            let form = FormState::new(staff.prefs.locale);
            page(&ctx, &staff, form, secret, StatusCode::OK).await
        }
        Err(refused) => page(&ctx, &staff, refused.form, String::new(), refused.status).await,
    }
}
