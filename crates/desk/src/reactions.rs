//! What makes the desk live: each event of a case is turned into changes of the pages that show
//! it, rendered once for all who may see the same.
//!
//! Bursts are taken together: lines after 40 ms, figures at most once a second, whole pages (what
//! units owe, the board) more slowly. Whoever lags is told to fetch the page again, so losing
//! every message loses nothing but time.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use askama::Template;
use tanggap_cases::model::{Case, CaseId};
use tanggap_cases::queries::{self, Filter};
use tanggap_cases::{rules, store};
use tanggap_conversations::InteractionId;
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, AgencyId, Result, Timestamp};
use tanggap_org::Unit;
use tanggap_store::Announced;
use tanggap_ui::live::{Note, Room, Says};
use tanggap_ui::{Ctx, Text};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, MissedTickBehavior};

use crate::queue::{self, Queue};
use crate::row::{self, Row, RowStream};
use crate::{duty, inquiries, log, reminders, stream, talks};

/// How long changes are gathered before their lines are sent.
const GATHER: Duration = Duration::from_millis(40);
/// How often figures are counted at most.
const COUNT_EVERY: Duration = Duration::from_secs(1);
/// Every how many counts the board is drawn anew.
const BOARD_EVERY: u32 = 5;
/// The most cases whose lines are sent one by one; more at once refresh the lists.
const LINES_MAX: usize = 200;

/// What changed in one agency and was not told yet.
#[derive(Default)]
struct Changed {
    cases: HashSet<CaseId>,
    talks: HashSet<i64>,
    seq: i64,
}

/// Begins to react to events; ends with the database.
pub fn spawn_reactions(ctx: Ctx) {
    let mut heard = ctx.db.subscribe();
    tokio::spawn(async move {
        let mut desk = Reactions { ctx, lines: HashMap::new(), figures: HashMap::new(), ticks: 0 };
        let mut gather: Option<Instant> = None;
        let mut tick = tokio::time::interval(COUNT_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let due = async move {
                match gather {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                event = heard.recv() => match event {
                    Ok(event) => {
                        if desk.note(&event) && gather.is_none() {
                            gather = Some(Instant::now() + GATHER);
                        }
                    }
                    Err(RecvError::Lagged(_)) => desk.gap(),
                    Err(RecvError::Closed) => return,
                },
                () = due => {
                    gather = None;
                    desk.tell_lines().await;
                }
                _ = tick.tick() => desk.tell_figures().await,
            }
        }
    });
}

/// Tells somebody of a talk of theirs that wants them.
#[derive(Template)]
#[template(path = "reply_warning.html")]
struct WarningStream {
    page: Text,
    id: String,
    bad: bool,
    key: &'static str,
}

struct Reactions {
    ctx: Ctx,
    lines: HashMap<AgencyId, Changed>,
    figures: HashMap<AgencyId, Changed>,
    ticks: u32,
}

impl Reactions {
    /// Remembers what an event is about; whether it is about a case.
    fn note(&mut self, event: &Announced) -> bool {
        if let "work" | "presence" = event.subject_kind.as_str() {
            self.tell_people(event);
            return false;
        }
        if event.subject_kind == "reminder" {
            reminders::tell(&self.ctx, event);
            return false;
        }
        if event.subject_kind == "overdue" {
            duty::tell_overdue(&self.ctx, event);
            return false;
        }
        if event.subject_kind == "talk" {
            match event.kind.as_str() {
                "talk.reply_warned" => self.warn_owner(event),
                "talk.window_closed" => self.tell_owner(event, true, "talk-window-closed"),
                _ => {}
            }
            talks::asides::tell(&self.ctx, event);
            let changed = self.lines.entry(event.agency_id).or_default();
            changed.talks.insert(event.subject_id);
            changed.seq = changed.seq.max(event.seq);
            return true;
        }
        if event.subject_kind != "case" {
            return false;
        }
        inquiries::panel::tell(&self.ctx, event);
        for changed in [&mut self.lines, &mut self.figures] {
            let changed = changed.entry(event.agency_id).or_default();
            changed.cases.insert(CaseId(event.subject_id));
            changed.seq = changed.seq.max(event.seq);
        }
        true
    }

    /// Work came to somebody or left them, or their presence changed: what stands in their bar
    /// fetches itself again.
    fn tell_people(&self, event: &Announced) {
        let facts: serde_json::Value = serde_json::from_str(&event.body).unwrap_or_default();
        let named = ["owner", "from"].map(|name| facts[name].as_str().and_then(UserId::parse));
        let own = (event.subject_kind == "presence").then_some(UserId(event.subject_id));
        for user in named.into_iter().flatten().chain(own) {
            let topic = duty::topic_of(user);
            for room in self.ctx.live.rooms(event.agency_id, |wanted| wanted == topic) {
                self.ctx.live.send(&room, duty::RELOAD);
            }
        }
    }

    /// Whoever is at a talk is told that its answer is nearly due or overdue.
    fn warn_owner(&self, event: &Announced) {
        let facts: serde_json::Value = serde_json::from_str(&event.body).unwrap_or_default();
        match facts["percent"].as_i64() == Some(100) {
            true => self.tell_owner(event, true, "reply-overdue"),
            false => self.tell_owner(event, false, "reply-warned"),
        }
    }

    /// Tells whoever is at a talk, wherever they are, the words of `key`.
    fn tell_owner(&self, event: &Announced, bad: bool, key: &'static str) {
        let facts: serde_json::Value = serde_json::from_str(&event.body).unwrap_or_default();
        let Some(owner) = facts["owner"].as_str().and_then(UserId::parse) else { return };
        let topic = duty::topic_of(owner);
        for room in self.ctx.live.rooms(event.agency_id, |wanted| wanted == topic) {
            let id = InteractionId(event.subject_id).to_string();
            let warning = WarningStream { page: text_of(&room), id, bad, key };
            if let Ok(html) = warning.render() {
                self.ctx.live.send(&room, &html);
            }
        }
    }

    /// Something was missed: everybody fetches their page again.
    fn gap(&mut self) {
        for room in self.ctx.live.everywhere() {
            self.ctx.live.tell(&room, Note { seq: None, says: Says::Gap });
        }
    }

    async fn tell_lines(&mut self) {
        for (agency, changed) in std::mem::take(&mut self.lines) {
            self.tell_talks(agency, &changed);
            let concerned = |topic: &str| topic == stream::CASES || topic.starts_with("case:");
            let rooms = self.ctx.live.rooms(agency, concerned);
            if rooms.is_empty() || changed.cases.is_empty() {
                continue;
            }
            if changed.cases.len() > LINES_MAX {
                for room in &rooms {
                    self.ctx.live.refresh(room, Some(changed.seq));
                }
                continue;
            }
            match Fresh::load(&self.ctx, agency, changed.cases.into_iter().collect()).await {
                Ok(fresh) => {
                    for room in &rooms {
                        for note in fresh.notes(room, changed.seq) {
                            self.ctx.live.tell(room, note);
                        }
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "live lines wait for the next change");
                }
            }
        }
    }

    /// Pages of talks fetch themselves: each shows what its reader may see.
    fn tell_talks(&self, agency: AgencyId, changed: &Changed) {
        if changed.talks.is_empty() {
            return;
        }
        let rooms = self.ctx.live.rooms(agency, |topic| {
            let one = topic.strip_prefix("talk:").and_then(InteractionId::parse);
            topic == stream::TALKS || one.is_some_and(|id| changed.talks.contains(&id.0))
        });
        for room in rooms {
            self.ctx.live.refresh(&room, Some(changed.seq));
        }
    }

    async fn tell_figures(&mut self) {
        self.ticks = self.ticks.wrapping_add(1);
        let board = self.ticks.is_multiple_of(BOARD_EVERY);
        for (agency, changed) in std::mem::take(&mut self.figures) {
            if !board {
                // The board is told later, of the same change.
                let later = self.figures.entry(agency).or_default();
                later.seq = changed.seq;
            }
            let rooms = self.ctx.live.rooms(agency, |topic| match topic {
                stream::CASES | stream::LISTS | stream::UNIT | stream::ALONE => {
                    !changed.cases.is_empty()
                }
                stream::BOARD => board,
                _ => false,
            });
            for room in rooms {
                if room.topic == stream::ALONE {
                    self.ctx.live.tell(&room, Note { seq: None, says: Says::Gap });
                } else if room.topic != stream::CASES {
                    self.ctx.live.refresh(&room, None);
                } else if let Err(error) = self.count(&room, &changed).await {
                    tracing::warn!(%error, "live figures wait for the next change");
                }
            }
        }
    }

    async fn count(&self, room: &Room, changed: &Changed) -> Result<()> {
        let (access, text) = (room.viewer.access(), text_of(room));
        let cases: Vec<CaseId> = changed.cases.iter().copied().take(LINES_MAX).collect();
        let html = self
            .ctx
            .db
            .read(move |tx| {
                let mut html = String::new();
                let figures = queries::queues(tx, &access)?;
                for queue in Queue::ALL.into_iter().filter(|queue| *queue != Queue::Mine) {
                    if let Some(count) = queue.count(&figures) {
                        html.push_str(&row::count_stream(text, &queue::word(queue, None), count));
                    }
                }
                let mut owners: HashSet<UserId> = HashSet::new();
                for case in &cases {
                    owners.extend(log::owners_lately(tx, access.agency_id, *case)?);
                }
                for owner in owners {
                    let filter = Filter { owner: Some(owner), ..Filter::default() };
                    let count = queries::count(tx, &access, &filter, Some(true))?;
                    let word = queue::word(Queue::Mine, Some(owner));
                    html.push_str(&row::count_stream(text, &word, count));
                }
                Ok(html)
            })
            .await?;
        self.ctx.live.send(room, &html);
        Ok(())
    }
}

fn text_of(room: &Room) -> Text {
    Text { locale: room.viewer.locale, zone: room.viewer.zone }
}

/// Cases as they are now, with what their lines need.
pub(crate) struct Fresh {
    cases: Vec<Case>,
    units: Vec<Unit>,
    names: HashMap<UserId, String>,
    now: Timestamp,
}

impl Fresh {
    /// Reads cases as they are now.
    pub(crate) async fn load(ctx: &Ctx, agency: AgencyId, ids: Vec<CaseId>) -> Result<Self> {
        ctx.db
            .read(move |tx| {
                // Who may see what is decided room by room, see `notes`.
                let access = Access::system(agency);
                let mut cases = Vec::new();
                for id in &ids {
                    cases.extend(store::find(tx, &access, *id)?);
                }
                let mut owners: Vec<UserId> = cases.iter().filter_map(|c| c.owner_id).collect();
                owners.sort_unstable();
                owners.dedup();
                let names = tanggap_org::names(tx, &access, &owners)?;
                let units = tanggap_org::units(tx, &access)?;
                Ok(Self { cases, units, names, now: tx.now() })
            })
            .await
    }

    /// What a room is told of these cases: nothing of a case that is about those in it.
    pub(crate) fn notes(&self, room: &Room, seq: i64) -> Vec<Note> {
        let (access, text) = (room.viewer.access(), text_of(room));
        let note = |says| Note { seq: Some(seq), says };
        let refresh = || match room.topic.as_str() {
            stream::ALONE => note(Says::Gap),
            topic => note(Says::Refresh(topic.into())),
        };
        let mut notes = Vec::new();
        for case in &self.cases {
            if rules::is_about(case, &access) {
                continue;
            }
            let sees = rules::may_see(case, &access);
            if room.topic == stream::topic_of(case.id) {
                let id = case.id;
                let reload = format!(
                    "<turbo-stream action=\"reload\" target=\"laporan-{id}\"></turbo-stream>"
                );
                notes.push(if sees { note(Says::Stream(reload.into())) } else { refresh() });
            } else if room.topic == stream::CASES {
                if !sees {
                    let id = case.id;
                    let gone = format!(
                        "<turbo-stream action=\"remove\" target=\"case-{id}\"></turbo-stream>"
                    );
                    notes.push(note(Says::Stream(gone.into())));
                } else if case.reported_user_id.is_some() {
                    // A room does not know whose eyes are in it; each page asks for itself.
                    notes.push(refresh());
                } else {
                    notes.push(note(Says::Stream(self.line(text, case).into())));
                }
            } else if !room.topic.starts_with("case:") && sees {
                notes.push(refresh());
            }
        }
        notes
    }

    fn line(&self, text: Text, case: &Case) -> String {
        let owner = case.owner_id.and_then(|id| self.names.get(&id));
        let row = Row::new(text, case, &self.units, owner, self.now);
        RowStream { page: text, row }.html()
    }
}
