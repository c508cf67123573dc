//! `/laporan-saya`: whoever lost code or PIN proves that a mail address or a number is theirs, sees
//! all that was reported with it, opens any of it, and has a new PIN sent.
//!
//! Three pages: the address, the code, the list. What a browser carries from one to the next is
//! signed by us. Whether an address is known is told by nobody: the second page is the same.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tanggap_cases::mine::{self, Address, OneTime};
use tanggap_cases::model::{Case, CaseId};
use tanggap_kernel::error::Invalid;
use tanggap_kernel::{Error, Refusal, Result, Timestamp};
use tanggap_org::throttle;
use tanggap_ui::prefs::cookie;
use tanggap_ui::{Answer, FormState, Page, respond};

use crate::door::Door;
use crate::limits::Limits;
use crate::sealed::{seal, unseal};
use crate::sent::Sent;
use crate::track;

const HOME: &str = "/laporan-saya";
const COOKIE: &str = "pemilik";
const ASKED: &str = "mine-asked";
const OWNS: &str = "mine-owns";
/// How long the list stays open after the last look.
const AGE_S: i64 = 30 * 60;
/// Codes for one address: three at once, then one after a growing wait.
const CODES: throttle::Policy =
    throttle::Policy { free: 3, wait_min: 2 * Timestamp::MINUTE, wait_max: 60 * Timestamp::MINUTE };

/// What a browser carries: of which agency, which address, until when (microseconds).
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Held {
    agency: i64,
    typed: String,
    until: i64,
}

impl Held {
    fn new(door: &Door, typed: &str, age: i64) -> Self {
        let until = door.ctx.now().plus(age).as_micros();
        Self { agency: door.agency.id.0, typed: typed.to_owned(), until }
    }

    /// What came back, where it is ours and lasts.
    fn read(door: &Door, purpose: &str, sealed: &str) -> Option<(Address, Self)> {
        let held: Self = unseal(&door.ctx.secrets, purpose, sealed)?;
        let lasts = held.agency == door.agency.id.0 && door.ctx.now().as_micros() < held.until;
        let address = Address::parse(&held.typed).filter(|_| lasts)?;
        Some((address, held))
    }

    fn sealed(&self, door: &Door, purpose: &str) -> String {
        seal(&door.ctx.secrets, purpose, self)
    }
}

/// The address that this browser has proved to be theirs.
fn owner(door: &Door, headers: &HeaderMap) -> Option<(Address, Held)> {
    Held::read(door, OWNS, cookie(headers, COOKIE)?)
}

#[derive(Template)]
#[template(path = "mine_ask.html")]
struct AskPage {
    page: Page,
    base: String,
    form: FormState,
    by_phone: bool,
}

#[derive(Template)]
#[template(path = "mine_code.html")]
struct CodePage {
    page: Page,
    base: String,
    form: FormState,
    asked: String,
    typed: String,
}

/// A report in the list.
struct Own {
    id: String,
    code: String,
    subject: String,
    status: &'static str,
    at: Timestamp,
}

#[derive(Template)]
#[template(path = "mine_list.html")]
struct ListPage {
    page: Page,
    base: String,
    typed: String,
    cases: Vec<Own>,
    /// That a new PIN has just been sent.
    renewed: Option<String>,
}

/// `GET /laporan-saya`: the list where the browser has proved whose it is, else the first page.
pub async fn show(door: Door, headers: HeaderMap) -> Answer {
    match owner(&door, &headers) {
        Some((address, held)) => list(&door, address, held, None).await,
        None => ask(&door, StatusCode::OK, FormState::new(door.text().locale)).await,
    }
}

async fn ask(door: &Door, status: StatusCode, form: FormState) -> Answer {
    let access = door.access();
    let by_phone = door.ctx.db.read(move |tx| mine::reaches_phones(tx, &access)).await?;
    let page = AskPage {
        page: titled(door, "mine-title"),
        base: door.base.clone(),
        form: form.labelled(&[("alamat", "mine-address")]),
        by_phone,
    };
    Ok(door.html_status(status, page))
}

fn titled(door: &Door, key: &str) -> Page {
    let mut page = door.page(key);
    page.path = door.link(HOME);
    page
}

fn refused(door: &Door, sent: &Sent, field: &str, message: &'static str) -> FormState {
    let wrong = vec![Invalid::new(field, message)];
    FormState::refused(door.text().locale, sent.values.0.clone(), wrong)
}

/// How often is too often, for this browser's network and for this address.
fn key(door: &Door, what: &str, value: &[u8]) -> String {
    let agency = door.agency.id.0.to_be_bytes();
    let mac = door.ctx.secrets.mac("throttle-mine", &[what.as_bytes(), &agency, value]);
    format!("mine:{}", hex::encode(&mac[..16]))
}

/// The key of this browser's network.
fn network_key(door: &Door, what: &str) -> Option<String> {
    let network = throttle::network(door.visitor.address?);
    Some(key(door, what, network.to_string().as_bytes()))
}

/// Whether a form was served by us to this browser: nobody is led into somebody else's reports.
fn is_ours(door: &Door, sent: &Sent) -> bool {
    door.visitor.check_csrf(sent.values.get("csrf")).is_ok()
}

/// `POST /laporan-saya`: an address; a code goes there where we know it.
pub async fn send(Extension(limits): Extension<Arc<Limits>>, door: Door, sent: Sent) -> Answer {
    let typed: String = sent.values.get("alamat").chars().take(254).collect();
    if !is_ours(&door, &sent) {
        let form = refused(&door, &sent, "", "ui-invalid-csrf");
        return ask(&door, StatusCode::UNPROCESSABLE_ENTITY, form).await;
    }
    let Some(address) = Address::parse(&typed) else {
        let form = refused(&door, &sent, "alamat", "mine-invalid-address");
        return ask(&door, StatusCode::UNPROCESSABLE_ENTITY, form).await;
    };
    if let Err(wait_s) = limits.looks.pass(door.visitor.address, door.ctx.now()) {
        return wait(&door, &sent, wait_s).await;
    }
    let (access, secrets, code) = (door.access(), door.ctx.secrets.clone(), OneTime::draw()?);
    let of_address = key(&door, "address", &address.hash(&secrets, &access));
    let of_network = network_key(&door, "network");
    let asked = door
        .ctx
        .db
        .write(move |tx| {
            if let Some(network) = &of_network {
                throttle::attempt(tx, network, throttle::ADDRESS)?;
            }
            throttle::attempt(tx, &of_address, CODES)?;
            mine::ask(tx, &access, &secrets, &address, &code)
        })
        .await;
    match asked {
        Ok(()) => {
            let held = Held::new(&door, &typed, mine::CODE_MICROS);
            let form = FormState::new(door.text().locale);
            Ok(code_page(&door, StatusCode::OK, &held, form))
        }
        Err(Error::Refused(Refusal::TooMany { retry_after_s })) => {
            wait(&door, &sent, retry_after_s).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn wait(door: &Door, sent: &Sent, seconds: i64) -> Answer {
    let wrong = vec![Invalid::new("", "mine-invalid-wait").arg("n", (seconds + 59) / 60)];
    let form = FormState::refused(door.text().locale, sent.values.0.clone(), wrong);
    let mut response = ask(door, StatusCode::TOO_MANY_REQUESTS, form).await?;
    response.headers_mut().insert(axum::http::header::RETRY_AFTER, seconds.into());
    Ok(response)
}

fn code_page(door: &Door, status: StatusCode, held: &Held, form: FormState) -> Response {
    let page = CodePage {
        page: titled(door, "mine-code-title"),
        base: door.base.clone(),
        form: form.labelled(&[("kode", "mine-code")]),
        asked: held.sealed(door, ASKED),
        typed: held.typed.clone(),
    };
    door.html_status(status, page)
}

/// `POST /laporan-saya/kode`: the code.
pub async fn prove(door: Door, sent: Sent) -> Answer {
    let Some((address, held)) = Held::read(&door, ASKED, sent.values.get("asked")) else {
        let form = refused(&door, &sent, "", "mine-invalid-over");
        return ask(&door, StatusCode::UNPROCESSABLE_ENTITY, form).await;
    };
    if !is_ours(&door, &sent) {
        let form = refused(&door, &sent, "", "ui-invalid-csrf");
        return Ok(code_page(&door, StatusCode::UNPROCESSABLE_ENTITY, &held, form));
    }
    let digits: String = sent.values.get("kode").chars().filter(char::is_ascii_digit).collect();
    let (access, secrets, of) = (door.access(), door.ctx.secrets.clone(), address.clone());
    let (tries, asked) = (network_key(&door, "tries"), network_key(&door, "network"));
    let proved = door
        .ctx
        .db
        .write(move |tx| {
            if let Some(tries) = &tries {
                throttle::attempt(tx, tries, throttle::ADDRESS)?;
            }
            let right = mine::prove(tx, &access, &secrets, &of, &digits)?;
            // Neither the code nor that it was asked for was a guess.
            for counted in [&tries, &asked].into_iter().flatten().filter(|_| right) {
                throttle::give_back(tx, counted)?;
            }
            Ok(right)
        })
        .await;
    match proved {
        Ok(true) => {
            let mut response = respond::see_other(&door.link(HOME));
            keep(&door, &held.typed, &mut response);
            Ok(response)
        }
        Ok(false) => {
            let form = refused(&door, &sent, "kode", "mine-invalid-code");
            Ok(code_page(&door, StatusCode::UNPROCESSABLE_ENTITY, &held, form))
        }
        Err(Error::Refused(Refusal::TooMany { retry_after_s })) => {
            wait(&door, &sent, retry_after_s).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Lets the browser see the list for half an hour from now.
fn keep(door: &Door, typed: &str, response: &mut Response) {
    let held = Held::new(door, typed, AGE_S * Timestamp::SECOND);
    door.set_cookie(response, COOKIE, &held.sealed(door, OWNS), AGE_S);
}

async fn list(door: &Door, address: Address, held: Held, renewed: Option<String>) -> Answer {
    let access = door.access();
    let found = door.ctx.db.read(move |tx| mine::reports(tx, &access, &address)).await?;
    let own = |case: &Case| Own {
        id: case.id.to_string(),
        code: case.code.clone(),
        subject: case.subject.clone(),
        status: case.status.as_str(),
        at: case.received_at,
    };
    let page = ListPage {
        page: titled(door, "mine-title"),
        base: door.base.clone(),
        typed: held.typed.clone(),
        cases: found.iter().map(own).collect(),
        renewed: renewed.map(|code| {
            let (code, address) = (("code", code), ("address", held.typed.as_str()));
            door.text().t2("mine-renewed", code, address).into_owned()
        }),
    };
    let mut response = door.html(page);
    keep(door, &held.typed, &mut response);
    Ok(response)
}

/// `POST /laporan-saya/buka`: opens one of one's reports, as its code and PIN do.
pub async fn open(door: Door, headers: HeaderMap, sent: Sent) -> Answer {
    let Some((address, _)) = owner(&door, &headers).filter(|_| is_ours(&door, &sent)) else {
        return Ok(respond::see_other(&door.link(HOME)));
    };
    let (access, wanted) = (door.access(), sent.values.get("id").to_owned());
    let secrets = door.ctx.secrets.clone();
    let read = door.ctx.db.read(move |tx| {
        let own = mine::reports(tx, &access, &address)?;
        let case = own.into_iter().find(|case| case.id.to_string() == wanted);
        let case = case.ok_or(Refusal::NotFound)?;
        let mark = track::Mark::now(tx, &access, &secrets, case.id)?;
        Ok((case, mark))
    });
    let (case, mark) = read.await?;
    let mut response = respond::see_other(&door.link(&format!("/lacak/{}", case.code)));
    track::admit(&door, &headers, case.id, mark, &mut response);
    Ok(response)
}

/// `POST /laporan-saya/pin`: a new PIN, sent to the address.
pub async fn renew(door: Door, headers: HeaderMap, sent: Sent) -> Answer {
    let Some((address, held)) = owner(&door, &headers).filter(|_| is_ours(&door, &sent)) else {
        return Ok(respond::see_other(&door.link(HOME)));
    };
    let id = CaseId::parse(sent.values.get("id")).ok_or(Refusal::NotFound)?;
    let (access, secrets, pin) = (door.access(), door.ctx.secrets.clone(), OneTime::draw()?);
    let (of, limit) = (address.clone(), key(&door, "pin", &id.0.to_be_bytes()));
    let renewed: Result<Case> = door
        .ctx
        .db
        .write(move |tx| {
            throttle::attempt(tx, &limit, CODES)?;
            mine::renew_pin(tx, &access, &secrets, &of, id, &pin)
        })
        .await;
    let case = renewed?;
    list(&door, address, held, Some(case.code)).await
}

/// `POST /laporan-saya/keluar`: forgets whose browser it is.
pub async fn leave(door: Door, sent: Sent) -> Answer {
    let mut response = respond::see_other(&door.link(HOME));
    if is_ours(&door, &sent) {
        door.set_cookie(&mut response, COOKIE, "", 0);
    }
    Ok(response)
}
