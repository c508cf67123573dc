//! One connection: what is read, what is written, and whether the other end still lives.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant, timeout};

use super::super::pdu::{Answer, Body, Frame, Header, Message, Pdu, RESPONSE};
use super::super::pdu::{command, frame, status};
use super::pending::{Answered, Lost, Pending};

/// Units that wait to be written.
const OUT_MAX: usize = 1_024;
/// Octets that are written at once.
const BATCH_LEN_MAX: usize = 64 * 1024;
/// Octets that are read at once.
const READ_LEN: usize = 16 * 1024;

struct Write {
    octets: Vec<u8>,
    /// Of a request that waits for an answer.
    sequence: Option<u32>,
}

/// The side of a connection that sends requests.
pub(super) struct Session {
    out: mpsc::Sender<Write>,
    pending: Pending,
}

/// What the work of a connection needs.
pub(super) struct Work {
    queue: Mutex<mpsc::Receiver<Write>>,
    deliveries: mpsc::Sender<Delivery>,
    lost_at: Option<Instant>,
}

/// Something that the centre brought, to be acknowledged when it is durable.
pub struct Delivery {
    /// What it brought.
    pub message: Message,
    /// When the session before this one ended: what came shortly before may be brought again,
    /// because its acknowledgement was lost.
    pub lost_at: Option<Instant>,
    reply: Option<Reply>,
}

struct Reply {
    out: mpsc::Sender<Write>,
    command: u32,
    sequence: u32,
}

impl Delivery {
    /// It is durable: the centre may forget it.
    pub async fn accept(mut self) {
        if let Some(reply) = self.reply.take() {
            let write = reply.write(status::OK);
            // Where the connection is gone the centre brings it again.
            let _ = reply.out.send(write).await;
        }
    }
}

impl Drop for Delivery {
    /// Nobody took it: it is to be brought again.
    fn drop(&mut self) {
        if let Some(reply) = self.reply.take() {
            let _ = reply.out.try_send(reply.write(status::TRY_AGAIN));
        }
    }
}

impl Reply {
    fn write(&self, status: u32) -> Write {
        let body = if status == status::OK && self.command != command::UNBIND {
            Body::Answer(Answer::default())
        } else {
            Body::Empty
        };
        let pdu = Pdu { command: self.command | RESPONSE, status, sequence: self.sequence, body };
        Write { octets: pdu.write(), sequence: None }
    }
}

impl Session {
    pub(super) fn new(
        deliveries: mpsc::Sender<Delivery>,
        lost_at: Option<Instant>,
    ) -> (Arc<Self>, Work) {
        let (out, queue) = mpsc::channel(OUT_MAX);
        let session = Self { out, pending: Pending::default() };
        (Arc::new(session), Work { queue: Mutex::new(queue), deliveries, lost_at })
    }

    /// Sends a request and waits for its answer.
    pub(super) async fn request(
        &self,
        command: u32,
        body: Body,
        within: Duration,
    ) -> Result<Answered, Lost> {
        let (sequence, answer) = self.pending.open(command)?;
        // Whoever stops waiting for us must not leave the number behind.
        let guard = GiveUp { pending: &self.pending, sequence };
        let octets = Pdu { command, status: 0, sequence, body }.write();
        let exchange = async {
            let write = Write { octets, sequence: Some(sequence) };
            // Where the writer is gone, the end of the session tells.
            let _ = self.out.send(write).await;
            answer.await
        };
        match timeout(within, exchange).await {
            Ok(Ok(answered)) => answered,
            Ok(Err(_)) => Err(Lost { written: true, why: "the session ended".to_owned() }),
            Err(_) => {
                let written = guard.now();
                Err(Lost { written, why: format!("no answer in {} s", within.as_secs()) })
            }
        }
    }

    /// How many requests are unanswered.
    pub(super) fn unanswered(&self) -> usize {
        self.pending.len()
    }

    /// Nothing more will be answered.
    pub(super) fn end(&self, why: &str) {
        self.pending.end(why);
    }

    /// Reads and writes until one of both cannot go on; why.
    pub(super) async fn work<S>(&self, stream: S, work: &Work) -> String
    where
        S: AsyncRead + AsyncWrite + Send,
    {
        let (read, write) = tokio::io::split(stream);
        tokio::select! {
            why = self.read(read, work) => why,
            why = self.write(write, work) => why,
        }
    }

    async fn write(&self, mut stream: impl AsyncWrite + Unpin, work: &Work) -> String {
        let mut queue = work.queue.lock().await;
        let mut batch = Vec::with_capacity(BATCH_LEN_MAX);
        while let Some(first) = queue.recv().await {
            let mut next = Some(first);
            while let Some(Write { octets, sequence }) = next {
                if sequence.is_none_or(|sequence| self.pending.written(sequence)) {
                    batch.extend(octets);
                }
                next = if batch.len() < BATCH_LEN_MAX { queue.try_recv().ok() } else { None };
            }
            if let Err(error) = stream.write_all(&batch).await {
                return format!("writing: {error}");
            }
            batch.clear();
        }
        "closed".to_owned()
    }

    async fn read(&self, mut stream: impl AsyncRead + Unpin, work: &Work) -> String {
        let mut octets: Vec<u8> = Vec::with_capacity(READ_LEN);
        loop {
            octets.reserve(READ_LEN);
            match stream.read_buf(&mut octets).await {
                Ok(0) => return "the centre hung up".to_owned(),
                Ok(_) => {}
                Err(error) => return format!("reading: {error}"),
            }
            let mut taken = 0;
            loop {
                match frame(&octets[taken..]) {
                    Ok(None) => break,
                    Ok(Some(frame)) => {
                        taken += frame.len;
                        if !self.take(frame, work).await {
                            return "the centre unbound us".to_owned();
                        }
                    }
                    Err(garbage) => return format!("garbage: {garbage}"),
                }
            }
            octets.drain(..taken);
        }
    }

    /// Deals with one unit; false where it ends the session.
    async fn take(&self, frame: Frame, work: &Work) -> bool {
        let Header { command, status, sequence } = frame.header;
        if command & RESPONSE != 0 {
            let answer = match frame.pdu.map(|pdu| pdu.body) {
                Some(Body::Answer(answer)) => Some(answer),
                _ => None,
            };
            self.pending.answer(sequence, command, Answered { status, answer });
            return true;
        }
        let reply = Reply { out: self.out.clone(), command, sequence };
        match (command, frame.pdu.map(|pdu| pdu.body)) {
            (command::DELIVER_SM | command::DATA_SM, Some(Body::Message(message))) => {
                let lost_at = work.lost_at;
                let delivery = Delivery { message: *message, lost_at, reply: Some(reply) };
                // Where there is no room, its drop asks for it again.
                let _ = work.deliveries.try_send(delivery);
            }
            (command::DELIVER_SM | command::DATA_SM, _) => {
                let _ = self.out.send(reply.write(status::INVALID_LENGTH)).await;
            }
            (command::ENQUIRE_LINK, _) => {
                let octets = Pdu::bare(command | RESPONSE, status::OK, sequence).write();
                let _ = self.out.send(Write { octets, sequence: None }).await;
            }
            (command::UNBIND, _) => {
                let _ = self.out.send(reply.write(status::OK)).await;
                // The writer needs a turn to bring it out.
                tokio::time::sleep(Duration::from_millis(50)).await;
                return false;
            }
            (command::ALERT_NOTIFICATION, _) => {}
            _ => {
                let nack =
                    Pdu::bare(command::GENERIC_NACK, status::INVALID_COMMAND, sequence).write();
                let _ = self.out.send(Write { octets: nack, sequence: None }).await;
            }
        }
        true
    }
}

/// Takes a request back when whoever sent it stops waiting.
struct GiveUp<'a> {
    pending: &'a Pending,
    sequence: u32,
}

impl GiveUp<'_> {
    fn now(&self) -> bool {
        self.pending.give_up(self.sequence)
    }
}

impl Drop for GiveUp<'_> {
    fn drop(&mut self) {
        self.now();
    }
}
