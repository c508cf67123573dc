//! One holding of a lane: takes what is due, sends it within the gateway's window, and notes what
//! came of it.
//!
//! Sends run beside each other; what they tell is gathered and noted in one transaction, which
//! also takes the next messages. A message is handed over only after that was noted and while the
//! lane is held.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tanggap_calendar::Zone;
use tanggap_cases::notices::BASE_URL;
use tanggap_channels::exchange::{Accepted, NotSent, OutFile, Outgoing, Template};
use tanggap_conversations::accounts;
use tanggap_conversations::outbound::lanes::{self, Lane, Turn};
use tanggap_conversations::outbound::rules::{ChannelRules, Outcome};
use tanggap_conversations::outbound::{Outbound, settings};
use tanggap_kernel::{Access, AgencyId, Error, Refusal, Result, Timestamp};
use tanggap_store::Tx;
use tanggap_ui::Ctx;
use tokio::sync::{mpsc, oneshot, watch};

use super::pace::Pace;
use super::{Remembered, Told, fallback, letterhead};
use crate::work::gateways::{Gateway, Handing};

/// The longest time that one send may take, from the first word to the answer.
pub const SEND_MAX: Duration = Duration::from_secs(100);
/// A lane is renewed and looked at so often while its sends take long (microseconds).
const SIGN_OF_LIFE: i64 = 4 * Timestamp::SECOND;
/// A session stays for messages that wait so long for the channel's rate (microseconds).
const STAY_MAX: i64 = 5 * Timestamp::SECOND;
/// What is told at once is noted together, up to so many.
const TOLD_AT_ONCE: usize = 256;
/// More are never under way, whatever a gateway says.
const WINDOW_MAX: usize = 512;
/// How long a lane that another node holds is left alone (microseconds).
const ELSEWHERE: i64 = 5 * Timestamp::SECOND;
/// Between tries to note something while the database is away.
const AGAIN: Duration = Duration::from_secs(1);
/// After so many such tries the session gives up; its lane is free again a little later.
const AGAIN_MAX: usize = 60;

/// How one send ended.
pub struct Done {
    row: Outbound,
    handed: bool,
    outcome: Outcome,
}

/// A lane being worked on.
pub(super) struct Session {
    ctx: Ctx,
    lane: Lane,
    gateway: Arc<dyn Gateway>,
    remembered: Arc<Remembered>,
    window: usize,
}

/// What waits to be noted.
#[derive(Default)]
struct Gathered {
    turn: Turn,
    noted: Vec<oneshot::Sender<bool>>,
}

impl Session {
    pub(super) fn new(
        ctx: Ctx,
        lane: Lane,
        gateway: Arc<dyn Gateway>,
        remembered: Arc<Remembered>,
    ) -> Self {
        let window = gateway.window().clamp(1, WINDOW_MAX);
        Self { ctx, lane, gateway, remembered, window }
    }

    /// Works until nothing is due or `stop` is true; tells how many messages were tried. Without
    /// `stop` it waits for nothing but the answers of what it sent.
    pub(super) async fn run(&self, stop: Option<watch::Receiver<bool>>) -> usize {
        let (lane, of) = (self.lane.clone(), self.gateway.assurance());
        let held = self.ctx.db.write(move |tx| {
            let Some((session, ended)) = lanes::hold(tx, &lane, of)? else { return Ok(None) };
            fallback::stand_in(tx, &lane, &ended)?;
            Ok(Some((session, Rules::read(tx, &lane)?)))
        });
        let (session, rules) = match held.await {
            Ok(Some(held)) => held,
            Ok(None) => {
                self.with_strain(|strain, now| strain.pause(now.plus(ELSEWHERE)));
                return 0;
            }
            Err(error) => {
                tracing::warn!(%error, "a lane waits");
                return 0;
            }
        };
        let tried = self.work(&session, rules, stop).await;
        let released = self.ctx.db.write(move |tx| Ok(lanes::let_go(tx, &session)?)).await;
        if let Err(error) = released {
            tracing::warn!(%error, "a lane is free only when its lease ends");
        }
        tried
    }

    async fn work(
        &self,
        held: &lanes::Session,
        mut rules: Rules,
        mut stop: Option<watch::Receiver<bool>>,
    ) -> usize {
        let (tell, mut told) = mpsc::channel(2 * WINDOW_MAX);
        let (mut under_way, mut tried) = (0, 0);
        let mut gathered = Gathered::default();
        loop {
            let stopping = stop.as_ref().is_some_and(|stop| *stop.borrow());
            let rests = stopping || self.with_strain(|strain, now| strain.pauses(now));
            let room = if rests { 0 } else { self.window - under_way };
            let now = self.ctx.db.now();
            gathered.turn.wanted = self.paced(room, &rules, now);
            gathered.turn.priorities = rules.channel.open(now, rules.offset_hours);
            let Some((taken, fresh)) = self.note(held, &mut gathered).await else { return tried };
            let came = taken.len();
            self.with_pace(|pace| pace.take(&rules.channel, now, came));
            for row in taken {
                self.start(row, tell.clone());
            }
            (under_way, tried) = (under_way + came, tried + came);
            rules = fresh;
            if under_way == 0 {
                // What only waits for the channel's rate is worth staying for.
                let wait = self.with_pace(|pace| pace.wait(&rules.channel, now));
                if stop.is_some() && !rests && (1..STAY_MAX).contains(&wait) {
                    let wait = u64::try_from(wait).unwrap_or_default();
                    tokio::time::sleep(Duration::from_micros(wait)).await;
                    continue;
                }
                return tried;
            }
            // With the window full nothing but an answer is news.
            let has_room = room > came;
            let wait = self.with_pace(|pace| pace.wait(&rules.channel, now));
            let wait = if has_room && wait > 0 { wait } else { SIGN_OF_LIFE };
            let news = self.news(&mut told, has_room, wait, stop.as_mut()).await;
            under_way -= self.gather(news, &mut gathered);
        }
    }

    /// Waits for what sends tell; where there is room, for new messages too; at most `wait`
    /// (microseconds).
    async fn news(
        &self,
        told: &mut mpsc::Receiver<Told>,
        has_room: bool,
        wait: i64,
        stop: Option<&mut watch::Receiver<bool>>,
    ) -> Vec<Told> {
        let mut news = Vec::new();
        let wait = u64::try_from(wait.min(SIGN_OF_LIFE)).unwrap_or_default();
        let stopped = async {
            match stop {
                Some(stop) if !*stop.borrow() => drop(stop.changed().await),
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = told.recv_many(&mut news, TOLD_AT_ONCE) => {}
            () = self.remembered.poke.notified(), if has_room => {}
            () = tokio::time::sleep(Duration::from_micros(wait)) => {}
            () = stopped => {}
        }
        news
    }

    /// Puts together what is to be noted; tells how many sends ended.
    fn gather(&self, news: Vec<Told>, gathered: &mut Gathered) -> usize {
        let mut ended = 0;
        for told in news {
            match told {
                Told::Hand(id, noted) => {
                    gathered.turn.handed.push(id);
                    gathered.noted.push(noted);
                }
                Told::Done(done) => {
                    ended += 1;
                    self.end(*done, &mut gathered.turn);
                }
            }
        }
        ended
    }

    fn end(&self, done: Done, turn: &mut Turn) {
        let Done { row, handed, outcome } = done;
        let word = match &outcome {
            Outcome::Accepted { .. } => "sent",
            Outcome::Later { .. } | Outcome::Account { .. } => "later",
            Outcome::Never { .. } => "never",
            Outcome::Unsure { .. } => "unsure",
        };
        metrics::counter!("tanggap_outbound_total",
            "channel" => row.channel.clone(), "outcome" => word)
        .increment(1);
        if matches!(outcome, Outcome::Accepted { .. }) && !handed {
            tracing::error!(channel = row.channel, "a gateway sent without saying so before");
        }
        self.with_strain(|strain, now| strain.learn(&outcome, self.window, now));
        turn.outcomes.push((row, outcome));
    }

    /// Notes what was gathered and takes more; `None` where the lane is lost.
    async fn note(
        &self,
        held: &lanes::Session,
        gathered: &mut Gathered,
    ) -> Option<(Vec<Outbound>, Rules)> {
        let Gathered { turn, noted } = std::mem::take(gathered);
        let trouble = Arc::new(self.trouble(&turn));
        let (session, of, turn) = (held.clone(), self.gateway.assurance(), Arc::new(turn));
        let mut outcome = Ok(None);
        for _ in 0..AGAIN_MAX {
            let (session, turn) = (session.clone(), Arc::clone(&turn));
            let trouble = Arc::clone(&trouble);
            let run = self.ctx.db.write(move |tx| {
                let Some(took) = lanes::turn(tx, &session, of, &turn)? else { return Ok(None) };
                fallback::stand_in(tx, &session.lane, &took.ended)?;
                if let Some(trouble) = trouble.as_ref() {
                    note_trouble(tx, &session.lane, trouble.as_deref())?;
                }
                Ok(Some((took.rows, Rules::read(tx, &session.lane)?)))
            });
            outcome = run.await;
            match &outcome {
                Ok(_) => break,
                Err(error) => tracing::warn!(%error, "outcomes wait to be noted"),
            }
            tokio::time::sleep(AGAIN).await;
        }
        let taken = outcome.ok().flatten();
        for sender in noted {
            // Whoever does not listen any more sends nothing.
            let _ = sender.send(taken.is_some());
        }
        taken
    }

    /// What changes about the account: refused now, or let in again.
    fn trouble(&self, turn: &Turn) -> Option<Option<String>> {
        let refused = turn.outcomes.iter().find_map(|(_, outcome)| match outcome {
            Outcome::Account { why } => Some(why.clone()),
            _ => None,
        });
        let accepted = |outcome: &Outcome| matches!(outcome, Outcome::Accepted { .. });
        match refused {
            Some(why) => {
                self.remembered.refused.store(true, Ordering::Release);
                Some(Some(why))
            }
            None if turn.outcomes.iter().any(|(_, outcome)| accepted(outcome)) => {
                self.remembered.refused.swap(false, Ordering::AcqRel).then_some(None)
            }
            None => None,
        }
    }

    fn start(&self, row: Outbound, tell: mpsc::Sender<Told>) {
        let (ctx, gateway) = (self.ctx.clone(), Arc::clone(&self.gateway));
        let agency = self.lane.agency_id;
        tokio::spawn(async move {
            let (watch, handed) = mpsc::channel(1);
            let id = row.id;
            let of_send = row.clone();
            let send = tokio::spawn(async move {
                let handing = Handing { id, tell: watch };
                let outgoing = outgoing(&ctx, agency, of_send).await?;
                gateway.send(outgoing, handing).await
            });
            let (handed, result) = follow(send, handed, &tell).await;
            let outcome = outcome_of(result);
            let done = Done { row, handed, outcome };
            // Where the session is gone its lane is, and with it the message.
            let _ = tell.send(Told::Done(Box::new(done))).await;
        });
    }

    /// How many of `room` messages may go now.
    fn paced(&self, room: usize, rules: &Rules, now: Timestamp) -> i64 {
        let room = i64::try_from(room).unwrap_or(0);
        let paced = self.with_pace(|pace| pace.room(&rules.channel, now));
        paced.map_or(room, |paced| paced.min(room))
    }

    fn with_pace<T>(&self, run: impl FnOnce(&mut Pace) -> T) -> T {
        run(&mut self.remembered.pace.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with_strain<T>(&self, run: impl FnOnce(&mut super::strain::Strain, Timestamp) -> T) -> T {
        let now = self.ctx.db.now();
        run(&mut self.remembered.strain.lock().unwrap_or_else(PoisonError::into_inner), now)
    }
}

/// Tells administrators that an account is refused, or no longer.
fn note_trouble(tx: &mut Tx<'_>, lane: &Lane, trouble: Option<&str>) -> Result<()> {
    let access = Access::system(lane.agency_id);
    match accounts::note_trouble(tx, &access, lane.account_id.into(), trouble) {
        // The installation's own relay is no account, and an account may be gone meanwhile.
        Err(Error::Refused(Refusal::NotFound)) => Ok(()),
        noted => noted,
    }
}

/// What binds a lane: read again with each turn, so that a change counts at once.
struct Rules {
    channel: ChannelRules,
    offset_hours: i64,
}

impl Rules {
    fn read(tx: &mut Tx<'_>, lane: &Lane) -> Result<Self> {
        let access = Access::system(lane.agency_id);
        let (channel, _) = settings::of(tx, &access, &lane.channel)?;
        let agency = tanggap_org::agency(tx, lane.agency_id)?;
        let zone = agency.map_or_else(Zone::default, |agency| agency.zone);
        Ok(Self { channel, offset_hours: zone.offset_hours() })
    }
}

/// Lets a send run to its end, within its time, and passes on that it hands over: so it is known
/// whether it did, however it ended.
async fn follow(
    send: tokio::task::JoinHandle<Result<Accepted, NotSent>>,
    mut hands: mpsc::Receiver<Told>,
    tell: &mpsc::Sender<Told>,
) -> (bool, Result<Accepted, NotSent>) {
    let (mut handed, mut send) = (false, send);
    let ended = tokio::time::timeout(SEND_MAX, async {
        loop {
            tokio::select! {
                biased;
                Some(hand) = hands.recv(), if !handed => {
                    handed = true;
                    if tell.send(hand).await.is_err() {
                        return Err(());
                    }
                }
                ended = &mut send => return ended.map_err(drop),
            }
        }
    })
    .await;
    send.abort();
    let result = match ended {
        Ok(Ok(result)) => result,
        _ if handed => Err(NotSent::Unsure { why: "no answer within the time allowed".into() }),
        _ => Err(NotSent::Later { after: None, why: "not sent within the time allowed".into() }),
    };
    (handed, result)
}

fn outcome_of(result: Result<Accepted, NotSent>) -> Outcome {
    match result {
        Ok(accepted) => Outcome::Accepted { external_ids: accepted.external_ids },
        Err(NotSent::Later { after, why }) => {
            let after = after.map(|after| i64::try_from(after.as_micros()).unwrap_or(i64::MAX));
            Outcome::Later { after, why }
        }
        Err(NotSent::Never { code, why }) => match code {
            Some(code) => Outcome::Never { why: format!("{code} {why}") },
            None => Outcome::Never { why },
        },
        Err(NotSent::Account { why }) => Outcome::Account { why },
        Err(NotSent::Unsure { why }) => Outcome::Unsure { why },
    }
}

/// What a gateway is given for a row.
async fn outgoing(ctx: &Ctx, agency: AgencyId, row: Outbound) -> Result<Outgoing, NotSent> {
    let letterhead = match row.channel.as_str() {
        "email" => Some(letterhead::of(ctx, agency, &row).await.map_err(|error| {
            NotSent::Later { after: None, why: format!("the letterhead cannot be read: {error}") }
        })?),
        _ => None,
    };
    let mut files = Vec::new();
    for file in row.extra.files {
        let bytes = ctx.blobs.get(&file.blob).await.map_err(|error| NotSent::Later {
            after: None,
            why: format!("a file cannot be read: {error}"),
        })?;
        files.push(OutFile { name: file.name, media_type: file.media_type, bytes: bytes.to_vec() });
    }
    Ok(Outgoing {
        key: row.id.to_string(),
        to: row.recipient,
        subject: row.subject,
        text: row.body.replace(BASE_URL, &ctx.site.base_url),
        at: row.created_at.as_micros(),
        files,
        template: row.extra.template.map(|template| Template {
            name: template.name,
            language: template.language,
            values: template.values,
        }),
        reply_to: row.extra.reply_to,
        correspondence: row.extra.inquiry,
        private_reply: row.extra.private_reply,
        by_person: row.extra.by_person,
        letterhead,
    })
}
