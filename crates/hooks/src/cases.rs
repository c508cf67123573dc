//! Registering, reading and listing cases.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tanggap_calendar::Kind;
use tanggap_cases::actions::{self, Opened};
use tanggap_cases::model::{Case, Details, Status};
use tanggap_cases::queries::{self, Filter, Order};
use tanggap_cases::report::{DESCRIPTION_MAX, LINE_MAX, Report, SUBJECT_MAX, Ticket, hash_pin};
use tanggap_contacts::NewContact;
use tanggap_contacts::identity::{Email, Phone};
use tanggap_conversations::MessageId;
use tanggap_kernel::id::UnitId;
use tanggap_kernel::paging::Cursor;
use tanggap_kernel::{Actor, Fault, Refusal, Result, code, id};
use tanggap_org::TokenScope::{CasesRead, CasesWrite, IdentityRead};
use tanggap_store::{Engine, Tx};
use tanggap_ui::Ctx;
use tanggap_ui::ctx::Secrets;

use crate::body::{Code, Head, Input, query};
use crate::door::{Bearer, Caller};
use crate::fields::{Checked, Field, Query, Shape, may, must};
use crate::notations::{CURSOR, DATE, EMAIL, PHONE, REGION, SLUG, kinds, statuses};
use crate::once::{Answer, Once};
use crate::problem::Problem;
use crate::views::{
    CasePage, Created, Names, Receipt, ReporterView, is_masked, moment, whole_case,
};

/// How many cases a page has where nobody says.
const LIMIT: i64 = 25;
/// How many rounds a search looks for what its filters let through.
const ROUNDS_MAX: usize = 10;
/// The most answers to a category's questions.
const ANSWERS_MAX: usize = 30;

const REPORTER: &[Field] = &[
    may("name", Shape::LooseLine(LINE_MAX), "Their name."),
    may("phone", Shape::Noted(40, &PHONE), "Their telephone number, of any country with its +."),
    may("email", Shape::Noted(254, &EMAIL), "Their mail address; the receipt goes there."),
];

const ANSWER: &[Field] = &[
    must("question", Shape::Line(LINE_MAX), "The question as it was asked."),
    must("answer", Shape::Loose(LINE_MAX), "The answer."),
];

const DETAILS: &[Field] = &[
    may("service_date", Shape::Noted(10, &DATE), "The date of the service it is about."),
    may("loss", Shape::Loose(DESCRIPTION_MAX), "Loss, material or not (UU 25/2009 art. 42(3))."),
    may("wish", Shape::Loose(DESCRIPTION_MAX), "What is asked for (UU 25/2009 art. 42(3))."),
    may("answers", Shape::List(ANSWERS_MAX, ANSWER), "Answers to the category's own questions."),
];

/// A report to be registered.
pub const NEW: &[Field] = &[
    must("kind", Shape::Word(kinds), "What it is."),
    must("subject", Shape::Line(SUBJECT_MAX), "In a few words."),
    must("description", Shape::Text(DESCRIPTION_MAX), "What happened."),
    may("category", Shape::Noted(60, &SLUG), "The name of its category; `umum` where left out."),
    may("reporter", Shape::Object(REPORTER), "Who reports; left out where nobody is known."),
    may("anonymous", Shape::Bool, "Hide the reporter from the public and the reported party."),
    may("confidential", Shape::Bool, "Keep the content from the public."),
    may("place", Shape::LooseLine(LINE_MAX), "Where, in words."),
    may("region_code", Shape::Noted(13, &REGION), "Where, by the code of Kemendagri."),
    may("details", Shape::Object(DETAILS), "What a complaint tells besides."),
];

/// The query of a list.
pub const LIST: &[Field] = &[
    may("status", Shape::Word(statuses), "Only cases in this state."),
    may("kind", Shape::Word(kinds), "Only cases of this kind."),
    may("unit", Shape::Loose(60), "Only cases of this unit, by its code or id."),
    may("q", Shape::Loose(200), "Only cases in whose conversation all these words stand."),
    may("limit", Shape::Int(1, queries::PAGE_MAX), "How many on a page; 25 where left out."),
    may("cursor", Shape::Noted(13, &CURSOR), "Where the page begins: `next_cursor` of the last."),
    may("count", Shape::Bool, "Whether to count all that there are."),
];

/// What stands for the PIN in an answer that is kept. No text of a user reads like it: in JSON
/// their quotation marks are escaped.
const HIDDEN_PIN: &str = "\"pin\":\"------\"";

/// `POST /api/v1/cases`.
///
/// # Errors
/// Problems as the description tells.
pub async fn create(
    State(ctx): State<Ctx>,
    bearer: Bearer,
    request: Request,
) -> Result<Response, Problem> {
    let Input { body, once } = Input::read(request).await?;
    let ticket = ticket(&ctx, &bearer, &once)?;
    let report = report(Checked::body(&body, NEW)?, ticket)?;
    let (secrets, base) = (ctx.secrets.clone(), ctx.site.base_url.clone());
    let hash = bearer.hash;
    let answer = bearer.write(&[CasesWrite], move |tx, caller| {
        let mut caller = caller.clone();
        caller.access.on_behalf_of = Some(Actor::Citizen);
        let mut answer = once.run(tx, &caller, |tx| {
            let opened = actions::open(tx, &caller.access, &report)?;
            created(tx, &caller, opened, &report, &base)
        })?;
        // A replayed answer has the code and PIN of the first request, not of this one's ticket.
        let code = code_of(&answer.body)?;
        let pin = match once.key() {
            Some(key) => kept_pin(&secrets, &hash, key, &code),
            None => report.ticket.pin.clone(),
        };
        answer.body = answer.body.replacen(HIDDEN_PIN, &format!("\"pin\":\"{pin}\""), 1);
        Ok((answer, code))
    });
    let (answer, code) = answer.await?;
    let mut response = answer.into_response();
    if let Ok(location) = HeaderValue::try_from(format!("/api/v1/cases/{code}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Code and PIN of a report. With an idempotency key the PIN is made from it, so that the answer
/// can be given again without the PIN being kept anywhere.
fn ticket(ctx: &Ctx, bearer: &Bearer, once: &Once) -> Result<Ticket, Fault> {
    let mut ticket = Ticket::draw(&ctx.secrets)?;
    if let Some(key) = once.key() {
        ticket.pin = kept_pin(&ctx.secrets, &bearer.hash, key, &ticket.code);
        ticket.pin_hash = hash_pin(&ctx.secrets, &ticket.code, &ticket.pin);
    }
    Ok(ticket)
}

fn kept_pin(secrets: &Secrets, token: &[u8; 32], key: &str, code: &str) -> String {
    let mac = secrets.mac("api-pin", &[token, key.as_bytes(), code.as_bytes()]);
    let mut random = [0; 8];
    random.copy_from_slice(&mac[..8]);
    code::pin_from_random(random)
}

/// The tracking code in an answer of ours: what follows the first `"number":"`.
fn code_of(body: &str) -> Result<String, Fault> {
    let rest = body.split_once("\"number\":\"").map(|(_, rest)| rest);
    let code = rest.and_then(|rest| rest.split('"').next()).and_then(code::parse);
    code.ok_or_else(|| Fault::new("an answer without a code"))
}

fn report(body: Checked<'_>, ticket: Ticket) -> Result<Report, Refusal> {
    let kind: Kind =
        body.string("kind").parse().map_err(|_| Refusal::field("kind", "ui-invalid-choice"))?;
    let details = body.object("details");
    let answers = details.list("answers").map(|a| (a.string("question"), a.string("answer")));
    Ok(Report {
        category: body.text("category").map_or_else(|| "umum".to_owned(), Into::into),
        reporter: reporter(body.object("reporter"))?,
        anonymous: body.bool("anonymous").unwrap_or(false),
        confidential: body.bool("confidential").unwrap_or(false),
        region_code: body.text("region_code").map(Into::into),
        place: body.string("place"),
        details: Details {
            service_date: details.text("service_date").map(Into::into),
            loss: details.string("loss"),
            wish: details.string("wish"),
            answers: answers.collect(),
        },
        channel: "api",
        ..Report::new(kind, &body.string("subject"), &body.string("description"), ticket)
    })
}

fn reporter(given: Checked<'_>) -> Result<Option<NewContact>, Refusal> {
    let phone = given.text("phone").map(|text| Phone::parse(&text)).transpose();
    let phone = phone.map_err(|_| Refusal::field("reporter.phone", "ui-invalid-phone"))?;
    let email = given.text("email").map(|text| Email::parse(&text)).transpose();
    let email = email.map_err(|_| Refusal::field("reporter.email", "ui-invalid-email"))?;
    let contact = NewContact {
        name: given.string("name"),
        phone: phone.map(|phone| phone.e164().to_owned()),
        email: email.map(|email| email.as_str().to_owned()),
        ..NewContact::default()
    };
    Ok((contact != NewContact::default()).then_some(contact))
}

fn created(
    tx: &mut Tx<'_>,
    caller: &Caller,
    opened: Opened,
    report: &Report,
    base: &str,
) -> Result<Answer> {
    let Opened { case, deadlines } = opened;
    let receipt = Receipt {
        number: case.code.clone(),
        received_at: moment(case.received_at, caller.zone),
        received_by: caller.agency.clone(),
        subject: case.subject.clone(),
        track_url: format!("{base}/i/{}/lacak/{}", caller.slug, case.code),
    };
    let mut names = Names::default();
    names.category_is(case.category_id, &report.category);
    let case = names.whole(tx, caller, case, deadlines)?;
    Answer::json(StatusCode::CREATED, &Created { pin: "------".to_owned(), receipt, case })
}

/// `GET /api/v1/cases/{code}`.
///
/// # Errors
/// Problems as the description tells.
pub async fn show(bearer: Bearer, Code(code): Code) -> Result<Response, Problem> {
    let found = bearer.read(&[CasesRead], move |tx, caller| {
        let case = actions::load_by_code(tx, &caller.access, &code)?;
        let seen = case.contact_id.is_some() && !is_masked(caller, case.unit_id);
        let id = case.id;
        Ok((whole_case(tx, caller, case)?, seen.then_some(id)))
    });
    let (mut view, unmasked) = found.await?;
    if let Some(id) = unmasked {
        // Each look at an unmasked identity is an event, so this one is a write.
        let contact = bearer.write(&[CasesRead, IdentityRead], move |tx, caller| {
            actions::look_at_identity(tx, &caller.access, id)
        });
        view.reporter = Some(ReporterView::of(&contact.await?, false));
    }
    Ok(axum::Json(view).into_response())
}

/// `GET /api/v1/cases`.
///
/// # Errors
/// Problems as the description tells.
pub async fn list(
    State(ctx): State<Ctx>,
    bearer: Bearer,
    Head(parts): Head,
) -> Result<Response, Problem> {
    let wanted = query(&parts, LIST)?;
    let sqlite = matches!(ctx.db.engine(), Engine::Sqlite(_));
    let page = bearer.read(&[CasesRead], move |tx, caller| page(tx, caller, &wanted, sqlite));
    let page = page.await?;
    let link = page.next_cursor.as_deref().and_then(|cursor| next_link(&parts.uri, cursor));
    let mut response = axum::Json(page).into_response();
    response.headers_mut().extend(link.map(|link| (header::LINK, link)));
    Ok(response)
}

fn next_link(uri: &axum::http::Uri, cursor: &str) -> Option<HeaderValue> {
    let pairs = uri.query().unwrap_or("").split('&');
    let mut kept: Vec<&str> =
        pairs.filter(|p| !p.is_empty() && !p.starts_with("cursor=")).collect();
    let ours = format!("cursor={cursor}");
    kept.push(&ours);
    HeaderValue::try_from(format!("</api/v1/cases?{}>; rel=\"next\"", kept.join("&"))).ok()
}

fn page(tx: &mut Tx<'_>, caller: &Caller, wanted: &Query, sqlite: bool) -> Result<CasePage> {
    let empty =
        |total| CasePage { items: Vec::new(), next_cursor: None, total, total_is_at_least: None };
    let unit = match wanted.text("unit") {
        Some(word) => match unit_id(tx, caller, word)? {
            Some(unit) => Some(unit),
            None => return Ok(empty(wanted.is("count").then_some(0))),
        },
        None => None,
    };
    let filter = Filter {
        status: wanted.text("status").and_then(Status::parse),
        kind: wanted.text("kind").and_then(|word| word.parse().ok()),
        unit,
        ..Filter::default()
    };
    let limit = wanted.int("limit").unwrap_or(LIMIT);
    let after = wanted.text("cursor").and_then(id::from_text);
    let mut total_is_at_least = None;
    let (cases, next, total) = match wanted.text("q") {
        Some(words) => {
            let found = Search { words, filter: &filter, sqlite };
            let (cases, next) = found.run(tx, caller, after.map(MessageId), limit)?;
            let total = match wanted.is("count") {
                true => {
                    let (total, is_all) = found.count(tx, caller)?;
                    total_is_at_least = (!is_all).then_some(true);
                    Some(total)
                }
                false => None,
            };
            (cases, next.map(|message| message.0), total)
        }
        None => {
            let after = after.map(|id| Cursor { sort: 0, id });
            let page = queries::list(tx, &caller.access, &filter, Order::Newest, after, limit)?;
            let total = match wanted.is("count") {
                true => Some(queries::count(tx, &caller.access, &filter, None)?),
                false => None,
            };
            (page.rows, page.next.map(|cursor| cursor.id), total)
        }
    };
    let mut names = Names::default();
    let views = cases.into_iter().map(|case| names.view(tx, caller, case));
    let items = views.collect::<Result<Vec<_>>>()?;
    Ok(CasePage { items, next_cursor: next.map(id::to_text), total, total_is_at_least })
}

/// The unit that a word names: its code, or its id; `None` where there is none.
///
/// # Errors
/// A fault of the engine.
pub fn unit_id(tx: &mut Tx<'_>, caller: &Caller, word: &str) -> Result<Option<UnitId>> {
    if let Some(unit) = tanggap_org::unit_by_code(tx, &caller.access, word)? {
        return Ok(Some(unit.id));
    }
    match UnitId::parse(word) {
        Some(id) => Ok(tanggap_org::unit(tx, &caller.access, id)?.map(|unit| unit.id)),
        None => Ok(None),
    }
}

struct Search<'a> {
    words: &'a str,
    filter: &'a Filter,
    sqlite: bool,
}

impl Search<'_> {
    fn fits(&self, case: &Case) -> bool {
        let filter = self.filter;
        filter.status.is_none_or(|status| case.status == status)
            && filter.kind.is_none_or(|kind| case.kind == kind)
            && filter.unit.is_none_or(|unit| case.unit_id == Some(unit))
    }

    fn run(
        &self,
        tx: &mut Tx<'_>,
        caller: &Caller,
        mut after: Option<MessageId>,
        limit: i64,
    ) -> Result<(Vec<Case>, Option<MessageId>)> {
        let mut found: Vec<Case> = Vec::new();
        for _ in 0..ROUNDS_MAX {
            let wanted = limit - found.len() as i64;
            let (cases, next) =
                queries::search(tx, &caller.access, self.words, after, wanted, self.sqlite)?;
            for case in cases.into_iter().filter(|case| self.fits(case)) {
                if found.iter().all(|known| known.id != case.id) {
                    found.push(case);
                }
            }
            after = next;
            if after.is_none() || found.len() as i64 >= limit {
                break;
            }
        }
        Ok((found, after))
    }

    /// How many there are, and whether that is all: counting ends after so much work.
    fn count(&self, tx: &mut Tx<'_>, caller: &Caller) -> Result<(i64, bool)> {
        let most = queries::PAGE_MAX * ROUNDS_MAX as i64;
        let (found, next) = self.run(tx, caller, None, most)?;
        Ok((found.len() as i64, next.is_none()))
    }
}
