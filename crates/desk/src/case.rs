//! `/meja/{code}`: one case, as page or as the frame beside the list.

use askama::Template;
use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use tanggap_cases::actions;
use tanggap_cases::reminders::About;
use tanggap_kernel::{Permission, Refusal};
use tanggap_org::door::Staff;
use tanggap_ui::{Answer, Ctx, FormState, Page, prefs, respond};

use crate::counts::Counts;
use crate::forms::StepForm;
use crate::list::{self, Left};
use crate::presence::Presence;
use crate::queue::Queue;
use crate::quick::Place;
use crate::reminders::Beside;
use crate::undo::{Undo, UndoForm};
use crate::view::{CaseView, Loaded};
use crate::{person, steps, stream};

/// What a page of a case shows beside the case itself.
#[derive(Default)]
pub(crate) struct Shown {
    /// The step whose form is open; empty: the usual one.
    pub step: String,
    /// What was typed, where the form was refused.
    pub form: Option<FormState>,
    /// The key of what has to be said.
    pub notice: Option<&'static str>,
    /// The version that was seen: what happened since is marked.
    pub since: Option<i64>,
    /// The answer's status.
    pub status: StatusCode,
    /// Whether the frame alone was asked for.
    pub frame: bool,
    /// The queue that somebody looked at last in this browser.
    pub queue: Option<Queue>,
    /// The look at who reported that this browser tells of.
    pub look: Option<String>,
}

#[derive(Template)]
#[template(path = "case.html")]
struct CasePage {
    page: Page,
    me: String,
    left: Left,
    frame: bool,
    case: CaseView,
    steps: Steps,
    form: StepForm,
    /// Where quick answers go.
    quick: String,
    notice: String,
    news: Vec<(String, String)>,
    presence: String,
    reminder: Beside,
    undo: Option<UndoForm>,
}

#[derive(Template)]
#[template(path = "case_print.html")]
struct PrintPage {
    page: Page,
    case: CaseView,
}

/// A step as a link or a button.
#[derive(Clone, Debug)]
pub(crate) struct StepLink {
    pub name: &'static str,
    pub label: String,
    pub icon: &'static str,
    pub instant: bool,
    pub primary: bool,
    pub current: bool,
}

/// The steps in their places.
#[derive(Clone, Debug, Default)]
pub(crate) struct Steps {
    pub buttons: Vec<StepLink>,
    pub tabs: Vec<StepLink>,
    pub rare: Vec<StepLink>,
    pub take: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AskedCase {
    langkah: String,
}

/// Whether Turbo asks for the frame beside the list only.
pub(crate) fn is_frame(headers: &HeaderMap) -> bool {
    headers.get("turbo-frame").is_some_and(|id| id == "laporan")
}

/// `GET /meja/{code}`.
pub(crate) async fn show(
    State(ctx): State<Ctx>,
    Extension(counts): Extension<Counts>,
    Extension(presence): Extension<Presence>,
    staff: Staff,
    Path(code): Path<String>,
    Query(asked): Query<AskedCase>,
    headers: HeaderMap,
) -> Answer {
    let frame = is_frame(&headers);
    let (queue, look) = (queue_of(&headers), person::look_of(&headers));
    let shown = Shown { step: asked.langkah, frame, queue, look, ..Shown::default() };
    render(&ctx, &counts, &presence, &staff, &code, shown).await
}

/// Shows a case; everything about it is read in one view of the database.
pub(crate) async fn render(
    ctx: &Ctx,
    counts: &Counts,
    presence: &Presence,
    staff: &Staff,
    code: &str,
    shown: Shown,
) -> Answer {
    let Shown { step, form, notice, since, status, frame, queue, look } = shown;
    let (access, text, me) = (staff.access.clone(), staff.text(), staff.user.id);
    let has_relay = ctx.site.sends_mail(staff.access.agency_id);
    let (code, people) = (code.to_owned(), matches!(step.as_str(), "assign" | "concern"));
    let (mut loaded, reminder) = ctx
        .db
        .read(move |tx| {
            let case = actions::load_by_code(tx, &access, &code)?;
            let reminder = Beside::read(tx, &access, text, About::Case(case.id))?;
            Ok((Loaded::read(tx, &access, case, me, people)?, reminder))
        })
        .await?;
    loaded.identified =
        look.is_some_and(|look| person::is_looking(ctx, staff, &loaded.case, &look));
    let mut case = CaseView::new(&loaded, &staff.access, text, has_relay, ctx.now());
    if let (true, Some(contact)) = (loaded.identified, &loaded.contact) {
        case.reveal(&loaded.case, contact);
    }
    let left = if frame || !staff.access.can(Permission::CaseRead, None) {
        Left::default()
    } else {
        let queue = queue.unwrap_or_else(|| Queue::of(&loaded.case));
        Left::beside(staff, &counts.of(ctx, staff).await?, queue)
    };
    let offered = steps::offered(&loaded.case, &staff.access);
    let primary = steps::primary(&loaded.case, &offered);
    let open = match step.as_str() {
        step if offered.contains(&step) => step.to_owned(),
        // What somebody was writing is found again where it was left.
        _ if offered.contains(&loaded.draft.step.as_str()) => loaded.draft.step.clone(),
        _ => usual(&offered, primary).to_owned(),
    };
    let form = match open.is_empty() {
        true => StepForm::default(),
        false => loaded.around(text).form(&open, form),
    };
    let mut page = staff.page_titled(format!("{} {}", case.code, case.subject));
    page.cursor = loaded.head.to_string();
    let topic = stream::topic_of(loaded.case.id);
    let page = CasePage {
        me: me.to_string(),
        frame,
        steps: Steps::new(text, &offered, primary, &open, loaded.case.owner_id == Some(me)),
        quick: Place::case(&loaded.case.code, &form.name).query(),
        form,
        notice: notice.map(|key| text.t(key).into_owned()).unwrap_or_default(),
        news: since.map(|since| case.since(since)).unwrap_or_default(),
        presence: presence.line_for(staff, &topic, ctx.now()),
        reminder,
        undo: Undo::offered(&page, Some(&case.code)),
        left,
        case,
        page,
    };
    Ok(respond::html_status(status, page))
}

/// The queue that somebody looked at last in this browser.
pub(crate) fn queue_of(headers: &HeaderMap) -> Option<Queue> {
    prefs::cookie(headers, list::QUEUE_COOKIE).and_then(Queue::parse)
}

/// The form that is open where none was asked for.
fn usual<'a>(offered: &[&'a str], primary: &'a str) -> &'a str {
    let writes = |step: &&&str| steps::TABS.contains(*step);
    if steps::TABS.contains(&primary) {
        return primary;
    }
    offered.iter().find(writes).copied().unwrap_or_default()
}

impl Steps {
    fn new(
        text: tanggap_ui::Text,
        offered: &[&'static str],
        primary: &str,
        open: &str,
        mine: bool,
    ) -> Self {
        let of = |places: &[&'static str]| -> Vec<StepLink> {
            let here = places.iter().filter(|step| offered.contains(step));
            here.map(|step| StepLink {
                name: step,
                label: text.t(format!("case-action-{step}")).into_owned(),
                icon: icon(step),
                instant: steps::INSTANT.contains(step),
                primary: *step == primary,
                current: *step == open,
            })
            .collect()
        };
        Self {
            buttons: of(&steps::BUTTONS),
            tabs: of(&steps::TABS),
            rare: of(&steps::RARE),
            take: offered.contains(&"assign") && !mine,
        }
    }
}

fn icon(step: &str) -> &'static str {
    match step {
        "verify" | "accept" => "check",
        "forward" => "forward",
        "return" | "reopen" => "return",
        "assign" => "user",
        "reply" => "reply",
        "note" => "note",
        "progress" => "refresh",
        "answer" => "send",
        "ask" => "help",
        "refer" => "arrow-right",
        "duplicate" => "merge",
        "archive" => "inbox",
        "withdraw" => "close",
        "reclassify" => "edit",
        "conceal" => "lock",
        "concern" => "eye-off",
        "extend" => "calendar",
        "escalate" | "object" => "megaphone",
        _ => "check-circle",
    }
}

/// `GET /meja/{code}/cetak`: the case on paper.
pub(crate) async fn print(
    State(ctx): State<Ctx>,
    staff: Staff,
    Path(code): Path<String>,
) -> Answer {
    let (access, text, me) = (staff.access.clone(), staff.text(), staff.user.id);
    if !access.can_somewhere(Permission::CaseRead) {
        return Err(Refusal::Forbidden.into());
    }
    let loaded = ctx
        .db
        .read(move |tx| {
            let case = actions::load_by_code(tx, &access, &code)?;
            Loaded::read(tx, &access, case, me, false)
        })
        .await?;
    let case = CaseView::new(
        &loaded,
        &staff.access,
        text,
        ctx.site.sends_mail(staff.access.agency_id),
        ctx.now(),
    );
    let mut page = staff.page_titled(format!("{} {}", case.code, case.subject));
    page.stream = String::new();
    Ok(respond::html(PrintPage { page, case }))
}
