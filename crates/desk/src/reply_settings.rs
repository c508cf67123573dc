//! `/antrean/atur/balasan`: within how many minutes of office hours a citizen's message is
//! answered, by channel, for all queues or for one.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use serde::Deserialize;
use tanggap_kernel::{Error, Invalid, Permission, Refusal, Result};
use tanggap_org::door::{Fields, SignedFields, Staff, flash};
use tanggap_routing::replies::{self, CHANNELS, Minutes};
use tanggap_routing::{Queue, QueueId, store};
use tanggap_ui::{Answer, Ctx, FormState, Page, respond};

use crate::words;

const HOME: &str = "/antrean/atur/balasan";

pub(crate) fn routes() -> Router<Ctx> {
    Router::new().route(HOME, get(show).post(change))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    antrean: String,
}

/// One channel's line: its name, its two fields, and what holds where they are empty.
struct Line {
    name: String,
    first: String,
    next: String,
    holds: String,
}

#[derive(Template)]
#[template(path = "reply_settings.html")]
struct TargetsPage {
    page: Page,
    form: FormState,
    queue: String,
    /// The places to choose from: address, name, whether it is this one.
    places: Vec<(String, String, bool)>,
    lines: Vec<Line>,
}

async fn show(State(ctx): State<Ctx>, staff: Staff, Query(asked): Query<Asked>) -> Answer {
    let queue = QueueId::parse(&asked.antrean);
    page(&ctx, &staff, queue, None, StatusCode::OK).await
}

/// `typed`: the form as it was refused.
async fn page(
    ctx: &Ctx,
    staff: &Staff,
    queue: Option<QueueId>,
    typed: Option<FormState>,
    status: StatusCode,
) -> Answer {
    staff.access.require(Permission::OrgManage, None)?;
    let access = staff.access.clone();
    let (queues, targets) = ctx
        .db
        .read(move |tx| Ok((store::queues(tx, &access)?, replies::targets(tx, &access)?)))
        .await?;
    let text = staff.text();
    let of_all: Vec<_> = targets.iter().filter(|t| t.queue.is_none()).cloned().collect();
    let holds = |minutes: Minutes| {
        let (first, next) = (text.number(minutes.first), text.number(minutes.next));
        text.t2("reply-holds", ("first", first), ("next", next)).into_owned()
    };
    let line = |channel: &str| Line {
        name: words::channel(text, channel),
        first: format!("first_{channel}"),
        next: format!("next_{channel}"),
        holds: holds(match queue {
            Some(_) => replies::target(&of_all, None, channel),
            None => replies::usual(channel),
        }),
    };
    let mut begun = FormState::new(text.locale);
    for target in targets.iter().filter(|target| target.queue == queue) {
        begun = begun
            .with(format!("first_{}", target.channel), target.minutes.first)
            .with(format!("next_{}", target.channel), target.minutes.next);
    }
    let place = |known: &Queue| {
        (format!("{HOME}?antrean={}", known.id), known.name.clone(), Some(known.id) == queue)
    };
    let all = (HOME.to_owned(), text.t("reply-all-queues").into_owned(), queue.is_none());
    let active = queues.iter().filter(|known| known.active);
    Ok(respond::html_status(
        status,
        TargetsPage {
            page: staff.page(ctx, "reply-targets"),
            form: typed.unwrap_or(begun),
            queue: queue.map(|queue| queue.to_string()).unwrap_or_default(),
            places: std::iter::once(all).chain(active.map(place)).collect(),
            lines: CHANNELS.map(line).into(),
        },
    ))
}

/// The minutes of each channel; a channel of which one number is given needs the other.
fn read(fields: &Fields) -> Result<Vec<(&'static str, Option<Minutes>)>> {
    let mut wrong = Vec::new();
    let mut wanted = Vec::new();
    for channel in CHANNELS {
        let names = [format!("first_{channel}"), format!("next_{channel}")];
        if names.iter().all(|name| fields.get(name).is_empty()) {
            wanted.push((channel, None));
            continue;
        }
        let mut number = |name: &String| match fields.get(name).parse() {
            Ok(number) => number,
            Err(_) => {
                wrong.push(Invalid::new(name, "ui-invalid-number"));
                1
            }
        };
        let [first, next] = names.each_ref().map(&mut number);
        wanted.push((channel, Some(Minutes { first, next })));
    }
    if wrong.is_empty() { Ok(wanted) } else { Err(Refusal::Invalid(wrong).into()) }
}

async fn change(State(ctx): State<Ctx>, SignedFields { staff, fields }: SignedFields) -> Answer {
    staff.access.require(Permission::OrgManage, None)?;
    let queue = QueueId::parse(fields.get("antrean"));
    let access = staff.access.clone();
    let done = match read(&fields) {
        Ok(wanted) => ctx.db.write(move |tx| replies::set(tx, &access, queue, &wanted)).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => {
            let path = queue.map_or(HOME.to_owned(), |queue| format!("{HOME}?antrean={queue}"));
            Ok(flash(&ctx.site, &path, "reply-flash-saved"))
        }
        Err(Error::Refused(Refusal::Invalid(errors))) => {
            let form = fields.refused(staff.prefs.locale, errors);
            page(&ctx, &staff, queue, Some(form), StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(error) => Err(error.into()),
    }
}
