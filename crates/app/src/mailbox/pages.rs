//! Settings: the mailboxes of an agency, how each of them goes, and what could not be taken in. A
//! secret that was typed is sealed at once and never shown again.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use axum::routing::{get, post};
use axum::{Extension, Router};
use tanggap_channels::email::imap;
use tanggap_channels::email::wire::Signer;
use tanggap_channels::web::Http;
use tanggap_conversations::accounts::{self, Account, AccountId};
use tanggap_conversations::inbound::{self, Inbound, InboundId, InboundState};
use tanggap_conversations::states::{self, State as Going};
use tanggap_kernel::{Access, Refusal, Result};
use tanggap_org::Staff;
use tanggap_org::door::{SignedFields, flash};
use tanggap_store::Tx;
use tanggap_ui::{Answer, Choice, Ctx, FormState, Page, Tone, respond};

use super::form::{self, LABELS};
use super::{CHANNEL, Secrets, Settings, logins, mailbox, relay};
use crate::account::{self, load, manage, refused};

const HOME: &str = "/pengaturan/kanal/surel";
/// Messages set aside that a page shows, and among how many of all accounts they are looked for.
const ASIDE_SHOWN: usize = 50;
const ASIDE_LOOKED: i64 = 500;

/// The pages.
pub fn routes(http: Http) -> Router<Ctx> {
    Router::new()
        .route("/pengaturan/kanal/surel/baru", get(new).post(create))
        .route("/pengaturan/kanal/surel/{id}", get(show).post(change))
        .route("/pengaturan/kanal/surel/{id}/uji", post(test))
        .route("/pengaturan/kanal/surel/{id}/pesan/{message}", get(raw).post(again))
        .layer(Extension(http))
}

#[derive(Template)]
#[template(path = "mailbox.html")]
struct MailboxPage {
    page: Page,
    form: FormState,
    account: Option<Account>,
    going: Option<Going>,
    aside: Vec<Inbound>,
    proofs: Vec<Choice>,
    protections: Vec<Choice>,
    oauth: bool,
    has_secret: bool,
    /// What is to be published in DNS, so that others can check what we sign.
    record: Option<(String, String)>,
}

impl MailboxPage {
    /// How the connection goes, as a badge.
    fn badge(&self) -> (Tone, &'static str, String) {
        let active = self.account.as_ref().is_some_and(|account| account.active);
        let word = self.going.as_ref().map_or("connecting", |going| going.state.as_str());
        let (tone, icon, word) = match word {
            _ if !active => (Tone::Neutral, "pause", "off"),
            "waiting" => (Tone::Good, "check-circle", "waiting"),
            "fetching" => (Tone::Info, "download", "fetching"),
            "failing" => (Tone::Warn, "alert", "failing"),
            "refused" => (Tone::Bad, "alert", "refused"),
            _ => (Tone::Neutral, "clock", "connecting"),
        };
        (tone, icon, format!("mailbox-state-{word}"))
    }
}

/// What a page shows of an account beside its form.
#[derive(Default)]
struct Loaded {
    going: Option<Going>,
    aside: Vec<Inbound>,
}

fn load_around(tx: &mut Tx<'_>, access: &Access, id: AccountId) -> Result<Loaded> {
    let all = inbound::undone(tx, access, InboundState::Quarantined, None, ASIDE_LOOKED)?;
    let own = all.into_iter().filter(|one| one.account_id == id);
    Ok(Loaded { going: states::find(tx, access, id)?, aside: own.take(ASIDE_SHOWN).collect() })
}

async fn new(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    manage(&staff)?;
    let form = form::filled(staff.prefs.locale, &form::fresh());
    page(&ctx, &staff, None, form.with("active", "ya"), StatusCode::OK).await
}

async fn show(State(ctx): State<Ctx>, staff: Staff, Path(id): Path<String>) -> Answer {
    manage(&staff)?;
    let account = load(&ctx, &staff, &id, CHANNEL).await?;
    let (settings, _): (Settings, Secrets) = account::open(&ctx.secrets, &account)?;
    let form = account::filled(form::filled(staff.prefs.locale, &settings), &account);
    page(&ctx, &staff, Some(account), form, StatusCode::OK).await
}

async fn page(
    ctx: &Ctx,
    staff: &Staff,
    account: Option<Account>,
    form: FormState,
    status: StatusCode,
) -> Answer {
    let (access, id) = (staff.access.clone(), account.as_ref().map(|account| account.id));
    let loaded = match id {
        Some(id) => ctx.db.read(move |tx| load_around(tx, &access, id)).await?,
        None => Loaded::default(),
    };
    let page = match &account {
        Some(account) => staff.page_titled(&account.name),
        None => staff.page(ctx, "mailbox-new"),
    };
    let text = staff.text();
    let choice = |value: &str| Choice::new(value, text.t(format!("mailbox-{value}")).into_owned());
    let record = match &account {
        Some(account) => signer(ctx, account)?.and_then(|signer| signer.record().ok()),
        None => None,
    };
    let template = MailboxPage {
        record,
        proofs: ["password", "oauth"].map(choice).into(),
        protections: ["tls", "starttls", "none"].map(choice).into(),
        oauth: form.value("proof") == "oauth",
        has_secret: account.is_some(),
        page,
        form: form.labelled(LABELS),
        account,
        going: loaded.going,
        aside: loaded.aside,
    };
    Ok(respond::html_status(status, template))
}

/// The key by which an account's mail is signed, where it has one.
fn signer(ctx: &Ctx, account: &Account) -> Result<Option<Signer>> {
    let (settings, secrets): (Settings, Secrets) = account::open(&ctx.secrets, account)?;
    let domain = account.address.rsplit_once('@').map_or("", |(_, domain)| domain);
    Ok(Signer::new(domain, &settings.dkim_selector, &secrets.dkim_key).ok())
}

async fn create(State(ctx): State<Ctx>, SignedFields { staff, fields }: SignedFields) -> Answer {
    manage(&staff)?;
    let known = (Settings::default(), Secrets::default());
    let made = match form::input(&ctx.secrets, staff.access.agency_id, &fields, known) {
        Ok(input) => {
            let access = staff.access.clone();
            ctx.db.write(move |tx| accounts::create(tx, &access, &input)).await
        }
        Err(error) => Err(error),
    };
    match made {
        Ok(id) => Ok(flash(&ctx.site, &format!("{HOME}/{id}"), "mailbox-flash-created")),
        Err(error) => {
            let (status, form) = refused(error, fields, &staff)?;
            page(&ctx, &staff, None, form, status).await
        }
    }
}

async fn change(
    State(ctx): State<Ctx>,
    Path(id): Path<String>,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    manage(&staff)?;
    let account = load(&ctx, &staff, &id, CHANNEL).await?;
    let known: (Settings, Secrets) = account::open(&ctx.secrets, &account)?;
    let version = fields.get("version").parse().map_err(|_| Refusal::Stale)?;
    let changed = match form::input(&ctx.secrets, staff.access.agency_id, &fields, known) {
        Ok(input) => {
            let (access, id) = (staff.access.clone(), account.id);
            ctx.db.write(move |tx| accounts::update(tx, &access, id, version, &input)).await
        }
        Err(error) => Err(error),
    };
    match changed {
        Ok(()) => Ok(flash(&ctx.site, &format!("{HOME}/{id}"), "kanal-flash-saved")),
        Err(error) => {
            let (status, form) = refused(error, fields, &staff)?;
            page(&ctx, &staff, Some(account), form, status).await
        }
    }
}

/// Tries the servers of an account as it is kept.
async fn test(
    State(ctx): State<Ctx>,
    Extension(http): Extension<Http>,
    Path(id): Path<String>,
    SignedFields { staff, .. }: SignedFields,
) -> Answer {
    manage(&staff)?;
    let account = load(&ctx, &staff, &id, CHANNEL).await?;
    let tried = connect(&ctx, &http, &account).await;
    let (access, id) = (staff.access.clone(), account.id);
    let (key, why) = match tried {
        Ok(()) => ("kanal-flash-works", None),
        Err(why) => ("mailbox-flash-refused", Some(why)),
    };
    ctx.db.write(move |tx| accounts::note_trouble(tx, &access, id, why.as_deref())).await?;
    Ok(flash(&ctx.site, &format!("{HOME}/{id}"), key))
}

async fn connect(ctx: &Ctx, http: &Http, account: &Account) -> Result<(), String> {
    let words = |error: tanggap_kernel::Fault| error.to_string();
    let (settings, secrets): (Settings, Secrets) =
        account::open(&ctx.secrets, account).map_err(words)?;
    let login = logins(ctx, http, account).map_err(words)?;
    let incoming = imap::check(&mailbox(account, &settings, login.clone(), http)).await;
    incoming.map_err(|why| format!("IMAP: {why}"))?;
    if let Some(relay) = relay(account, (&settings, &secrets), login, http).map_err(words)? {
        relay.check().await.map_err(|error| format!("SMTP: {}", error.text))?;
    }
    Ok(())
}

/// A message that was set aside, of this account.
async fn aside(ctx: &Ctx, staff: &Staff, id: &str, message: &str) -> Result<Inbound> {
    let account = load(ctx, staff, id, CHANNEL).await?;
    let message = InboundId::parse(message).ok_or(Refusal::NotFound)?;
    let access = staff.access.clone();
    let found = ctx.db.read(move |tx| inbound::get(tx, &access, message)).await?;
    let own = found.account_id == account.id && found.state == InboundState::Quarantined;
    if own { Ok(found) } else { Err(Refusal::NotFound.into()) }
}

/// The bytes of a message that was set aside, to be saved.
async fn raw(
    State(ctx): State<Ctx>,
    Path((id, message)): Path<(String, String)>,
    staff: Staff,
) -> Answer {
    manage(&staff)?;
    let found = aside(&ctx, &staff, &id, &message).await?;
    let bytes = ctx.blobs.get(found.raw.as_deref().ok_or(Refusal::NotFound)?).await?;
    let saved = format!("attachment; filename=\"{}.eml\"", found.id);
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, saved),
    ];
    Ok((headers, bytes).into_response())
}

/// Has a message that was set aside tried again.
async fn again(
    State(ctx): State<Ctx>,
    Path((id, message)): Path<(String, String)>,
    SignedFields { staff, .. }: SignedFields,
) -> Answer {
    manage(&staff)?;
    let found = aside(&ctx, &staff, &id, &message).await?;
    let access = staff.access.clone();
    ctx.db.write(move |tx| inbound::retry(tx, &access, found.id)).await?;
    Ok(flash(&ctx.site, &format!("{HOME}/{id}"), "mailbox-flash-again"))
}
