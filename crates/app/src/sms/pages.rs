//! Settings: accounts at message centres. A password that was typed is sealed at once and never
//! shown again.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use tanggap_channels::sms::alphabet::Default7;
use tanggap_channels::sms::compose::Concat;
use tanggap_channels::sms::pdu::Address;
use tanggap_channels::sms::receipt::Ids;
use tanggap_channels::sms::wire::{Mode, Settings};
use tanggap_conversations::accounts::{self, Account, AccountInput};
use tanggap_kernel::error::Invalid;
use tanggap_kernel::{Fault, Refusal, Result};
use tanggap_org::Staff;
use tanggap_org::door::{Fields, SignedFields, flash};
use tanggap_ui::Choice;
use tanggap_ui::{Answer, Ctx, FormState, Page, respond};

use super::{CHANNEL, Kept, Secrets};
use crate::account::{self, load, manage, refused};

/// Where an account is set up, followed by its id.
const HOME: &str = "/pengaturan/kanal/sms";
/// The most messages that a centre lets stay unanswered.
const WINDOW_MAX: u16 = 1_000;
/// Rupiah.
const PRICE_MAX: i64 = 100_000;

/// The pages.
pub fn routes() -> Router<Ctx> {
    Router::new()
        .route("/pengaturan/kanal/sms/baru", get(new).post(create))
        .route("/pengaturan/kanal/sms/{id}", get(show).post(change))
}

#[derive(Template)]
#[template(path = "sms_account.html")]
struct AccountPage {
    page: Page,
    form: FormState,
    account: Option<Account>,
    versions: Vec<Choice>,
    modes: Vec<Choice>,
    kinds: Vec<Choice>,
    plans: Vec<Choice>,
    alphabets: Vec<Choice>,
    concats: Vec<Choice>,
    ids: Vec<Choice>,
}

/// What a choice is called in forms and in what is kept.
fn word<T: serde::Serialize>(value: &T) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn choose<T: serde::de::DeserializeOwned + Default>(word: &str) -> T {
    serde_json::from_value(word.into()).unwrap_or_default()
}

async fn new(State(ctx): State<Ctx>, staff: Staff) -> Answer {
    manage(&staff)?;
    let form = filled(&staff, &Kept::default()).with("active", "ya");
    Ok(page(&ctx, &staff, None, form, StatusCode::OK))
}

async fn show(State(ctx): State<Ctx>, staff: Staff, Path(id): Path<String>) -> Answer {
    manage(&staff)?;
    let account = load(&ctx, &staff, &id, CHANNEL).await?;
    let (kept, _): (Kept, Secrets) = account::open(&ctx.secrets, &account)?;
    let form = account::filled(filled(&staff, &kept), &account);
    Ok(page(&ctx, &staff, Some(account), form, StatusCode::OK))
}

fn filled(staff: &Staff, Kept { centre, price }: &Kept) -> FormState {
    let ticked = |on| if on { "ya" } else { "" };
    FormState::new(staff.prefs.locale)
        .with("host", &centre.host)
        .with("port", centre.port)
        .with("tls", ticked(centre.tls))
        .with("authority", &centre.authority)
        .with("system_id", &centre.system_id)
        .with("system_type", &centre.system_type)
        .with("smpp", if centre.version_5 { "5.0" } else { "3.4" })
        .with("mode", word(&centre.mode))
        .with("ton", centre.source.ton)
        .with("npi", centre.source.npi)
        .with("alphabet", word(&centre.alphabet))
        .with("concat", word(&centre.concat))
        .with("ids", word(&centre.ids))
        .with("window", centre.window)
        .with("price", price)
}

fn page(
    ctx: &Ctx,
    staff: &Staff,
    account: Option<Account>,
    form: FormState,
    status: StatusCode,
) -> axum::response::Response {
    let page = match &account {
        Some(account) => staff.page_titled(&account.name),
        None => staff.page(ctx, "sms-new"),
    };
    let text = staff.text();
    let choices = |keys: &[(&str, &str)]| -> Vec<Choice> {
        keys.iter().map(|(value, key)| Choice::new(*value, text.t(key))).collect()
    };
    let template = AccountPage {
        form,
        account,
        versions: ["3.4", "5.0"].map(|v| Choice::new(v, v)).to_vec(),
        modes: choices(&[("transceiver", "sms-mode-transceiver"), ("pair", "sms-mode-pair")]),
        kinds: choices(&[
            ("0", "sms-ton-unknown"),
            ("1", "sms-ton-international"),
            ("2", "sms-ton-national"),
            ("3", "sms-ton-network"),
            ("5", "sms-ton-name"),
        ]),
        plans: choices(&[("0", "sms-npi-unknown"), ("1", "sms-npi-telephone")]),
        alphabets: choices(&[("gsm", "sms-alphabet-gsm"), ("latin1", "sms-alphabet-latin")]),
        concats: choices(&[
            ("udh8", "sms-concat-udh8"),
            ("udh16", "sms-concat-udh16"),
            ("sar", "sms-concat-sar"),
            ("payload", "sms-concat-payload"),
        ]),
        ids: choices(&[
            ("same", "sms-ids-same"),
            ("answer_hex", "sms-ids-answer"),
            ("receipt_hex", "sms-ids-receipt"),
        ]),
        page,
    };
    respond::html_status(status, template)
}

/// A number of a form within its bounds; 0 and a complaint where it is none.
fn number<T: std::str::FromStr + PartialOrd + Default>(
    fields: &Fields,
    name: &'static str,
    (least, most): (T, T),
    errors: &mut Vec<Invalid>,
) -> T {
    match fields.get(name).parse::<T>() {
        Ok(value) if (least..=most).contains(&value) => value,
        _ => {
            errors.push(Invalid::new(name, "sms-invalid-number"));
            T::default()
        }
    }
}

/// What a form says; a password that was left empty stays as it was.
fn input(ctx: &Ctx, staff: &Staff, fields: &Fields, mut secrets: Secrets) -> Result<AccountInput> {
    let mut errors = Vec::new();
    if !fields.exact("password_centre").is_empty() {
        fields.exact("password_centre").clone_into(&mut secrets.password);
    }
    for name in ["host", "system_id"] {
        if fields.get(name).is_empty() {
            errors.push(Invalid::new(name, "ui-invalid-required"));
        }
    }
    let source = Address {
        ton: number(fields, "ton", (0, 6), &mut errors),
        npi: number(fields, "npi", (0, 18), &mut errors),
        value: fields.get("address").to_owned(),
    };
    let centre = Settings {
        host: fields.get("host").to_owned(),
        port: number(fields, "port", (1, u16::MAX), &mut errors),
        tls: fields.is_on("tls"),
        authority: fields.get("authority").to_owned(),
        system_id: fields.get("system_id").to_owned(),
        system_type: fields.get("system_type").to_owned(),
        version_5: fields.get("smpp") == "5.0",
        mode: choose::<Mode>(fields.get("mode")),
        source,
        alphabet: choose::<Default7>(fields.get("alphabet")),
        concat: choose::<Concat>(fields.get("concat")),
        ids: choose::<Ids>(fields.get("ids")),
        window: number(fields, "window", (1, WINDOW_MAX), &mut errors),
        ..Settings::default()
    };
    let price = number(fields, "price", (0, PRICE_MAX), &mut errors);
    if !errors.is_empty() {
        return Err(Refusal::Invalid(errors).into());
    }
    let settings = serde_json::to_string(&Kept { centre, price })
        .map_err(|e| Fault::new(format!("settings: {e}")))?;
    Ok(AccountInput {
        channel: CHANNEL,
        name: fields.get("name").to_owned(),
        address: fields.get("address").to_owned(),
        settings,
        secrets: account::seal(&ctx.secrets, staff.access.agency_id, &secrets)?,
        active: fields.is_on("active"),
    })
}

async fn create(State(ctx): State<Ctx>, SignedFields { staff, fields }: SignedFields) -> Answer {
    manage(&staff)?;
    let made = match input(&ctx, &staff, &fields, Secrets::default()) {
        Ok(input) => {
            let access = staff.access.clone();
            ctx.db.write(move |tx| accounts::create(tx, &access, &input)).await
        }
        Err(error) => Err(error),
    };
    match made {
        Ok(id) => Ok(flash(&ctx.site, &format!("{HOME}/{id}"), "sms-flash-created")),
        Err(error) => {
            let (status, form) = refused(error, fields, &staff)?;
            Ok(page(&ctx, &staff, None, form, status))
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
    let (_, known): (Kept, Secrets) = account::open(&ctx.secrets, &account)?;
    let version = fields.get("version").parse().map_err(|_| Refusal::Stale)?;
    let changed = match input(&ctx, &staff, &fields, known) {
        Ok(input) => {
            let (access, id) = (staff.access.clone(), account.id);
            ctx.db.write(move |tx| accounts::update(tx, &access, id, version, &input)).await
        }
        Err(error) => Err(error),
    };
    match changed {
        Ok(()) => Ok(flash(&ctx.site, &format!("{HOME}/{id}"), "sms-flash-saved")),
        Err(error) => {
            let (status, form) = refused(error, fields, &staff)?;
            Ok(page(&ctx, &staff, Some(account), form, status))
        }
    }
}
