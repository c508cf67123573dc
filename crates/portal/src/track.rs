//! Following a case by code and PIN, without an account.
//!
//! A code alone shows nothing, not even that there is such a case: whoever has no proof gets the
//! form, and a wrong code and a wrong PIN are told in the same words. The proof is a signed
//! cookie that lasts two hours and is renewed by use; it ends at once with the PIN that it was
//! given for.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use subtle::ConstantTimeEq as _;
use tanggap_cases::model::{Case, CaseId};
use tanggap_cases::report::hash_pin;
use tanggap_cases::store as cases;
use tanggap_kernel::error::Invalid;
use tanggap_kernel::{Access, Error, Refusal, Result, Timestamp, code};
use tanggap_org::throttle;
use tanggap_store::Tx;
use tanggap_ui::ctx::Secrets;
use tanggap_ui::prefs::cookie;
use tanggap_ui::{Answer, FormState, Page, respond};

use crate::door::Door;
use crate::limits::Limits;
use crate::parcel::{self, Refused};
use crate::sealed::{seal, unseal};
use crate::sent::{Sent, Values};

const COOKIE: &str = "bukti";
/// Fields in which an interrupted step goes through the form for code and PIN.
const STEP: &str = "langkah";
const WORDS: &str = "tulisan";
const PURPOSE: &str = "track";
/// How long a proof lasts after the last look.
const AGE_S: i64 = 2 * 60 * 60;
/// The most cases that one browser follows at once.
const HELD_MAX: usize = 8;

/// The cases that a browser may see, until when (microseconds), and the marks of their PINs.
type Held = Vec<(i64, i64, Mark)>;

/// What a proof keeps of the PIN that it was given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark(u64);

impl Mark {
    /// Of a PIN, by what is kept of it.
    #[must_use]
    pub fn of(secrets: &Secrets, pin_hash: &[u8]) -> Self {
        let mac = secrets.mac("track-pin", &[pin_hash]);
        Self(mac[..8].iter().fold(0, |mark, byte| mark << 8 | u64::from(*byte)))
    }

    /// Of a case's PIN as it is now.
    ///
    /// # Errors
    /// A fault of the engine.
    pub fn now(tx: &mut Tx<'_>, access: &Access, secrets: &Secrets, case: CaseId) -> Result<Self> {
        Ok(Self::of(secrets, &cases::pin_hash(tx, access, case)?))
    }
}

fn held(door: &Door, headers: &HeaderMap) -> Held {
    let sealed = cookie(headers, COOKIE).unwrap_or_default();
    let (agency, mut held): (i64, Held) =
        unseal(&door.ctx.secrets, PURPOSE, sealed).unwrap_or_default();
    let now = door.ctx.now().as_micros();
    held.retain(|(_, until, _)| agency == door.agency.id.0 && now < *until);
    held
}

/// Lets the browser see a case for two hours from now, besides those it sees already: as long as
/// the PIN is the one whose mark it was proved with.
pub fn admit(door: &Door, headers: &HeaderMap, case: CaseId, mark: Mark, response: &mut Response) {
    let mut held = held(door, headers);
    held.retain(|(id, ..)| *id != case.0);
    held.insert(0, (case.0, door.ctx.now().plus(AGE_S * Timestamp::SECOND).as_micros(), mark));
    held.truncate(HELD_MAX);
    let value = seal(&door.ctx.secrets, PURPOSE, &(door.agency.id.0, held));
    door.set_cookie(response, COOKIE, &value, AGE_S);
}

/// Lets the browser go on seeing a case that it has proved for two hours from now.
pub fn renew(door: &Door, headers: &HeaderMap, case: CaseId, response: &mut Response) {
    let held = held(door, headers);
    if let Some((_, _, mark)) = held.iter().find(|(id, ..)| *id == case.0) {
        admit(door, headers, case, *mark, response);
    }
}

/// The case behind a code, where this browser has proved that it may see it.
///
/// # Errors
/// A fault.
pub async fn proven(door: &Door, headers: &HeaderMap, code: &str) -> Result<Option<Case>> {
    let held = held(door, headers);
    let Some(code) = code::parse(code).filter(|_| !held.is_empty()) else { return Ok(None) };
    let (access, secrets) = (door.access(), door.ctx.secrets.clone());
    let read = door.ctx.db.read(move |tx| {
        let Some(case) = cases::by_code(tx, &access, &code)? else { return Ok(None) };
        let Some((_, _, mark)) = held.iter().find(|(id, ..)| *id == case.id.0) else {
            return Ok(None);
        };
        let is_same = Mark::now(tx, &access, &secrets, case.id)? == *mark;
        Ok(Some(case).filter(|_| is_same))
    });
    read.await
}

/// The code of an address.
#[derive(Deserialize)]
pub struct CodePath {
    /// As it stands there.
    pub code: String,
}

#[derive(Template)]
#[template(path = "track.html")]
struct TrackPage {
    page: Page,
    base: String,
    form: FormState,
    /// What was being written when the proof ran out: its step and its words.
    writing: Vec<(&'static str, String)>,
}

/// What the form is asked for.
#[derive(Deserialize)]
pub struct Asked {
    kode: Option<String>,
}

/// `GET /lacak`.
pub async fn form(door: Door, Query(Asked { kode }): Query<Asked>) -> Answer {
    Ok(ask(&door, StatusCode::OK, kode.as_deref().unwrap_or_default(), Vec::new()))
}

/// The form for code and PIN.
pub(crate) fn ask(door: &Door, status: StatusCode, code: &str, errors: Vec<Invalid>) -> Response {
    ask_keeping(door, status, code, errors, Vec::new())
}

/// Asks for code and PIN in the middle of a step whose proof has run out; what was written goes
/// along and stands in its form afterwards.
pub(crate) fn ask_again(door: &Door, code: &str, step: &str, values: &Values) -> Response {
    let words = values.get(step);
    if words.is_empty() {
        return ask(door, StatusCode::OK, code, Vec::new());
    }
    let writing = vec![(STEP, step.to_owned()), (WORDS, words.to_owned())];
    ask_keeping(door, StatusCode::OK, code, Vec::new(), writing)
}

fn ask_keeping(
    door: &Door,
    status: StatusCode,
    code: &str,
    errors: Vec<Invalid>,
    writing: Vec<(&'static str, String)>,
) -> Response {
    let mut page = door.page("portal-track");
    page.path = door.link("/lacak");
    let shown = code::parse(code).unwrap_or_else(|| code.chars().take(40).collect());
    let form = FormState::refused(page.locale, vec![("kode".into(), shown)], errors)
        .labelled(&[("kode", "portal-code"), ("pin", "portal-pin")]);
    door.html_status(status, TrackPage { page, base: door.base.clone(), form, writing })
}

/// `POST /lacak`: code and PIN.
pub async fn enter(
    Extension(limits): Extension<Arc<Limits>>,
    door: Door,
    headers: HeaderMap,
    sent: Sent,
) -> Answer {
    let (typed, pin) = (sent.values.get("kode").to_owned(), digits(sent.values.get("pin")));
    let writing: Vec<_> = [STEP, WORDS]
        .map(|name| (name, sent.values.get(name).to_owned()))
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let again = |status, wrong| Ok(ask_keeping(&door, status, &typed, wrong, writing.clone()));
    if door.visitor.check_csrf(sent.values.get("csrf")).is_err() {
        let wrong = vec![Invalid::new("", "ui-invalid-csrf")];
        return again(StatusCode::UNPROCESSABLE_ENTITY, wrong);
    }
    let mut missing = Vec::new();
    for (field, empty) in [("kode", typed.is_empty()), ("pin", pin.is_empty())] {
        if empty {
            missing.push(Invalid::new(field, "ui-invalid-required"));
        }
    }
    if !missing.is_empty() {
        return again(StatusCode::UNPROCESSABLE_ENTITY, missing);
    }
    let address = door.visitor.address;
    if let Err(wait_s) = limits.looks.pass(address, door.ctx.now()) {
        return Ok(wait(&door, &typed, wait_s, writing));
    }
    let (access, secrets, code) = (door.access(), door.ctx.secrets.clone(), code::parse(&typed));
    let checked = door
        .ctx
        .db
        .write(move |tx| check(tx, &access, &secrets, code.as_deref(), &pin, address))
        .await;
    match checked {
        Ok(Some((case, mark))) => open(&door, &headers, case, mark, &sent.values).await,
        Ok(None) => {
            let wrong = vec![Invalid::new("kode", "portal-invalid-pin")];
            again(StatusCode::UNPROCESSABLE_ENTITY, wrong)
        }
        Err(Error::Refused(Refusal::TooMany { retry_after_s })) => {
            Ok(wait(&door, &typed, retry_after_s, writing))
        }
        Err(error) => Err(error.into()),
    }
}

/// Opens a case that was proved: its page, or the step in which the proof had run out.
async fn open(door: &Door, headers: &HeaderMap, case: Case, mark: Mark, values: &Values) -> Answer {
    let (id, step) = (case.id, values.get(STEP).to_owned());
    let mut response = if step.is_empty() {
        respond::see_other(&door.link(&format!("/lacak/{}", case.code)))
    } else {
        let mut written = Values::default();
        written.set(&step, values.get(WORDS));
        let refused = Refused { step, values: written, errors: Vec::new() };
        parcel::page(door, case, StatusCode::OK, Some(refused)).await?
    };
    admit(door, headers, id, mark, &mut response);
    Ok(response)
}

/// Digits of a PIN, however it was typed.
fn digits(typed: &str) -> String {
    typed.chars().filter(char::is_ascii_digit).take(12).collect()
}

fn wait(door: &Door, code: &str, seconds: i64, writing: Vec<(&'static str, String)>) -> Response {
    let minutes = (seconds + 59) / 60;
    let wrong = vec![Invalid::new("", "portal-invalid-pin-wait").arg("n", minutes)];
    let status = StatusCode::TOO_MANY_REQUESTS;
    let mut response = ask_keeping(door, status, code, wrong, writing);
    response.headers_mut().insert(axum::http::header::RETRY_AFTER, seconds.into());
    response
}

/// The case, where the PIN is right. The try is counted before anything is looked up, and for
/// codes that do not exist as for those that do.
fn check(
    tx: &mut Tx<'_>,
    access: &Access,
    secrets: &Secrets,
    code: Option<&str>,
    pin: &str,
    address: Option<std::net::IpAddr>,
) -> Result<Option<(Case, Mark)>> {
    let key = |what: &str, value: &str| {
        let agency = access.agency_id.0.to_be_bytes();
        let mac = secrets.mac("throttle-pin", &[what.as_bytes(), &agency, value.as_bytes()]);
        format!("pin:{}", hex::encode(&mac[..16]))
    };
    let by_code = key("code", code.unwrap_or("?"));
    let by_network = address.map(|a| key("address", &throttle::network(a).to_string()));
    if let Some(network) = &by_network {
        throttle::attempt(tx, network, throttle::ADDRESS)?;
    }
    let Some(code) = code else { return Ok(None) };
    throttle::attempt(tx, &by_code, throttle::SECRET)?;
    let Some(case) = cases::by_code(tx, access, code)? else { return Ok(None) };
    let kept = cases::pin_hash(tx, access, case.id)?;
    let right: bool = hash_pin(secrets, &case.code, pin).as_slice().ct_eq(&kept).into();
    if !right {
        return Ok(None);
    }
    throttle::clear(tx, &by_code)?;
    if let Some(network) = &by_network {
        throttle::give_back(tx, network)?;
    }
    let mark = Mark::of(secrets, &kept);
    Ok(Some((case, mark)))
}

/// `GET /lacak/{code}`.
pub async fn show(door: Door, headers: HeaderMap, Path(path): Path<CodePath>) -> Answer {
    let Some(case) = proven(&door, &headers, &path.code).await? else {
        return Ok(ask(&door, StatusCode::OK, &path.code, Vec::new()));
    };
    let mut response = parcel::page(&door, case.clone(), StatusCode::OK, None).await?;
    renew(&door, &headers, case.id, &mut response);
    Ok(response)
}

/// `POST /lacak/keluar`: forgets all proofs, for a computer that others use too.
pub async fn leave(door: Door, sent: Sent) -> Answer {
    let mut response = respond::see_other(&door.link("/lacak"));
    if door.visitor.check_csrf(sent.values.get("csrf")).is_err() {
        return Ok(response);
    }
    door.set_cookie(&mut response, COOKIE, "", 0);
    door.set_cookie(&mut response, "tanda", "", 0);
    let clear = HeaderValue::from_static("\"cache\"");
    response.headers_mut().insert("clear-site-data", clear);
    Ok(response)
}
