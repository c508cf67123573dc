//! Setting up the web chat: where its widget may stand, what it says, when somebody is there, the
//! key of a host application, and the tag to copy.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use tanggap_conversations::accounts::{self, Account, AccountId, AccountInput};
use tanggap_conversations::chat::vouch::{SHARED, public_key, shared_secret};
use tanggap_conversations::chat::{CHANNEL, Hours, Settings, origin_of};
use tanggap_kernel::error::Invalid;
use tanggap_kernel::{Error, Permission, Refusal, Result};
use tanggap_org as org;
use tanggap_org::door::{Fields, SignedFields, Staff, flash};
use tanggap_ui::{Answer, Choice, Ctx, FormState, Page, respond};

/// Where this part of the settings lies.
pub(crate) const HOME: &str = "/pengaturan/obrolan";
/// The longest text of a greeting, in characters.
const TEXT_MAX: usize = 600;
/// The most pages on which one widget stands.
const ORIGINS_MAX: usize = 50;

#[derive(Template)]
#[template(path = "chats.html")]
struct ChatsPage {
    page: Page,
    accounts: Vec<(Account, usize)>,
}

#[derive(Template)]
#[template(path = "chat_settings.html")]
struct ChatPage {
    page: Page,
    form: FormState,
    hours: Vec<Choice>,
    account: Option<Account>,
    tag: String,
    link: String,
    secret: String,
    example: String,
}

/// `GET /pengaturan/obrolan`.
pub(crate) async fn list(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    staff.access.require(Permission::ChannelsManage, None)?;
    let access = staff.access.clone();
    let mut all = ctx.db.read(move |tx| Ok(accounts::all(tx, &access)?)).await?;
    all.retain(|account| account.channel == CHANNEL);
    let with_places = |account: Account| {
        let places = Settings::read(&account.settings).origins.len();
        (account, places)
    };
    let page = staff.page(&ctx, "chat-settings");
    let accounts = all.into_iter().map(with_places).collect();
    Ok(respond::html(ChatsPage { page, accounts }))
}

/// `GET /pengaturan/obrolan/{id}`; `baru` is a new one.
pub(crate) async fn show(
    State(ctx): State<Ctx>,
    staff: Staff,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let account = find(&ctx, &staff, &id).await?;
    let settings = account.as_ref().map(|a| Settings::read(&a.settings)).unwrap_or_default();
    let form = FormState::new(staff.prefs.locale)
        .with("name", account.as_ref().map_or("", |a| a.name.as_str()))
        .with("origins", settings.origins.join("\n"))
        .with("greeting", &settings.greeting)
        .with("greeting_en", &settings.greeting_en)
        .with("away", &settings.away)
        .with("away_en", &settings.away_en)
        .with("hours", if settings.hours == Hours::Always { "always" } else { "office" })
        .with("public_key", &settings.public_key)
        .with("active", if account.as_ref().is_none_or(|a| a.active) { "ya" } else { "" })
        .with("version", account.as_ref().map_or(0, |a| a.version));
    Ok(page(&ctx, &staff, &headers, account, form, StatusCode::OK).await?)
}

async fn find(ctx: &Ctx, staff: &Staff, id: &str) -> Result<Option<Account>> {
    staff.access.require(Permission::ChannelsManage, None)?;
    if id == "baru" {
        return Ok(None);
    }
    let id = AccountId::parse(id).ok_or(Refusal::NotFound)?;
    let access = staff.access.clone();
    let account = ctx.db.read(move |tx| accounts::get(tx, &access, id)).await?;
    match account.channel == CHANNEL {
        true => Ok(Some(account)),
        false => Err(Refusal::NotFound.into()),
    }
}

async fn page(
    ctx: &Ctx,
    staff: &Staff,
    headers: &HeaderMap,
    account: Option<Account>,
    form: FormState,
    status: StatusCode,
) -> Result<Response> {
    let agency = staff.access.agency_id;
    let slug = ctx.db.read(move |tx| org::agency(tx, agency)).await?.map(|agency| agency.slug);
    let page = match &account {
        Some(account) => staff.page_titled(account.name.clone()),
        None => staff.page(ctx, "chat-settings-new"),
    };
    let base = format!("{}/i/{}", origin(ctx, headers), slug.unwrap_or_default());
    let (mut tag, mut link, mut secret, mut example) = Default::default();
    if let Some(account) = &account {
        let id = account.id;
        tag = format!("<script src=\"{base}/obrolan.js\" data-akun=\"{id}\" async></script>");
        link = format!("{base}/obrolan?akun={id}");
        let settings = Settings::read(&account.settings);
        if settings.key_number > 0 && settings.public_key.is_empty() {
            let key = ctx.secrets.key(SHARED);
            secret = shared_secret(&key, account.agency_id, id, settings.key_number);
        }
        example = serde_json::json!({
            "sub": "12345", "aud": id.to_string(), "exp": ctx.now().as_micros() / 1_000_000 + 600,
            "name": "Sri Wahyuni", "email": "sri@contoh.id",
        })
        .to_string();
    }
    let choice = |value: &str| Choice::new(value, page.t(format!("chat-hours-{value}")));
    let hours = ["office", "always"].map(choice).into();
    let view = ChatPage { form, hours, account, tag, link, secret, example, page };
    Ok(respond::html_status(status, view))
}

/// Our own address as configured, else as the browser asked for it: the tag stands on other sites.
fn origin(ctx: &Ctx, headers: &HeaderMap) -> String {
    if !ctx.site.base_url.is_empty() {
        return ctx.site.base_url.clone();
    }
    let scheme = if ctx.site.secure_cookies { "https" } else { "http" };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.map(|host| format!("{scheme}://{host}")).unwrap_or_default()
}

/// `POST /pengaturan/obrolan/{id}`.
pub(crate) async fn save(
    State(ctx): State<Ctx>,
    Path(id): Path<String>,
    headers: HeaderMap,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    let account = find(&ctx, &staff, &id).await?;
    let known = account.as_ref().map(|a| Settings::read(&a.settings)).unwrap_or_default();
    let done = match read(&fields, known) {
        Err(wrong) => Err(Error::Refused(Refusal::Invalid(wrong))),
        Ok(settings) => {
            let input = AccountInput {
                channel: CHANNEL,
                name: fields.get("name").to_owned(),
                address: match &account {
                    Some(account) => account.address.clone(),
                    None => address()?,
                },
                settings: settings.to_json(),
                secrets: Vec::new(),
                active: fields.is_on("active"),
            };
            let version = fields.get("version").parse().unwrap_or(0);
            let (access, id) = (staff.access.clone(), account.as_ref().map(|a| a.id));
            ctx.db
                .write(move |tx| match id {
                    Some(id) => accounts::update(tx, &access, id, version, &input).map(|()| id),
                    None => accounts::create(tx, &access, &input),
                })
                .await
        }
    };
    let (status, wrong) = match done {
        Ok(id) => return Ok(flash(&ctx.site, &format!("{HOME}/{id}"), "chat-flash-saved")),
        Err(Error::Refused(Refusal::Invalid(wrong))) => (StatusCode::UNPROCESSABLE_ENTITY, wrong),
        Err(Error::Refused(Refusal::Stale)) => {
            (StatusCode::CONFLICT, vec![Invalid::new("name", "org-invalid-stale")])
        }
        Err(error) => return Err(error.into()),
    };
    let form = fields.refused(staff.prefs.locale, wrong);
    Ok(page(&ctx, &staff, &headers, account, form, status).await?)
}

/// An address that no other chat of the installation has: it is a name inside only.
fn address() -> Result<String> {
    Ok(hex::encode(tanggap_ui::ctx::random::<8>()?))
}

/// The settings that a form asks for.
fn read(fields: &Fields, known: Settings) -> Result<Settings, Vec<Invalid>> {
    let mut wrong = Vec::new();
    let mut origins = Vec::new();
    for line in fields.get("origins").lines().map(str::trim).filter(|line| !line.is_empty()) {
        match origin_of(line) {
            Some(origin) if !origins.contains(&origin) => origins.push(origin),
            Some(_) => {}
            None => wrong.push(Invalid::new("origins", "chat-invalid-origin").arg("name", line)),
        }
    }
    if origins.len() > ORIGINS_MAX {
        wrong.push(Invalid::new("origins", "chat-invalid-origins").arg("max", ORIGINS_MAX));
    }
    for field in ["greeting", "greeting_en", "away", "away_en"] {
        if fields.get(field).chars().count() > TEXT_MAX {
            wrong.push(Invalid::new(field, "ui-invalid-long").arg("max", TEXT_MAX));
        }
    }
    let pasted = fields.get("public_key");
    let key = match pasted {
        "" => String::new(),
        same if same == known.public_key => known.public_key.clone(),
        pasted => match public_key(pasted) {
            Some(key) => hex::encode(key),
            None => {
                wrong.push(Invalid::new("public_key", "chat-invalid-key"));
                String::new()
            }
        },
    };
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let text = |name: &str| fields.get(name).to_owned();
    Ok(Settings {
        origins,
        greeting: text("greeting"),
        greeting_en: text("greeting_en"),
        away: text("away"),
        away_en: text("away_en"),
        hours: if fields.get("hours") == "always" { Hours::Always } else { Hours::Office },
        key_number: known.key_number + u32::from(fields.is_on("new_key")),
        public_key: key,
    })
}
