//! The client of a message centre: one bind that does both, or one that sends and one that
//! receives, for as long as the process lives.
//!
//! **What is brought is acknowledged only when its taker says that it is durable**; what nobody
//! took is brought again. **When [`Client::send`] returns, the centre has a message, or has it
//! not, or nobody can know** (the connection broke or the time was over between submitting and the
//! answer), and which is said. Nothing is ever submitted a second time in doubt.
//!
//! Bounds: a window of unanswered messages, a queue of deliveries (a centre that overruns it is
//! told to try again), a time for every answer, a time for every message to be refused for being
//! too fast, a growing wait between two connections.

mod answer;
mod link;
mod pending;
mod session;
mod tls;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::alphabet::Default7;
use super::compose::{Concat, Form, compose};
use super::pdu::{Address, Body, Message, command, param, status, tag};
use super::receipt::Ids;
use crate::exchange::{Accepted, NotSent, Outgoing};
use crate::reach::Reach;
pub use link::{Driver, State};
use pending::Lost;
pub use session::Delivery;
use session::Session;

/// Deliveries that wait for their taker.
const DELIVERIES_MAX: usize = 256;
/// The first wait after "too fast", and the longest.
const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// A centre that is this busy (of 100) is left alone for a moment.
const CONGESTED: u8 = 90;

/// Which binds an account has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// One that sends and receives.
    #[default]
    Transceiver,
    /// One that sends and one that receives, for centres that know no other.
    Pair,
}

/// An account at a centre, without its password.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Where it may be; no part of what is kept.
    #[serde(skip)]
    pub reach: Reach,
    /// Speak TLS from the first octet.
    pub tls: bool,
    /// The authority that vouches for the centre, PEM; empty: one that the system knows.
    pub authority: String,
    /// Name of the account.
    pub system_id: String,
    /// Kind of system, where the centre asks for it.
    pub system_type: String,
    /// Speak 5.0 instead of 3.4.
    pub version_5: bool,
    /// Which binds.
    pub mode: Mode,
    /// Whom messages come from.
    pub source: Address,
    /// Kind of service, where the centre asks for it.
    pub service_type: String,
    /// How the centre reads its default alphabet.
    pub alphabet: Default7,
    /// How it takes long messages.
    pub concat: Concat,
    /// How it writes ids.
    pub ids: Ids,
    /// Messages that may be unanswered at a time.
    pub window: u16,
    /// Silence after which we ask whether the centre lives, seconds.
    pub enquire_secs: u64,
    /// How long an answer may take, seconds.
    pub answer_secs: u64,
    /// How long a message may be refused as too fast, or wait for a connection, seconds.
    pub patience_secs: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 2775,
            reach: Reach::default(),
            tls: false,
            authority: String::new(),
            system_id: String::new(),
            system_type: String::new(),
            version_5: false,
            mode: Mode::default(),
            source: Address::default(),
            service_type: String::new(),
            alphabet: Default7::default(),
            concat: Concat::default(),
            ids: Ids::default(),
            window: 50,
            enquire_secs: 30,
            answer_secs: 30,
            patience_secs: 30,
        }
    }
}

impl Settings {
    fn form(&self) -> Form {
        Form {
            source: self.source.clone(),
            service_type: self.service_type.clone(),
            default: self.alphabet,
            concat: self.concat,
        }
    }

    fn answer_within(&self) -> Duration {
        Duration::from_secs(self.answer_secs)
    }
}

/// What the parts of a client share.
struct Shared {
    settings: Settings,
    password: String,
    window: Semaphore,
    pause: Mutex<Pause>,
    /// The session that sends, where there is one.
    sending: watch::Sender<Option<Arc<Session>>>,
    state: watch::Sender<State>,
    /// The state of each bind.
    binds: Mutex<BTreeMap<u32, State>>,
    closing: watch::Sender<bool>,
}

#[derive(Default)]
struct Pause {
    until: Option<Instant>,
    step: Duration,
}

/// Hands messages to a centre; may be cloned.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

/// A client of a centre: what sends, what was brought, and what does the work, which has to be
/// run.
#[must_use]
pub fn client(settings: Settings, password: String) -> (Client, mpsc::Receiver<Delivery>, Driver) {
    let (deliveries, brought) = mpsc::channel(DELIVERIES_MAX);
    let shared = Arc::new(Shared {
        window: Semaphore::new(usize::from(settings.window.max(1))),
        settings,
        password,
        pause: Mutex::default(),
        sending: watch::Sender::new(None),
        state: watch::Sender::new(State::Down { why: String::new() }),
        binds: Mutex::default(),
        closing: watch::Sender::new(false),
    });
    (Client { shared: Arc::clone(&shared) }, brought, Driver::new(shared, deliveries))
}

impl Client {
    /// How the connection is; changes are announced.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<State> {
        self.shared.state.subscribe()
    }

    /// Ends all sessions in good order: what is unanswered is waited for a little, then they
    /// unbind.
    pub fn close(&self) {
        self.shared.closing.send_replace(true);
    }

    /// Hands a message to the centre and waits for its answer; at most `window` at a time.
    ///
    /// # Errors
    /// [`NotSent`]; what is [`NotSent::Unsure`] may have arrived, in part or as a whole.
    pub async fn send(&self, out: &Outgoing) -> Result<Accepted, NotSent> {
        self.send_when(out, async || Ok(())).await
    }

    /// The same; `over` is called once, when the centre is there and its first octet is about to
    /// leave, so that the caller can note that from now on nobody knows. Where it refuses, nothing
    /// leaves.
    ///
    /// # Errors
    /// As [`Client::send`], and what `over` gave.
    pub async fn send_when(
        &self,
        out: &Outgoing,
        over: impl AsyncFnOnce() -> Result<(), NotSent>,
    ) -> Result<Accepted, NotSent> {
        let units = compose(out, &self.shared.settings.form())?;
        let total = units.len();
        let patience = Duration::from_secs(self.shared.settings.patience_secs);
        let deadline = Instant::now() + patience;
        let busy = || later("the window stayed full".to_owned());
        let permit = timeout_at(deadline, self.shared.window.acquire()).await;
        let _permit = permit.map_err(|_| busy())?.expect("invariant: the window is never closed");
        self.wait(deadline).await?;
        self.session(deadline).await?;
        over().await?;
        let mut accepted = Accepted::default();
        for (index, unit) in units.into_iter().enumerate() {
            let id = self.submit(unit, deadline).await.map_err(|error| match error {
                // What is gone is gone: the whole must not be tried once more as if it were not.
                NotSent::Later { why, .. } if index > 0 => {
                    NotSent::Unsure { why: format!("part {} of {total}: {why}", index + 1) }
                }
                error => error,
            })?;
            accepted.external_ids.extend(id);
        }
        Ok(accepted)
    }

    /// One unit, again for as long as the centre says "too fast" and there is time.
    async fn submit(&self, unit: Message, deadline: Instant) -> Result<Option<String>, NotSent> {
        let shared = &self.shared;
        loop {
            self.wait(deadline).await?;
            let session = self.session(deadline).await?;
            let body = Body::Message(Box::new(unit.clone()));
            let within = shared.settings.answer_within();
            let answered = session.request(command::SUBMIT_SM, body, within).await;
            let answered = match answered {
                Ok(answered) => answered,
                Err(Lost { written: false, why }) => return Err(later(why)),
                Err(Lost { written: true, why }) => return Err(NotSent::Unsure { why }),
            };
            match answered.status {
                status::OK => {
                    let answer = answered.answer.unwrap_or_default();
                    let congestion = param(&answer.params, tag::CONGESTION_STATE);
                    shared.relax(matches!(congestion, Some([busy]) if *busy >= CONGESTED));
                    let id = shared.settings.ids.of_answer(&answer.id);
                    return Ok(Some(id).filter(|id| !id.is_empty()));
                }
                status::THROTTLED | status::QUEUE_FULL => {
                    let step = shared.slow_down();
                    if Instant::now() + step >= deadline {
                        let why = answer::name(answered.status).to_owned();
                        return Err(NotSent::Later { after: Some(step), why });
                    }
                }
                refused => return Err(answer::refusal(refused, answered.answer.as_ref())),
            }
        }
    }

    /// Waits while the centre is to be left alone.
    async fn wait(&self, deadline: Instant) -> Result<(), NotSent> {
        while let Some(until) = self.shared.paused() {
            if until >= deadline {
                let after = Some(until.saturating_duration_since(Instant::now()));
                return Err(NotSent::Later { after, why: "the centre is busy".to_owned() });
            }
            sleep_until(until).await;
        }
        Ok(())
    }

    /// The session that sends, waited for.
    async fn session(&self, deadline: Instant) -> Result<Arc<Session>, NotSent> {
        let mut sending = self.shared.sending.subscribe();
        let mut state = self.shared.state.subscribe();
        loop {
            if let Some(session) = sending.borrow_and_update().clone() {
                return Ok(session);
            }
            let now = state.borrow_and_update().clone();
            match now {
                State::Refused { why } => return Err(NotSent::Account { why }),
                State::Down { why } if Instant::now() >= deadline || self.is_closing() => {
                    return Err(later(format!("not bound: {why}")));
                }
                State::Down { .. } | State::Up => {}
            }
            tokio::select! {
                _ = sending.changed() => {}
                _ = state.changed() => {}
                () = sleep_until(deadline) => return Err(later("not bound in time".to_owned())),
            }
        }
    }

    fn is_closing(&self) -> bool {
        *self.shared.closing.borrow()
    }
}

fn later(why: String) -> NotSent {
    NotSent::Later { after: None, why }
}

impl Shared {
    /// Notes how one bind is; the account is up where all are.
    fn note(&self, bind: u32, state: State) {
        let mut binds = self.binds.lock().unwrap_or_else(PoisonError::into_inner);
        binds.insert(bind, state.clone());
        let worst = binds.values().find(|state| **state != State::Up).cloned();
        self.state.send_replace(worst.unwrap_or(state));
    }

    fn paused(&self) -> Option<Instant> {
        let pause = self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        pause.until.filter(|until| *until > Instant::now())
    }

    /// The centre took one; where it says that it is busy, the next waits a moment.
    fn relax(&self, busy: bool) {
        let mut pause = self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        pause.step = Duration::ZERO;
        if busy {
            pause.until = Some(Instant::now() + PAUSE_MIN);
        }
    }

    /// The centre refused one as too fast: everyone waits, twice as long each time. Refusals that
    /// were under way together count once.
    fn slow_down(&self) -> Duration {
        let mut pause = self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if pause.until.is_none_or(|until| until <= now) {
            pause.step = (pause.step * 2).clamp(PAUSE_MIN, PAUSE_MAX);
            pause.until = Some(now + pause.step);
        }
        pause.step
    }
}
