//! One holding of a lane: takes what is due, sends it within the gateway's window, and notes what
//! came of it.
//!
//! Sends run beside each other; what they tell is gathered and noted in one transaction, which
//! also takes the next messages. A message is handed over only after that was noted and while the
//! lane is held.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tanggap_cases::notices::BASE_URL;
use tanggap_channels::exchange::{Accepted, NotSent, OutFile, Outgoing, Template};
use tanggap_conversations::outbound::lanes::{self, Lane, Turn};
use tanggap_conversations::outbound::rules::Outcome;
use tanggap_conversations::outbound::{Outbound, Priority};
use tanggap_kernel::{Result, Timestamp};
use tanggap_ui::Ctx;
use tokio::sync::{mpsc, oneshot, watch};

use super::{Remembered, Told};
use crate::work::gateways::{Gateway, Handing};

/// The longest time that one send may take, from the first word to the answer.
pub const SEND_MAX: Duration = Duration::from_secs(100);
/// A lane is renewed and looked at so often while its sends take long.
const SIGN_OF_LIFE: Duration = Duration::from_secs(4);
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
        let held = self.ctx.db.write(move |tx| Ok(lanes::hold(tx, &lane, of)?)).await;
        let session = match held {
            Ok(Some(session)) => session,
            Ok(None) => {
                self.with_strain(|strain, now| strain.pause(now.plus(ELSEWHERE)));
                return 0;
            }
            Err(error) => {
                tracing::warn!(%error, "a lane waits");
                return 0;
            }
        };
        let tried = self.work(&session, stop).await;
        let released = self.ctx.db.write(move |tx| Ok(lanes::let_go(tx, &session)?)).await;
        if let Err(error) = released {
            tracing::warn!(%error, "a lane is free only when its lease ends");
        }
        tried
    }

    async fn work(&self, held: &lanes::Session, mut stop: Option<watch::Receiver<bool>>) -> usize {
        let (tell, mut told) = mpsc::channel(2 * WINDOW_MAX);
        let (mut under_way, mut tried) = (0, 0);
        let mut gathered = Gathered::default();
        loop {
            let stopping = stop.as_ref().is_some_and(|stop| *stop.borrow());
            let rests = stopping || self.with_strain(|strain, now| strain.pauses(now));
            let room = if rests { 0 } else { self.window - under_way };
            gathered.turn.wanted = i64::try_from(room).unwrap_or(0);
            gathered.turn.priorities = Priority::ALL.to_vec();
            let Some(taken) = self.note(held, &mut gathered).await else { return tried };
            let came = taken.len();
            for row in taken {
                self.start(row, tell.clone());
            }
            (under_way, tried) = (under_way + came, tried + came);
            if under_way == 0 {
                return tried;
            }
            under_way -= self.gather(&mut told, &mut gathered, stop.as_mut()).await;
        }
    }

    /// Waits for news and gathers them; tells how many sends ended.
    async fn gather(
        &self,
        told: &mut mpsc::Receiver<Told>,
        gathered: &mut Gathered,
        stop: Option<&mut watch::Receiver<bool>>,
    ) -> usize {
        let mut news = Vec::new();
        let stopped = async {
            match stop {
                Some(stop) if !*stop.borrow() => drop(stop.changed().await),
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = told.recv_many(&mut news, TOLD_AT_ONCE) => {}
            () = self.remembered.poke.notified() => {}
            () = tokio::time::sleep(SIGN_OF_LIFE) => {}
            () = stopped => {}
        }
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
    async fn note(&self, held: &lanes::Session, gathered: &mut Gathered) -> Option<Vec<Outbound>> {
        let Gathered { turn, noted } = std::mem::take(gathered);
        let (session, of, turn) = (held.clone(), self.gateway.assurance(), Arc::new(turn));
        let mut outcome = Ok(None);
        for _ in 0..AGAIN_MAX {
            let (session, turn) = (session.clone(), Arc::clone(&turn));
            let run = self.ctx.db.write(move |tx| Ok(lanes::turn(tx, &session, of, &turn)?));
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

    fn start(&self, row: Outbound, tell: mpsc::Sender<Told>) {
        let (ctx, gateway) = (self.ctx.clone(), Arc::clone(&self.gateway));
        tokio::spawn(async move {
            let (watch, handed) = mpsc::channel(1);
            let id = row.id;
            let of_send = row.clone();
            let send = tokio::spawn(async move {
                let handing = Handing { id, tell: watch };
                let outgoing = outgoing(&ctx, of_send).await?;
                gateway.send(outgoing, handing).await
            });
            let (handed, result) = follow(send, handed, &tell).await;
            let outcome = outcome_of(result);
            let done = Done { row, handed, outcome };
            // Where the session is gone its lane is, and with it the message.
            let _ = tell.send(Told::Done(Box::new(done))).await;
        });
    }

    fn with_strain<T>(&self, run: impl FnOnce(&mut super::strain::Strain, Timestamp) -> T) -> T {
        let now = self.ctx.db.now();
        run(&mut self.remembered.strain.lock().unwrap_or_else(PoisonError::into_inner), now)
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
        Ok(accepted) => Outcome::Accepted {
            parts: i64::try_from(accepted.external_ids.len()).ok().filter(|n| *n > 0),
            external_id: accepted.external_ids.into_iter().next(),
        },
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
async fn outgoing(ctx: &Ctx, row: Outbound) -> Result<Outgoing, NotSent> {
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
        private_reply: row.extra.private_reply,
        by_person: row.extra.by_person,
    })
}
