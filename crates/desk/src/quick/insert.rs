//! A quick answer, filled in, into what somebody writes.
//!
//! Filled in is what the writer may see: who reported a case is named only to those who may look,
//! and the look is an event as any other. What cannot be filled in stays a variable, which the
//! composer refuses to send.

use askama::Template;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::json;
use tanggap_cases::model::{Case, CaseId};
use tanggap_cases::{actions, rules, store, talking};
use tanggap_contacts as contacts;
use tanggap_conversations::quick::{self, Quick, QuickId, Variable};
use tanggap_conversations::{InteractionId, Talk};
use tanggap_kernel::{Access, Locale, Permission, Refusal, Result};
use tanggap_org::door::{SignedFields, Staff};
use tanggap_store::Tx;
use tanggap_ui::{Answer, Ctx, FormState, Page, Text, respond};

use crate::steps::{Draft, TABS};
use crate::words;

/// The most characters of what is looked for.
const QUERY_MAX: usize = 100;

/// Where one writes: in a case as a step, or in a talk.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Place {
    laporan: String,
    langkah: String,
    percakapan: String,
}

impl Place {
    pub(crate) fn case(code: &str, step: &str) -> Self {
        Self { laporan: code.to_owned(), langkah: step.to_owned(), percakapan: String::new() }
    }

    pub(crate) fn talk(id: &str) -> Self {
        Self { percakapan: id.to_owned(), ..Self::default() }
    }

    /// Its words in an address.
    pub(crate) fn query(&self) -> String {
        if self.percakapan.is_empty() {
            format!("laporan={}&langkah={}", self.laporan, self.langkah)
        } else {
            format!("percakapan={}", self.percakapan)
        }
    }

    /// As hidden fields of a form.
    fn hidden(&self) -> String {
        let field = |(name, value): (&str, &String)| {
            let value: String =
                value.chars().filter(|c| c.is_alphanumeric() || *c == '-').collect();
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
        };
        let fields = [("laporan", &self.laporan), ("langkah", &self.langkah)];
        let fields = fields.into_iter().chain([("percakapan", &self.percakapan)]);
        fields.filter(|(_, value)| !value.is_empty()).map(field).collect()
    }

    /// The page on which one writes.
    fn home(&self) -> String {
        if self.percakapan.is_empty() {
            format!("/meja/{}?langkah={}", self.laporan, self.langkah)
        } else {
            format!("/percakapan/{}", self.percakapan)
        }
    }

    fn open(&self, tx: &mut Tx<'_>, access: &Access) -> Result<(Option<Talk>, Option<Case>)> {
        match InteractionId::parse(&self.percakapan) {
            Some(id) => {
                access.require(Permission::TalkWrite, None)?;
                let (talk, case) = talking::open(tx, access, id)?;
                Ok((Some(talk), case))
            }
            None => {
                let case = actions::load_by_code(tx, access, &self.laporan)?;
                access.require(Permission::CaseWrite, case.unit_id)?;
                Ok((None, Some(case)))
            }
        }
    }
}

#[derive(Template)]
#[template(path = "quick_choose.html")]
struct ChoosePage {
    page: Page,
    place: Place,
    form: FormState,
    found: Vec<Quick>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
}

fn wants_json(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).is_some_and(|kind| kind == "application/json")
}

/// `GET /jawaban-cepat?percakapan={id}|laporan={code}&langkah={step}&q={words}`.
pub(super) async fn choose(
    State(ctx): State<Ctx>,
    staff: Staff,
    Query(place): Query<Place>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Answer {
    let access = staff.access.clone();
    let query: String = asked.q.chars().take(QUERY_MAX).collect();
    let (looked, wanted) = (query.clone(), place.clone());
    let found = ctx
        .db
        .read(move |tx| {
            wanted.open(tx, &access)?;
            let mut all = quick::all(tx, &access)?;
            all.retain(|quick| quick.matches(&looked));
            Ok(all)
        })
        .await?;
    if wants_json(&headers) {
        let one = |quick: &Quick| {
            json!({ "id": quick.id.to_string(), "shortcut": quick.shortcut, "title": quick.title,
                "body": quick.body, "own": quick.owner_id.is_some() })
        };
        return Ok(Json(found.iter().map(one).collect::<Vec<_>>()).into_response());
    }
    let page = staff.page(&ctx, "quick-choose");
    let form = FormState::new(staff.prefs.locale).with("q", &query);
    Ok(respond::html(ChoosePage { page, place, form, found }))
}

/// `POST /jawaban-cepat`: the text filled in, as JSON for the composer's script; without one it is
/// added to the draft, with which the composer opens.
pub(super) async fn put(
    State(ctx): State<Ctx>,
    headers: HeaderMap,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    let id = QuickId::parse(fields.get("id")).ok_or(Refusal::NotFound)?;
    let place = Place {
        laporan: fields.get("laporan").to_owned(),
        langkah: fields.get("langkah").to_owned(),
        percakapan: fields.get("percakapan").to_owned(),
    };
    if place.percakapan.is_empty() && !TABS.contains(&place.langkah.as_str()) {
        return Err(Refusal::NotFound.into());
    }
    let (access, officer, zone) = (staff.access.clone(), staff.user.name.clone(), staff.zone);
    let (home, agency) = (place.home(), staff.agency.name.clone());
    let (is_json, locale) = (wants_json(&headers), staff.prefs.locale);
    let text = ctx
        .db
        .write(move |tx| {
            let (talk, case) = place.open(tx, &access)?;
            let body = quick::get(tx, &access, id)?.body;
            let language = talk.as_ref().and_then(|talk| talk.language.as_deref());
            let text = Text { locale: language_of(language, locale), zone };
            let wants_name = quick::asks_for(&body, Variable::Name);
            let name = match (&talk, &case) {
                _ if !wants_name => None,
                (_, Some(case)) => name_in_case(tx, &access, case)?,
                (Some(talk), None) => name_in_talk(tx, &access, talk)?,
                (None, None) => None,
            };
            let name = name.unwrap_or_else(|| text.t("quick-nameless").into_owned());
            let units = tanggap_org::units(tx, &access)?;
            let filled = quick::filled(&body, |variable| match variable {
                Variable::Name => Some(name.clone()),
                Variable::Officer => Some(officer.clone()),
                Variable::Agency => Some(agency.clone()),
                Variable::Code => case.as_ref().map(|case| case.code.clone()),
                Variable::Unit => case.as_ref().map(|case| words::unit(text, &units, case.unit_id)),
                Variable::Deadline => {
                    let due = case.as_ref().and_then(|case| case.due.as_ref());
                    due.map(|due| text.date(due.at))
                }
            });
            if !is_json {
                add_to_draft(tx, &access, &place, talk.as_ref(), case.as_ref(), &filled)?;
            }
            Ok(filled)
        })
        .await?;
    Ok(match is_json {
        true => Json(json!({ "text": text })).into_response(),
        false => respond::see_other(&home),
    })
}

/// The language of dates and words that are filled in: the talk's where it is one of ours.
fn language_of(mark: Option<&str>, reader: Locale) -> Locale {
    match mark {
        Some("en") => Locale::En,
        Some(_) => Locale::Id,
        None => reader,
    }
}

fn name_in_case(tx: &mut Tx<'_>, access: &Access, case: &Case) -> Result<Option<String>> {
    if case.contact_id.is_none() || case.anonymous || !rules::may_identify(case, access) {
        return Ok(None);
    }
    let contact = actions::look_at_identity(tx, access, case.id)?;
    Ok(Some(contact.name).filter(|name| !name.is_empty()))
}

fn name_in_talk(tx: &mut Tx<'_>, access: &Access, talk: &Talk) -> Result<Option<String>> {
    let Some(id) = talk.contact_id.filter(|_| access.can(Permission::IdentityRead, None)) else {
        return Ok(None);
    };
    Ok(Some(contacts::get(tx, access, id)?.name).filter(|name| !name.is_empty()))
}

/// Below what was written there, or in place of a draft of another step.
fn add_to_draft(
    tx: &mut Tx<'_>,
    access: &Access,
    place: &Place,
    talk: Option<&Talk>,
    case: Option<&Case>,
    filled: &str,
) -> Result<()> {
    let user = access.user().ok_or(Refusal::Forbidden)?;
    let below = |before: &str| match before.trim_end() {
        "" => filled.to_owned(),
        before => format!("{before}\n\n{filled}"),
    };
    let (id, text) = match (talk, case) {
        // A talk's id is no case's: ids are drawn once for all tables.
        (Some(talk), _) => {
            let id = CaseId(talk.id.0);
            (id, below(&store::draft(tx, access, id, user)?))
        }
        (None, Some(case)) => {
            let kept = Draft::read(&store::draft(tx, access, case.id, user)?);
            let before = if kept.step == place.langkah { kept.text.as_str() } else { "" };
            (case.id, format!("{}\n{}", place.langkah, below(before)))
        }
        (None, None) => return Err(Refusal::NotFound.into()),
    };
    Ok(store::save_draft(tx, access, id, user, &text)?)
}
