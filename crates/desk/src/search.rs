//! Finding a case: by its code, by who reported it, by what was said in it; and the palette.

use axum::extract::{Query, State};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use tanggap_cases::model::Case;
use tanggap_cases::{actions, queries, rules, store};
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

/// Cases that fit what was typed and that `access` may see. A number or a mail address finds its
/// person's cases only for those who may see who a reporter is.
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
    if access.can_somewhere(Permission::IdentityRead) {
        let found = of_identity(tx, access, &typed, limit)?;
        if !found.is_empty() {
            return Ok((found, None));
        }
    }
    queries::search(tx, access, &typed, after, limit, sqlite)
}

/// The cases of those who have this number or address.
pub(crate) fn of_identity(
    tx: &mut Tx<'_>,
    access: &Access,
    typed: &str,
    limit: i64,
) -> Result<Vec<Case>> {
    let known = if let Ok(email) = Email::parse(typed) {
        tanggap_contacts::with_identity(tx, access, "email", email.as_str(), PEOPLE_MAX)?
    } else if let Ok(phone) = Phone::parse(typed) {
        tanggap_contacts::with_identity(tx, access, "phone", phone.e164(), PEOPLE_MAX)?
    } else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for contact in known {
        let cases = store::of_contact(tx, access, contact, limit)?;
        found.extend(cases.into_iter().filter(|case| rules::may_identify(case, access)));
    }
    found.sort_by_key(|case| std::cmp::Reverse(case.id));
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
    let mut offered: Vec<Offered> = found.into_iter().map(offer).collect();
    if !typed.q.trim().is_empty() {
        offered.push(Offered {
            label: text.t1("desk-palette-search", "q", typed.q.trim()).into_owned(),
            href: format!("/meja?q={}", encoded(&typed.q)),
            hint: String::new(),
        });
    }
    Ok(axum::Json(offered).into_response())
}
