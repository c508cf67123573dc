//! Connections that are made again for as long as they are wanted.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use super::super::pdu::{Address, Bind, Body, command, status};
use super::session::{Delivery, Session};
use super::{Mode, Shared, answer, tls};

/// The wait after the first failure, and the longest.
const BACKOFF_MIN: Duration = Duration::from_millis(500);
const BACKOFF_MAX: Duration = Duration::from_secs(60);
/// A session that lived this long was a good one: the wait begins anew.
const GOOD_AFTER: Duration = Duration::from_secs(30);
/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How long the answers of what is under way are waited for at the end, and the last goodbye.
const DRAIN_WITHIN: Duration = Duration::from_secs(10);
const UNBIND_WITHIN: Duration = Duration::from_secs(3);
/// How often it is looked whether all are answered at the end.
const DRAIN_STEP: Duration = Duration::from_millis(20);

/// How a client's connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Bound.
    Up,
    /// Not bound; why, in the words of the system, empty at the beginning.
    Down {
        /// What happened.
        why: String,
    },
    /// The centre knows us not: name, password or kind of system.
    Refused {
        /// The centre's word.
        why: String,
    },
}

/// Does a client's work while it runs.
pub struct Driver {
    shared: Arc<Shared>,
    deliveries: mpsc::Sender<Delivery>,
}

/// How a session ended.
enum End {
    Lost(String),
    Refused(String),
    Closed,
}

impl Driver {
    pub(super) fn new(shared: Arc<Shared>, deliveries: mpsc::Sender<Delivery>) -> Self {
        Self { shared, deliveries }
    }

    /// Keeps the account bound until [`super::Client::close`].
    pub async fn run(self) {
        match self.shared.settings.mode {
            Mode::Transceiver => self.keep(command::BIND_TRANSCEIVER).await,
            Mode::Pair => {
                let sends = self.keep(command::BIND_TRANSMITTER);
                let receives = self.keep(command::BIND_RECEIVER);
                tokio::join!(sends, receives);
            }
        }
    }

    async fn keep(&self, bind: u32) {
        let mut closing = self.shared.closing.subscribe();
        let mut backoff = BACKOFF_MIN;
        let mut lost_at = None;
        while !*closing.borrow_and_update() {
            let began = Instant::now();
            let end = self.session(bind, lost_at).await;
            self.unpublish(bind);
            lost_at = Some(Instant::now());
            let why = match end {
                End::Closed => break,
                End::Refused(why) => State::Refused { why },
                End::Lost(why) => State::Down { why },
            };
            if began.elapsed() >= GOOD_AFTER {
                backoff = BACKOFF_MIN;
            }
            self.shared.note(bind, why);
            tokio::select! {
                () = sleep(backoff) => {}
                _ = closing.changed() => {}
            }
            backoff = (backoff * 2).min(BACKOFF_MAX);
        }
        self.shared.note(bind, State::Down { why: "closed".to_owned() });
    }

    fn unpublish(&self, bind: u32) {
        if bind != command::BIND_RECEIVER {
            self.shared.sending.send_replace(None);
        }
    }

    async fn session(&self, bind: u32, lost_at: Option<Instant>) -> End {
        let settings = &self.shared.settings;
        let connecting = settings.reach.connect(&settings.host, settings.port);
        let stream = match timeout(CONNECT_WITHIN, connecting).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return End::Lost(format!("connecting: {error}")),
            Err(_) => return End::Lost("connecting took too long".to_owned()),
        };
        if let Err(error) = stream.set_nodelay(true) {
            return End::Lost(error.to_string());
        }
        if !settings.tls {
            return self.talk(bind, stream, lost_at).await;
        }
        let secured = tls::secure(stream, &settings.host, &settings.authority);
        match timeout(CONNECT_WITHIN, secured).await {
            Ok(Ok(stream)) => self.talk(bind, stream, lost_at).await,
            Ok(Err(why)) => End::Lost(format!("TLS: {why}")),
            Err(_) => End::Lost("TLS took too long".to_owned()),
        }
    }

    async fn talk<S>(&self, bind: u32, stream: S, lost_at: Option<Instant>) -> End
    where
        S: AsyncRead + AsyncWrite + Send,
    {
        let (session, work) = Session::new(self.deliveries.clone(), lost_at);
        let end = tokio::select! {
            why = session.work(stream, &work) => End::Lost(why),
            end = self.guide(bind, &session) => end,
        };
        session.end(match &end {
            End::Lost(why) | End::Refused(why) => why,
            End::Closed => "closed",
        });
        end
    }

    /// Binds, then asks now and then whether the centre lives, until the client is closed.
    async fn guide(&self, bind: u32, session: &Arc<Session>) -> End {
        let shared = &self.shared;
        let body = Body::Bind(Bind {
            system_id: shared.settings.system_id.clone(),
            password: shared.password.clone(),
            system_type: shared.settings.system_type.clone(),
            version: if shared.settings.version_5 { 0x50 } else { 0x34 },
            range: Address::default(),
        });
        let within = shared.settings.answer_within();
        match session.request(bind, body, within).await {
            Ok(bound) if bound.status == status::OK => {}
            Ok(bound) if answer::refuses_account(bound.status) => {
                return End::Refused(answer::name(bound.status).to_owned());
            }
            Ok(bound) => return End::Lost(format!("bind: {}", answer::name(bound.status))),
            Err(lost) => return End::Lost(format!("bind: {}", lost.why)),
        }
        if bind != command::BIND_RECEIVER {
            shared.sending.send_replace(Some(Arc::clone(session)));
        }
        shared.note(bind, State::Up);
        let mut closing = shared.closing.subscribe();
        let every = Duration::from_secs(shared.settings.enquire_secs.max(1));
        while !*closing.borrow_and_update() {
            tokio::select! {
                () = sleep(every) => {
                    let asked = session.request(command::ENQUIRE_LINK, Body::Empty, within).await;
                    if let Err(lost) = asked {
                        return End::Lost(format!("enquire_link: {}", lost.why));
                    }
                }
                _ = closing.changed() => {}
            }
        }
        self.part(bind, session).await
    }

    /// Takes nothing new, waits for what is under way, says goodbye.
    async fn part(&self, bind: u32, session: &Session) -> End {
        self.unpublish(bind);
        let drained = async {
            while session.unanswered() > 0 {
                sleep(DRAIN_STEP).await;
            }
        };
        // What stays unanswered is told so by the end of the session.
        let _ = timeout(DRAIN_WITHIN, drained).await;
        let _ = session.request(command::UNBIND, Body::Empty, UNBIND_WITHIN).await;
        End::Closed
    }
}
