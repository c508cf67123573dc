//! What a reporter does with their case: complete, reply, confirm, say that it is not solved,
//! object, withdraw, rate. Each is a form of the case's page and leads back to it.

use std::sync::Arc;

use axum::Extension;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use tanggap_cases::actions::{self, Move};
use tanggap_cases::model::Case;
use tanggap_cases::rules::{Action, Voice};
use tanggap_conversations::files::Scanner;
use tanggap_conversations::{self as talk, Direction, NewAttachment};
use tanggap_kernel::error::Invalid;
use tanggap_kernel::{Access, Error, Refusal, Result, Timestamp};
use tanggap_store::Tx;
use tanggap_ui::{Answer, respond};

use crate::door::Door;
use crate::limits::Limits;
use crate::parcel::{self, Refused};
use crate::report::keep;
use crate::sent::{Sent, Values};
use crate::track;

/// Within so long the same words again are the same message: a second click.
const SAME_WITHIN: i64 = 10 * Timestamp::MINUTE;

/// The code and the step of an address.
#[derive(Deserialize)]
pub struct StepPath {
    code: String,
    step: String,
}

/// `POST /lacak/{code}/langkah/{step}`.
pub async fn act(
    Extension(limits): Extension<Arc<Limits>>,
    scanner: Option<Extension<Scanner>>,
    door: Door,
    headers: HeaderMap,
    Path(path): Path<StepPath>,
    sent: Sent,
) -> Answer {
    let Some(case) = track::proven(&door, &headers, &path.code).await? else {
        return Ok(track::ask_again(&door, &path.code, &path.step, &sent.values));
    };
    let Sent { values, files, mut problems } = sent;
    if door.visitor.check_csrf(values.get("csrf")).is_err() {
        problems.push(Invalid::new("", "ui-invalid-csrf"));
    } else if limits.uploads.pass(door.visitor.address, door.ctx.now()).is_err() {
        problems.push(Invalid::new("", "portal-too-many"));
    }
    let mut attachments = Vec::new();
    if problems.is_empty() && matches!(path.step.as_str(), "lengkapi" | "balas") {
        let (kept, more) = keep(&limits, scanner.as_deref(), &door, files).await?;
        attachments = kept;
        problems = more;
    }
    if problems.is_empty() {
        match carry_out(&door, &case, &path.step, &values, attachments).await {
            Ok(()) => {
                let place = format!("/lacak/{}#keadaan", case.code);
                let mut response = respond::see_other(&door.link(&place));
                track::renew(&door, &headers, case.id, &mut response);
                return Ok(response);
            }
            Err(Error::Refused(Refusal::Invalid(wrong))) => problems = wrong,
            Err(Error::Refused(Refusal::Illegal(key))) => problems.push(Invalid::new("", key)),
            Err(Error::Refused(Refusal::Stale)) => {
                problems.push(Invalid::new("", "ui-problem-409"));
            }
            Err(error) => return Err(error.into()),
        }
    }
    for invalid in &mut problems {
        // Words are asked for under the step's own name, so that its form can show the error.
        if matches!(invalid.field.as_str(), "text" | "reason" | "files") {
            invalid.field.clone_from(&path.step);
        }
    }
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    let refused = Refused { step: path.step, values, errors: problems };
    Ok(parcel::page(&door, case, status, Some(refused)).await?)
}

async fn carry_out(
    door: &Door,
    case: &Case,
    step: &str,
    values: &Values,
    attachments: Vec<NewAttachment>,
) -> Result<()> {
    let access = door.access();
    let mut text = values.get(step).to_owned();
    if text.is_empty() && !attachments.is_empty() {
        text = door.text().t("portal-files-attached").into_owned();
    }
    let id = case.id;
    let action = match step {
        "balas" => {
            let write = move |tx: &mut Tx<'_>| {
                if attachments.is_empty() && said_before(tx, &access, id.0, &text)? {
                    return Ok(());
                }
                actions::write(tx, &access, id, Voice::FromCitizen, &text, &attachments).map(drop)
            };
            return door.ctx.db.write(write).await;
        }
        "lengkapi" => Action::Complete { text },
        "selesai" => Action::Confirm,
        "belum" => Action::Reopen { reason: text },
        "keberatan" => Action::Object { reason: text },
        "cabut" => Action::Withdraw { reason: text },
        "nilai" => {
            let rating = values.get("rating").parse().unwrap_or(0);
            Action::Rate { rating, comment: text }
        }
        _ => return Err(Refusal::NotFound.into()),
    };
    let wanted = Move { case: id, version: None, action, attachments };
    door.ctx.db.write(move |tx| actions::act(tx, &access, &wanted).map(drop)).await
}

/// Whether the reporter's last message is this one, a moment ago.
fn said_before(tx: &mut Tx<'_>, access: &Access, case: i64, text: &str) -> Result<bool> {
    let messages = talk::messages_of_case(tx, access, case)?;
    let last = messages.iter().rev().find(|message| message.direction == Direction::In);
    let since = tx.now().plus(-SAME_WITHIN);
    Ok(!text.is_empty() && last.is_some_and(|last| last.body == text && last.at >= since))
}
