//! One's own account: name and language, password, authenticator, sessions.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tanggap_kernel::error::Invalid;
use tanggap_kernel::{Error, Locale, Refusal, Result, Timestamp};
use tanggap_ui::ctx::random;
use tanggap_ui::{Answer, Choice, Ctx, FormState, Page, respond};

use crate::door::{Fields, SignedFields, Staff, flash, without_session};
use crate::sessions::{self, Session};
use crate::{actions, password, store, throttle, totp};

pub(super) fn routes() -> Router<Ctx> {
    Router::new()
        .route("/akun", get(show).post(change))
        .route("/akun/autentikator", get(show_totp).post(set_totp))
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    page: Page,
    email: String,
    title: String,
    has_totp: bool,
    profile: FormState,
    secret: FormState,
    authenticator: FormState,
    locales: Vec<Choice>,
    sessions: Vec<Shown>,
}

/// A session in the list.
struct Shown {
    name: String,
    agent: String,
    seen_at: Timestamp,
    created_at: Timestamp,
    is_this: bool,
}

/// The three forms of the page, of which one may have been refused.
struct Forms {
    profile: FormState,
    secret: FormState,
    authenticator: FormState,
}

impl Forms {
    fn new(staff: &Staff) -> Self {
        let locale = staff.prefs.locale;
        let profile = FormState::new(locale)
            .with("name", &staff.user.name)
            .with("locale", staff.access.locale.tag());
        Self { profile, secret: FormState::new(locale), authenticator: FormState::new(locale) }
    }
}

async fn show(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    let forms = Forms::new(&staff);
    page(&ctx, staff, forms, StatusCode::OK).await
}

async fn page(ctx: &Ctx, staff: Staff, forms: Forms, status: StatusCode) -> Answer {
    let access = staff.access.clone();
    let user = staff.user.id;
    let sessions = ctx.db.read(move |tx| sessions::of_user(tx, &access, user)).await?;
    let shown = |session: Session| Shown {
        name: sessions::short_name(&session.hash),
        agent: browser(&session.agent),
        seen_at: session.seen_at,
        created_at: session.created_at,
        is_this: session.hash == staff.session.hash,
    };
    let Forms { profile, secret, authenticator } = forms;
    let template = AccountPage {
        page: staff.page(ctx, "ui-account"),
        email: staff.user.email.clone(),
        title: staff.user.title.clone(),
        has_totp: staff.user.has_totp,
        profile,
        secret,
        authenticator,
        locales: vec![Choice::new("id", "Bahasa Indonesia"), Choice::new("en", "English")],
        sessions: sessions.into_iter().map(shown).collect(),
    };
    Ok(respond::html_status(status, template))
}

/// What a browser calls itself, as people know it: `Firefox, Windows`.
fn browser(agent: &str) -> String {
    let first = |known: &[(&'static str, &'static str)]| {
        known.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, name)| *name)
    };
    let program = first(&[
        ("Edg/", "Microsoft Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (program, system) {
        (Some(program), Some(system)) => format!("{program}, {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => agent.chars().take(60).collect(),
    }
}

async fn change(State(ctx): State<Ctx>, SignedFields { staff, fields }: SignedFields) -> Answer {
    match fields.get("action") {
        "profile" => change_profile(&ctx, staff, fields).await,
        "password" => change_password(&ctx, staff, fields).await,
        "totp-off" => totp_off(&ctx, staff, fields).await,
        "session" => {
            let (access, name) = (staff.access.clone(), fields.get("session").to_owned());
            ctx.db.write(move |tx| sessions::end_own(tx, &access, &name)).await?;
            Ok(flash(&ctx.site, "/akun", "org-flash-session-ended"))
        }
        "everywhere" => {
            let (access, user) = (staff.access.clone(), staff.user.id);
            ctx.db.write(move |tx| sessions::end_all(tx, &access, user, None)).await?;
            Ok(without_session(respond::see_other("/masuk"), &ctx.site))
        }
        _ => Err(Refusal::Invalid(Vec::new()).into()),
    }
}

async fn change_profile(ctx: &Ctx, staff: Staff, fields: Fields) -> Answer {
    let access = staff.access.clone();
    let name = fields.get("name").to_owned();
    let locale = Locale::parse(fields.get("locale")).unwrap_or_default();
    let done = ctx.db.write(move |tx| actions::update_own(tx, &access, &name, locale)).await;
    match done {
        Ok(()) => {
            let mut response = flash(&ctx.site, "/akun", "org-flash-saved");
            let cookie = format!("locale={}; Path=/; Max-Age=31536000; SameSite=Lax", locale.tag());
            if let Ok(cookie) = http::HeaderValue::from_str(&cookie) {
                response.headers_mut().append(http::header::SET_COOKIE, cookie);
            }
            Ok(response)
        }
        Err(Error::Refused(Refusal::Invalid(errors))) => {
            let profile = fields.refused(staff.prefs.locale, errors);
            let forms = Forms { profile, ..Forms::new(&staff) };
            page(ctx, staff, forms, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether the person at the screen knows the account's password; counted like sign-in.
async fn knows_password(ctx: &Ctx, staff: &Staff, typed: &str) -> Result<bool> {
    let (access, user) = (staff.access.clone(), staff.user.id);
    let key = format!("sandi:{user}");
    let counted = key.clone();
    let account = ctx
        .db
        .write(move |tx| {
            throttle::attempt(tx, &counted, throttle::SECRET)?;
            store::people::account(tx, &access, user)
        })
        .await?;
    let hash = account.map(|account| account.password_hash);
    let right = password::verify(typed.to_owned(), hash).await?;
    if right {
        ctx.db.write(move |tx| throttle::clear(tx, &key)).await?;
    }
    Ok(right)
}

async fn change_password(ctx: &Ctx, staff: Staff, fields: Fields) -> Answer {
    let (new, again) = (fields.exact("password_new"), fields.exact("password_again"));
    let mut errors = Vec::new();
    if !knows_password(ctx, &staff, fields.exact("password")).await? {
        errors.push(Invalid::new("password", "org-invalid-password"));
    }
    if let Some(problem) = password::problem(new, &staff.user.email) {
        errors.push(Invalid::new("password_new", problem).arg("min", password::LENGTH_MIN));
    } else if new != again {
        errors.push(Invalid::new("password_again", "org-invalid-password-again"));
    }
    if !errors.is_empty() {
        let secret = fields.refused(staff.prefs.locale, errors);
        let forms = Forms { secret, ..Forms::new(&staff) };
        return page(ctx, staff, forms, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let hash = password::hash(new.to_owned()).await?;
    let (access, keep) = (staff.access.clone(), staff.session.hash);
    ctx.db.write(move |tx| actions::change_password(tx, &access, &hash, &keep)).await?;
    Ok(flash(&ctx.site, "/akun", "org-flash-password-changed"))
}

async fn totp_off(ctx: &Ctx, staff: Staff, fields: Fields) -> Answer {
    if !knows_password(ctx, &staff, fields.exact("password_totp")).await? {
        let errors = vec![Invalid::new("password_totp", "org-invalid-password")];
        let authenticator = fields.refused(staff.prefs.locale, errors);
        let forms = Forms { authenticator, ..Forms::new(&staff) };
        return page(ctx, staff, forms, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let access = staff.access.clone();
    ctx.db.write(move |tx| actions::remove_totp(tx, &access)).await?;
    Ok(flash(&ctx.site, "/akun", "org-flash-totp-off"))
}

#[derive(Template)]
#[template(path = "account_totp.html")]
struct TotpPage {
    page: Page,
    /// Another one is in use: only who knows the password replaces it.
    replaces: bool,
    form: FormState,
    salt: String,
    key: String,
    url: String,
    qr: String,
}

async fn show_totp(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    let salt = totp::salt(random()?);
    let form = FormState::new(staff.prefs.locale);
    Ok(respond::html(totp_page(&ctx, &staff, form, salt)))
}

fn totp_page(ctx: &Ctx, staff: &Staff, form: FormState, salt: String) -> TotpPage {
    let issuer = format!("Tanggap {}", staff.agency.short_name);
    let (user, email) = (staff.user.id, &staff.user.email);
    let shown = totp::enrolment(&ctx.secrets, user, &salt, email, &issuer);
    let page = staff.page(ctx, "org-totp");
    let qr = super::qr(&shown.url, &page.title);
    let replaces = staff.user.has_totp;
    TotpPage { page, replaces, form, salt, key: shown.key, url: shown.url, qr }
}

async fn set_totp(State(ctx): State<Ctx>, SignedFields { staff, fields }: SignedFields) -> Answer {
    let salt = fields.get("salt").to_owned();
    // A salt is 16 random bytes as text; anything else did not come from our form.
    let sound = salt.len() == 22 && salt.bytes().all(|b| b.is_ascii_graphic());
    if !sound {
        return Err(Refusal::Invalid(Vec::new()).into());
    }
    let refused = |salt, field, message| {
        let errors = vec![Invalid::new(field, message)];
        let form = FormState::refused(staff.prefs.locale, Vec::new(), errors);
        Ok(respond::unprocessable(totp_page(&ctx, &staff, form, salt)))
    };
    let replaces = staff.user.has_totp;
    if replaces && !knows_password(&ctx, &staff, fields.exact("password_totp")).await? {
        return refused(salt, "password_totp", "org-invalid-password");
    }
    let step = totp::check(&ctx.secrets, staff.user.id, &salt, fields.get("code"), ctx.now(), 0)?;
    let Some(step) = step else { return refused(salt, "code", "org-invalid-code") };
    let (access, keep) = (staff.access.clone(), staff.session.hash);
    ctx.db.write(move |tx| actions::set_totp(tx, &access, &salt, step, &keep)).await?;
    Ok(flash(&ctx.site, "/akun", "org-flash-totp-on"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_called_as_people_call_them() {
        let phone = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari";
        assert_eq!(browser(phone), "Chrome, Android");
        assert_eq!(browser("curl/8"), "curl/8");
    }
}
