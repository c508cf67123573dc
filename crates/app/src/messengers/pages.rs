//! Settings: the accounts at messengers. A token that was typed is sealed at once and never shown
//! again; what is to be typed at the provider is shown beside the form.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Extension, Router};
use tanggap_channels::messenger::{Client, Kind, Secrets, Settings};
use tanggap_conversations::accounts::{self, Account, AccountId, AccountInput};
use tanggap_conversations::templates::{self, Approved};
use tanggap_kernel::error::Invalid;
use tanggap_kernel::{Access, Refusal, Result, Timestamp};
use tanggap_org::Staff;
use tanggap_org::door::{Fields, SignedFields, flash};
use tanggap_store::Tx;
use tanggap_ui::ctx::random;
use tanggap_ui::{Answer, Ctx, FormState, Page, respond};

use super::Messengers;
use crate::account::{self, manage, refused};
use crate::{mailbox, sms};

const HOME: &str = "/pengaturan/kanal";

pub(super) fn routes() -> Router<Ctx> {
    Router::new()
        .route(HOME, get(list))
        .route("/pengaturan/kanal/baru/{channel}", get(new).post(create))
        .route("/pengaturan/kanal/{id}", get(show).post(change))
        .route("/pengaturan/kanal/{id}/uji", post(test))
}

#[derive(Template)]
#[template(path = "accounts.html")]
struct AccountsPage {
    page: Page,
    accounts: Vec<Account>,
    kinds: [Kind; 5],
}

impl AccountsPage {
    fn path(&self, account: &Account) -> String {
        match account.channel.as_str() {
            mailbox::CHANNEL => format!("{HOME}/surel/{}", account.id),
            sms::CHANNEL => format!("{HOME}/sms/{}", account.id),
            _ => format!("{HOME}/{}", account.id),
        }
    }
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    page: Page,
    form: FormState,
    kind: Kind,
    account: Option<Account>,
    /// Where the provider is to call us, and what it is to say.
    callback: String,
    verify_token: String,
    /// What was kept of the approved texts, and when.
    templates: Vec<Approved>,
    /// Which of the secrets are there.
    has_token: bool,
    has_app_secret: bool,
}

async fn list(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    manage(&staff)?;
    let access = staff.access.clone();
    let all = ctx.db.read(move |tx| Ok(accounts::all(tx, &access)?)).await?;
    let is_here = |a: &Account| {
        let others = [mailbox::CHANNEL, sms::CHANNEL];
        others.contains(&a.channel.as_str()) || Kind::parse(&a.channel).is_some()
    };
    let accounts = all.into_iter().filter(is_here).collect();
    let page = staff.page(&ctx, "kanal-title");
    Ok(respond::html(AccountsPage { page, accounts, kinds: Kind::ALL }))
}

async fn load(ctx: &Ctx, staff: &Staff, id: &str) -> Result<(Kind, Account)> {
    let account = account::load_any(ctx, staff, id).await?;
    let kind = Kind::parse(&account.channel).ok_or(Refusal::NotFound)?;
    Ok((kind, account))
}

async fn new(State(ctx): State<Ctx>, staff: Staff, Path(channel): Path<String>) -> Answer {
    manage(&staff)?;
    let kind = Kind::parse(&channel).ok_or(Refusal::NotFound)?;
    let form = FormState::new(staff.prefs.locale).with("active", "ya");
    page(&ctx, &staff, kind, None, form, StatusCode::OK).await
}

async fn show(State(ctx): State<Ctx>, staff: Staff, Path(id): Path<String>) -> Answer {
    manage(&staff)?;
    let (kind, account) = load(&ctx, &staff, &id).await?;
    let (_, settings, _) = super::open(&ctx.secrets, &account)?;
    let form = account::filled(FormState::new(staff.prefs.locale), &account)
        .with("business", &settings.business_account_id)
        .with("page", &settings.page_id)
        .with("polling", if settings.polling { "ya" } else { "" });
    page(&ctx, &staff, kind, Some(account), form, StatusCode::OK).await
}

async fn page(
    ctx: &Ctx,
    staff: &Staff,
    kind: Kind,
    account: Option<Account>,
    form: FormState,
    status: StatusCode,
) -> Answer {
    let (access, id) = (staff.access.clone(), account.as_ref().map(|account| account.id));
    let templates = match id.filter(|_| kind == Kind::WhatsApp) {
        Some(id) => ctx.db.read(move |tx| Ok(templates::all(tx, &access, id)?)).await?,
        None => Vec::new(),
    };
    let secrets = match &account {
        Some(account) => super::open(&ctx.secrets, account)?.2,
        None => Secrets::default(),
    };
    let page = match &account {
        Some(account) => staff.page_titled(&account.name),
        None => staff.page(ctx, &format!("kanal-new-{}", kind.as_str())),
    };
    let callback = account.as_ref().map(|account| callback(ctx, kind, &account.address));
    let template = AccountPage {
        page,
        form,
        kind,
        callback: callback.unwrap_or_default(),
        templates,
        has_token: !secrets.token.is_empty(),
        has_app_secret: !secrets.app_secret.is_empty(),
        verify_token: secrets.verify_token,
        account,
    };
    Ok(respond::html_status(status, template))
}

/// The address that the provider is to call.
fn callback(ctx: &Ctx, kind: Kind, address: &str) -> String {
    format!("{}/kanal/{}/{address}", ctx.site.base_url, kind.as_str())
}

/// What a form says, over what was known: a secret that was left empty stays as it was.
fn input(
    ctx: &Ctx,
    staff: &Staff,
    kind: Kind,
    fields: &Fields,
    mut secrets: Secrets,
) -> Result<AccountInput> {
    let take = |field: &str, secret: &mut String| {
        if !fields.get(field).is_empty() {
            fields.get(field).clone_into(secret);
        }
    };
    take("password_token", &mut secrets.token);
    take("password_token_secret", &mut secrets.token_secret);
    take("password_app_key", &mut secrets.app_key);
    take("password_app_secret", &mut secrets.app_secret);
    if secrets.verify_token.is_empty() {
        secrets.verify_token = hex::encode(random::<24>()?);
    }
    let address = fields.get("address").trim_start_matches('@');
    let plain = address.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let mut errors = Vec::new();
    if !plain || address.is_empty() {
        errors.push(Invalid::new("address", "kanal-invalid-address"));
    }
    if secrets.token.is_empty() {
        errors.push(Invalid::new("password_token", "ui-invalid-required"));
    }
    if secrets.app_secret.is_empty() && kind != Kind::Telegram {
        errors.push(Invalid::new("password_app_secret", "ui-invalid-required"));
    }
    if !errors.is_empty() {
        return Err(Refusal::Invalid(errors).into());
    }
    let settings = Settings {
        business_account_id: fields.get("business").to_owned(),
        page_id: fields.get("page").to_owned(),
        polling: kind == Kind::Telegram && fields.is_on("polling"),
    };
    let settings = serde_json::to_string(&settings)
        .map_err(|e| tanggap_kernel::Fault::new(format!("settings: {e}")))?;
    Ok(AccountInput {
        channel: kind.as_str(),
        name: fields.get("name").to_owned(),
        address: address.to_owned(),
        settings,
        secrets: account::seal(&ctx.secrets, staff.access.agency_id, &secrets)?,
        active: fields.is_on("active"),
    })
}

/// Begins to ask Telegram, where that is how the account is set; the job ends by itself where it
/// is not.
fn ask(tx: &mut Tx<'_>, access: &Access, id: AccountId, input: &AccountInput) -> Result<AccountId> {
    if input.channel == Kind::Telegram.as_str() && input.active {
        super::poll::begin(tx, access.agency_id, id)?;
    }
    Ok(id)
}

async fn create(
    State(ctx): State<Ctx>,
    Path(channel): Path<String>,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    manage(&staff)?;
    let kind = Kind::parse(&channel).ok_or(Refusal::NotFound)?;
    let made = match input(&ctx, &staff, kind, &fields, Secrets::default()) {
        Ok(input) => {
            let access = staff.access.clone();
            ctx.db
                .write(move |tx| {
                    let id = accounts::create(tx, &access, &input)?;
                    ask(tx, &access, id, &input)
                })
                .await
        }
        Err(error) => Err(error),
    };
    match made {
        Ok(id) => Ok(flash(&ctx.site, &format!("{HOME}/{id}"), "kanal-flash-created")),
        Err(error) => {
            let (status, form) = refused(error, fields, &staff)?;
            page(&ctx, &staff, kind, None, form, status).await
        }
    }
}

async fn change(
    State(ctx): State<Ctx>,
    Path(id): Path<String>,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    manage(&staff)?;
    let (kind, account) = load(&ctx, &staff, &id).await?;
    let known = super::open(&ctx.secrets, &account)?.2;
    let version = fields.get("version").parse().map_err(|_| Refusal::Stale)?;
    let changed = match input(&ctx, &staff, kind, &fields, known) {
        Ok(input) => {
            let (access, id) = (staff.access.clone(), account.id);
            ctx.db
                .write(move |tx| {
                    accounts::update(tx, &access, id, version, &input)?;
                    ask(tx, &access, id, &input)
                })
                .await
        }
        Err(error) => Err(error),
    };
    match changed {
        Ok(_) => Ok(flash(&ctx.site, &format!("{HOME}/{id}"), "kanal-flash-saved")),
        Err(error) => {
            let (status, form) = refused(error, fields, &staff)?;
            page(&ctx, &staff, kind, Some(account), form, status).await
        }
    }
}

/// Tries the account at its provider, tells Telegram where to call, and brings what WhatsApp
/// approved.
async fn test(
    State(ctx): State<Ctx>,
    Extension(messengers): Extension<Messengers>,
    Path(id): Path<String>,
    SignedFields { staff, .. }: SignedFields,
) -> Answer {
    manage(&staff)?;
    let (kind, account) = load(&ctx, &staff, &id).await?;
    let client = messengers.client_of(&ctx.secrets, &account)?;
    let tried = connect(&ctx, kind, &account, &client).await;
    let (access, id) = (staff.access.clone(), account.id);
    let path = format!("{HOME}/{id}");
    match tried {
        Ok(told) => {
            ctx.db
                .write(move |tx| {
                    if let Some(told) = &told {
                        templates::replace(tx, &access, id, told)?;
                    }
                    accounts::note_trouble(tx, &access, id, None)
                })
                .await?;
            Ok(flash(&ctx.site, &path, "kanal-flash-works"))
        }
        Err(why) => {
            ctx.db.write(move |tx| accounts::note_trouble(tx, &access, id, Some(&why))).await?;
            Ok(flash(&ctx.site, &path, "kanal-flash-refused"))
        }
    }
}

async fn connect(
    ctx: &Ctx,
    kind: Kind,
    account: &Account,
    client: &Client,
) -> Result<Option<Vec<Approved>>, String> {
    let words = |error: tanggap_channels::exchange::NotSent| error.to_string();
    client.check().await.map_err(words)?;
    let (_, settings, secrets) =
        super::open(&ctx.secrets, account).map_err(|error| error.to_string())?;
    match client {
        Client::Telegram(bot) if settings.polling => bot.delete_webhook().await.map_err(words)?,
        Client::Telegram(bot) => {
            let url = callback(ctx, kind, &account.address);
            bot.set_webhook(&url, &secrets.verify_token).await.map_err(words)?;
        }
        Client::WhatsApp(number) if !settings.business_account_id.is_empty() => {
            let told = number.templates().await.map_err(words)?;
            let kept = told.into_iter().map(|template| Approved {
                name: template.name,
                language: template.language,
                category: template.category,
                body: template.body,
                gaps: i64::try_from(template.gaps).unwrap_or(0),
                fetched_at: Timestamp::from_micros(0),
            });
            return Ok(Some(kept.collect()));
        }
        _ => {}
    }
    Ok(None)
}
