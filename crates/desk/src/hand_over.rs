//! `/tugas/{id}/alih`: what one is at is handed to a person, a queue or a unit, with a note.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use tanggap_kernel::id::{UnitId, UserId};
use tanggap_kernel::{Error, Invalid, Refusal, Result};
use tanggap_org::door::{SignedFields, Staff, flash};
use tanggap_org::{self as org};
use tanggap_routing::actions::{self, To};
use tanggap_routing::{ItemId, QueueId, queries, store};
use tanggap_ui::{Answer, Choice, Ctx, FormState, Page, respond};

pub(crate) fn routes() -> Router<Ctx> {
    Router::new().route("/tugas/{id}/alih", get(show).post(hand_over))
}

#[derive(Template)]
#[template(path = "hand_over.html")]
struct HandOverPage {
    page: Page,
    form: FormState,
    places: Vec<Choice>,
}

async fn show(State(ctx): State<Ctx>, staff: Staff, Path(id): Path<String>) -> Answer {
    let form = FormState::new(staff.prefs.locale);
    page(&ctx, &staff, &id, form, StatusCode::OK).await
}

/// Queues first, then units that have one, then those who are on duty.
async fn page(ctx: &Ctx, staff: &Staff, id: &str, form: FormState, status: StatusCode) -> Answer {
    let (access, text) = (staff.access.clone(), staff.text());
    let id = ItemId::parse(id).ok_or(Refusal::NotFound)?;
    let places = ctx
        .db
        .read(move |tx| {
            let item = store::item(tx, &access, id)?;
            if item.state.agent() != access.user() {
                return Err(Refusal::NotFound.into());
            }
            let group = |key: &'static str| text.t(key).into_owned();
            let queues = store::queues(tx, &access)?;
            let open = queues.iter().filter(|queue| queue.active && queue.id != item.queue);
            let queue = |queue: &tanggap_routing::Queue| {
                Choice::new(format!("queue:{}", queue.id), queue.name.clone())
                    .group(group("desk-line"))
            };
            let mut places: Vec<Choice> = open.map(queue).collect();
            for unit in org::units(tx, &access)?.iter().filter(|unit| unit.active) {
                if queues.iter().any(|queue| queue.active && queue.unit == Some(unit.id)) {
                    let name = unit.name_in(text.locale).to_owned();
                    let choice = Choice::new(format!("unit:{}", unit.id), name);
                    places.push(choice.group(group("desk-field-unit")));
                }
            }
            for person in queries::on_duty(tx, &access)? {
                if Some(person.user) != access.user() {
                    let choice = Choice::new(format!("user:{}", person.user), person.name);
                    places.push(choice.group(group("desk-line-person")));
                }
            }
            Ok(places)
        })
        .await?;
    let page = staff.page(ctx, "desk-hand-over");
    Ok(respond::html_status(status, HandOverPage { page, form, places }))
}

fn target(text: &str) -> Result<To> {
    let refused = || Refusal::field("to", "ui-invalid-choice");
    let (kind, id) = text.split_once(':').ok_or_else(refused)?;
    let to = match kind {
        "queue" => QueueId::parse(id).map(To::Queue),
        "unit" => UnitId::parse(id).map(To::Unit),
        "user" => UserId::parse(id).map(To::Person),
        _ => None,
    };
    Ok(to.ok_or_else(refused)?)
}

async fn hand_over(
    State(ctx): State<Ctx>,
    Path(id): Path<String>,
    SignedFields { staff, fields }: SignedFields,
) -> Answer {
    let item = ItemId::parse(&id).ok_or(Refusal::NotFound)?;
    let (access, note) = (staff.access.clone(), fields.get("note").to_owned());
    let done = match target(fields.get("to")) {
        Ok(to) => ctx.db.write(move |tx| actions::hand_over(tx, &access, item, to, &note)).await,
        Err(error) => Err(error),
    };
    let errors = match done {
        Ok(()) => return Ok(flash(&ctx.site, "/kehadiran", "desk-flash-handed-over")),
        Err(Error::Refused(Refusal::Invalid(errors))) => errors,
        Err(Error::Refused(Refusal::Illegal(key))) => vec![Invalid::new("to", key)],
        Err(error) => return Err(error.into()),
    };
    let form = fields.refused(staff.prefs.locale, errors);
    page(&ctx, &staff, &id, form, StatusCode::UNPROCESSABLE_ENTITY).await
}
