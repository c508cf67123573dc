//! Sends what the outbound ledger holds, each message once.
//!
//! The dispatcher looks for lanes in which something is due (a few index probes, whatever lies in
//! the ledger) and runs a [`session`] for each that has a gateway here. It is woken by what is
//! announced and looks every half second by itself; losing a wake-up loses time, never a message.

pub mod fallback;
mod letterhead;
mod pace;
pub mod receipts;
mod session;
mod strain;

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tanggap_conversations::outbound::OutboundId;
use tanggap_conversations::outbound::lanes::{self, Lane};
use tanggap_kernel::Result;
use tanggap_store::Announced;
use tanggap_ui::Ctx;
use tokio::sync::{Notify, broadcast, oneshot, watch};
use tokio::task::JoinSet;

use super::gateways::Gateways;
use pace::Pace;
use session::Session;
use strain::Strain;

/// How often the ledger is looked at where nothing is announced.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// What is announced meanwhile is looked at together.
const REST: Duration = Duration::from_millis(20);
/// Lanes that are worked on at the same time.
const LANES_MAX: usize = 256;

/// What a send tells its session.
pub enum Told {
    /// It is about to hand the message over; hears whether that is noted.
    Hand(OutboundId, oneshot::Sender<bool>),
    /// What came of it.
    Done(Box<session::Done>),
}

/// What is remembered of a lane between its sessions.
#[derive(Default)]
struct Remembered {
    strain: Mutex<Strain>,
    pace: Mutex<Pace>,
    poke: Notify,
    /// The provider let the account in no more.
    refused: AtomicBool,
}

/// Waits until something is announced that may have queued a message; our own notes of what was
/// sent have not.
async fn queued(news: &mut broadcast::Receiver<Announced>) {
    loop {
        match news.recv().await {
            Ok(event) if event.subject_kind == "outbound" && event.kind != "outbound.queued" => {}
            // The database is closing: the node goes down.
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            _ => return,
        }
    }
}

/// Sends what is due.
pub struct Dispatcher {
    ctx: Ctx,
    gateways: Gateways,
    lanes: Mutex<HashMap<Lane, Arc<Remembered>>>,
}

impl Dispatcher {
    /// A dispatcher that sends through `gateways`.
    #[must_use]
    pub fn new(ctx: Ctx, gateways: Gateways) -> Self {
        Self { ctx, gateways, lanes: Mutex::default() }
    }

    /// Runs until `stop` is true; then nothing more is begun, and what is under way ends first.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) {
        let mut news = self.ctx.db.subscribe();
        let mut sessions: JoinSet<Lane> = JoinSet::new();
        let mut busy: HashMap<Lane, ()> = HashMap::new();
        while !*stop.borrow() {
            if let Err(error) = self.begin(&mut sessions, &mut busy, &stop).await {
                tracing::warn!(%error, "sending waits");
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = queued(&mut news) => {
                    tokio::time::sleep(REST).await;
                    while news.try_recv().is_ok() {}
                }
                () = self.gateways.changed() => {}
                Some(ended) = sessions.join_next() => self.ended(ended, &mut busy),
                _ = stop.changed() => {}
            }
            while let Some(ended) = sessions.try_join_next() {
                self.ended(ended, &mut busy);
            }
        }
        while sessions.join_next().await.is_some() {}
    }

    fn ended(&self, ended: Result<Lane, tokio::task::JoinError>, busy: &mut HashMap<Lane, ()>) {
        match ended {
            Ok(lane) => drop(busy.remove(&lane)),
            // Which one it was is not told: all that do not run any more are found again.
            Err(error) => {
                tracing::error!(%error, "a sending session broke");
                busy.clear();
            }
        }
    }

    async fn begin(
        &self,
        sessions: &mut JoinSet<Lane>,
        busy: &mut HashMap<Lane, ()>,
        stop: &watch::Receiver<bool>,
    ) -> Result<()> {
        for lane in self.ctx.db.read(|tx| Ok(lanes::due(tx)?)).await? {
            let remembered = self.remembered(&lane);
            if busy.contains_key(&lane) {
                remembered.poke.notify_one();
                continue;
            }
            if sessions.len() >= LANES_MAX {
                break;
            }
            let Some(session) = self.session(&lane, remembered) else { continue };
            busy.insert(lane.clone(), ());
            let stop = stop.clone();
            sessions.spawn(async move {
                session.run(Some(stop)).await;
                lane
            });
        }
        Ok(())
    }

    /// Sends what is due now and can be sent now; tells how many messages were tried.
    ///
    /// # Errors
    /// A fault of the engine.
    pub async fn run_due(&self) -> Result<usize> {
        let mut tried = 0;
        for lane in self.ctx.db.read(|tx| Ok(lanes::due(tx)?)).await? {
            if let Some(session) = self.session(&lane, self.remembered(&lane)) {
                tried += session.run(None).await;
            }
        }
        Ok(tried)
    }

    fn remembered(&self, lane: &Lane) -> Arc<Remembered> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(lanes.entry(lane.clone()).or_default())
    }

    fn session(&self, lane: &Lane, remembered: Arc<Remembered>) -> Option<Session> {
        let gateway = self.gateways.find(lane)?;
        let now = self.ctx.db.now();
        if remembered.strain.lock().unwrap_or_else(PoisonError::into_inner).pauses(now) {
            return None;
        }
        Some(Session::new(self.ctx.clone(), lane.clone(), gateway, remembered))
    }
}
