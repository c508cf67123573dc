//! Finding a case: by its code, by who reported it, by what was said in it; and the palette.

use axum::extract::{Query, State};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use tanggap_cases::model::Case;
use tanggap_cases::{actions, queries, rules};
use tanggap_contacts::ContactId;
use tanggap_contacts::identity::{Email, Phone};
use tanggap_conversations::MessageId;
use tanggap_kernel::{Access, Error, Permission, Refusal, Result};
use tanggap_org::door::Staff;
use tanggap_store::Tx;
use tanggap_ui::{Answer, Ctx};

use crate::list::is_sqlite;

/// The longest question, in characters.
const QUESTION_MAX: usize = 200;
/// The most lines of the palette.
const OFFERED_MAX: i64 = 8;
/// The most people who share an address or number that are looked at.
const PEOPLE_MAX: i64 = 20;
/// The most cases that are found by the name of who reported them.
const NAMED_MAX: i64 = 20;
/// The most cases of such people that are looked at: some are not to be told apart as theirs.
const THEIRS_MAX: i64 = 400;

/// What is typed, ready for an address.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.trim().bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Cases that fit what was typed and that `access` may see. A number, a mail address or a name
/// finds its person's cases only for those who may see who reported that very case.
pub(crate) fn cases(
    tx: &mut Tx<'_>,
    access: &Access,
    typed: &str,
    after: Option<MessageId>,
    limit: i64,
    sqlite: bool,
) -> Result<(Vec<Case>, Option<MessageId>)> {
    let typed: String = typed.trim().chars().take(QUESTION_MAX).collect();
    if typed.is_empty() {
        return Ok((Vec::new(), None));
    }
    if let Some(code) = tanggap_kernel::code::parse(&typed) {
        return match actions::load_by_code(tx, access, &code) {
            Ok(case) => Ok((vec![case], None)),
            Err(Error::Refused(Refusal::NotFound)) => Ok((Vec::new(), None)),
            Err(other) => Err(other),
        };
    }
    let mut found = of_identity(tx, access, &typed, limit)?;
    if !found.is_empty() {
        return Ok((found, None));
    }
    tanggap_conversations::cases_with_ahead(tx, access, &typed, after, sqlite)?;
    found = of_name(tx, access, &typed)?;
    let (mut said, next) = queries::search(tx, access, &typed, after, limit, sqlite)?;
    said.retain(|case| found.iter().all(|known| known.id != case.id));
    if after.is_some() {
        // They stood on the first page.
        found.clear();
    }
    found.append(&mut said);
    Ok((found, next))
}

/// The cases of those who have this number or address, as far as `access` may know whose they are.
pub(crate) fn of_identity(
    tx: &mut Tx<'_>,
    access: &Access,
    typed: &str,
    limit: i64,
) -> Result<Vec<Case>> {
    if !access.can_somewhere(Permission::IdentityRead) {
        return Ok(Vec::new());
    }
    let known = if let Ok(email) = Email::parse(typed) {
        tanggap_contacts::with_identity(tx, access, "email", email.as_str(), PEOPLE_MAX)?
    } else if let Ok(phone) = Phone::parse(typed) {
        tanggap_contacts::with_identity(tx, access, "phone", phone.e164(), PEOPLE_MAX)?
    } else {
        return Ok(Vec::new());
    };
    of_people(tx, access, &known, limit)
}

/// The cases of those who have this name, as far as `access` may know whose they are.
pub(crate) fn of_name(tx: &mut Tx<'_>, access: &Access, typed: &str) -> Result<Vec<Case>> {
    if !access.can_somewhere(Permission::IdentityRead) {
        return Ok(Vec::new());
    }
    let known = tanggap_contacts::named(tx, access, typed)?;
    of_people(tx, access, &known, NAMED_MAX)
}

fn of_people(
    tx: &mut Tx<'_>,
    access: &Access,
    people: &[ContactId],
    limit: i64,
) -> Result<Vec<Case>> {
    let mut found = queries::of_contacts(tx, access, people, THEIRS_MAX)?;
    found.retain(|case| rules::may_identify(case, access));
    found.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(found)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Typed {
    q: String,
}

#[derive(Serialize)]
struct Offered {
    label: String,
    href: String,
    hint: String,
}

/// `GET /perintah?q=`: what the palette offers beside its own commands.
pub(crate) async fn palette(
    State(ctx): State<Ctx>,
    staff: Staff,
    Query(typed): Query<Typed>,
) -> Answer {
    let (access, sqlite, text) = (staff.access.clone(), is_sqlite(&ctx), staff.text());
    if !access.can_somewhere(Permission::CaseRead) {
        return Ok(axum::Json(Vec::<Offered>::new()).into_response());
    }
    let q = typed.q.clone();
    let (found, _) =
        ctx.db.read(move |tx| cases(tx, &access, &q, None, OFFERED_MAX, sqlite)).await?;
    let offer = |case: Case| Offered {
        label: case.subject,
        href: format!("/meja/{}", case.code),
        hint: case.code,
    };
    let shown = usize::try_from(OFFERED_MAX).unwrap_or(0);
    let mut offered: Vec<Offered> = found.into_iter().take(shown).map(offer).collect();
    if !typed.q.trim().is_empty() {
        offered.push(Offered {
            label: text.t1("desk-palette-search", "q", typed.q.trim()).into_owned(),
            href: format!("/meja?q={}", encoded(&typed.q)),
            hint: String::new(),
        });
    }
    Ok(axum::Json(offered).into_response())
}
