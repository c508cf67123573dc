//! Requests that wait for their answers, by number.
//!
//! An answer is taken by the number **and** the command that it answers; what nobody waits for
//! (a repeated, late or invented answer) is dropped.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use super::super::pdu::{Answer, RESPONSE, command};

/// The highest number of a request.
const SEQUENCE_MAX: u32 = 0x7fff_ffff;

/// An answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Answered {
    pub(super) status: u32,
    pub(super) answer: Option<Answer>,
}

/// There will be no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lost {
    /// Octets of the request may have left.
    pub(super) written: bool,
    pub(super) why: String,
}

struct Waiting {
    command: u32,
    written: bool,
    answer: oneshot::Sender<Result<Answered, Lost>>,
}

#[derive(Default)]
struct Inner {
    last: u32,
    waiting: HashMap<u32, Waiting>,
    over: Option<String>,
}

#[derive(Default)]
pub(super) struct Pending {
    inner: Mutex<Inner>,
}

impl Pending {
    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new request's number and where its answer will come.
    pub(super) fn open(
        &self,
        command: u32,
    ) -> Result<(u32, oneshot::Receiver<Result<Answered, Lost>>), Lost> {
        let mut inner = self.inner();
        if let Some(why) = inner.over.clone() {
            return Err(Lost { written: false, why });
        }
        let sequence = if inner.last >= SEQUENCE_MAX { 1 } else { inner.last + 1 };
        inner.last = sequence;
        let (answer, receiver) = oneshot::channel();
        inner.waiting.insert(sequence, Waiting { command, written: false, answer });
        Ok((sequence, receiver))
    }

    /// Its octets are about to leave; false where nobody waits any more and they need not.
    pub(super) fn written(&self, sequence: u32) -> bool {
        let mut inner = self.inner();
        let waiting = inner.waiting.get_mut(&sequence);
        waiting.is_some_and(|waiting| {
            waiting.written = true;
            true
        })
    }

    /// Nobody waits for it any more: whether its octets may have left.
    pub(super) fn give_up(&self, sequence: u32) -> bool {
        self.inner().waiting.remove(&sequence).is_some_and(|waiting| waiting.written)
    }

    /// An answer came.
    pub(super) fn answer(&self, sequence: u32, of: u32, answered: Answered) {
        let mut inner = self.inner();
        let fits =
            |waiting: &Waiting| of == command::GENERIC_NACK || of == waiting.command | RESPONSE;
        if inner.waiting.get(&sequence).is_some_and(|w| fits(w) && w.written)
            && let Some(waiting) = inner.waiting.remove(&sequence)
        {
            // Who waited may have gone.
            let _ = waiting.answer.send(Ok(answered));
        }
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.inner().waiting.len()
    }

    /// The session is over: tells all that wait, and all that will come.
    pub(super) fn end(&self, why: &str) {
        let mut inner = self.inner();
        inner.over = Some(why.to_owned());
        for (_, waiting) in inner.waiting.drain() {
            let lost = Lost { written: waiting.written, why: why.to_owned() };
            let _ = waiting.answer.send(Err(lost));
        }
    }
}
