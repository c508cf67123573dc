//! Links in letters: one that opens its case, and one that ends letters that nobody is owed.
//!
//! **Looking at a link changes nothing**, since mail systems look at every link before its reader
//! does: both pages hold a button, and only that does something. A link is signed, names its case
//! or address, and is good for a bounded time; one that opens a case ends with a new PIN.

use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use tanggap_cases::model::Case;
use tanggap_cases::store as cases;
use tanggap_conversations::outbound::suppressions::{self, Reason};
use tanggap_kernel::{AgencyId, Refusal, Result, Timestamp};
use tanggap_ui::ctx::Secrets;
use tanggap_ui::{Answer, Page, respond};

use crate::door::Door;
use crate::sealed::{seal, unseal};
use crate::sent::Sent;
use crate::track::{Mark, admit};

const OPEN: &str = "mail-open";
const STOP: &str = "mail-stop";
/// How long a letter opens its case without the PIN.
const AGE_MAX: i64 = 30 * Timestamp::DAY;

/// What a letter's link stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The agency.
    pub agency: i64,
    /// The case.
    pub case: i64,
    /// When the letter was written, microseconds.
    pub at: i64,
}

/// The address that opens a case; `base` is the agency's.
#[must_use]
pub fn link(secrets: &Secrets, base: &str, to: &Invitation) -> String {
    format!("{base}/buka/{}", seal(secrets, OPEN, &(to.agency, to.case, to.at)))
}

/// The address that ends letters to `recipient`; `base` is the agency's.
#[must_use]
pub fn stop_link(secrets: &Secrets, base: &str, agency: AgencyId, recipient: &str) -> String {
    format!("{base}/berhenti/{}", seal(secrets, STOP, &(agency.0, recipient)))
}

#[derive(Template)]
#[template(path = "invite.html")]
struct InvitePage {
    page: Page,
    base: String,
    /// The link is too old, or none of ours.
    is_over: bool,
}

#[derive(Template)]
#[template(path = "stop.html")]
struct StopPage {
    page: Page,
    base: String,
    address: String,
    done: bool,
}

/// The case that a link opens, and the mark of its PIN; `None` where the link is over.
async fn invited(door: &Door, sealed: &str) -> Result<Option<(Case, Mark)>> {
    let found: Option<(i64, i64, i64)> = unseal(&door.ctx.secrets, OPEN, sealed);
    let Some((agency, case, at)) = found else { return Ok(None) };
    let at = Timestamp::from_micros(at);
    if agency != door.agency.id.0 || door.ctx.now() >= at.plus(AGE_MAX) {
        return Ok(None);
    }
    let (access, secrets) = (door.access(), door.ctx.secrets.clone());
    let read = door.ctx.db.read(move |tx| {
        let Some(case) = cases::find(tx, &access, case.into())? else { return Ok(None) };
        if cases::pin_replaced_after(tx, &access, case.id, at)? {
            return Ok(None);
        }
        let mark = Mark::now(tx, &access, &secrets, case.id)?;
        Ok(Some((case, mark)))
    });
    read.await
}

/// `GET /buka/{sealed}`.
pub async fn show(door: Door, Path(Sealed { sealed }): Path<Sealed>) -> Answer {
    let is_over = invited(&door, &sealed).await?.is_none();
    page(&door, is_over, StatusCode::OK)
}

fn page(door: &Door, is_over: bool, status: StatusCode) -> Answer {
    let status = if is_over { StatusCode::GONE } else { status };
    let page = InvitePage { page: door.page("portal-invite"), base: door.base.clone(), is_over };
    Ok(door.html_status(status, page))
}

/// `POST /buka/{sealed}`: the case, for two hours from now. Only by the button of our page: no
/// other site leads anybody into a report of its own choice, to write there what is theirs.
pub async fn open(
    door: Door,
    headers: HeaderMap,
    Path(Sealed { sealed }): Path<Sealed>,
    sent: Sent,
) -> Answer {
    let found = invited(&door, &sealed).await?;
    let is_ours = door.visitor.check_csrf(sent.values.get("csrf")).is_ok();
    let Some((case, mark)) = found.clone().filter(|_| is_ours) else {
        return page(&door, found.is_none(), StatusCode::UNPROCESSABLE_ENTITY);
    };
    let mut response = respond::see_other(&door.link(&format!("/lacak/{}", case.code)));
    admit(&door, &headers, case.id, mark, &mut response);
    Ok(response)
}

/// The end of a link.
#[derive(Deserialize)]
pub struct Sealed {
    sealed: String,
}

fn address(door: &Door, sealed: &str) -> Option<String> {
    let (agency, address): (i64, String) = unseal(&door.ctx.secrets, STOP, sealed)?;
    (agency == door.agency.id.0).then_some(address)
}

fn stop_page(door: &Door, address: String, done: bool) -> Answer {
    let (page, base) = (door.page("portal-stop"), door.base.clone());
    Ok(door.html(StopPage { page, base, address, done }))
}

/// `GET /berhenti/{sealed}`.
pub async fn ask_stop(door: Door, Path(Sealed { sealed }): Path<Sealed>) -> Answer {
    let address = address(&door, &sealed).ok_or(Refusal::NotFound)?;
    stop_page(&door, address, false)
}

/// `POST /berhenti/{sealed}`: by the button of the page, or by a mail program's own (RFC 8058).
pub async fn stop(door: Door, Path(Sealed { sealed }): Path<Sealed>) -> Answer {
    let address = address(&door, &sealed).ok_or(Refusal::NotFound)?;
    let (access, of) = (door.access(), address.clone());
    let write = door
        .ctx
        .db
        .write(move |tx| Ok(suppressions::add(tx, &access, "email", &of, Reason::Stop, "")?));
    write.await?;
    stop_page(&door, address, true)
}
