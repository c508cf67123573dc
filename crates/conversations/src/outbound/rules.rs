//! What is decided about a message that is to go out: pure, given the time.
//!
//! The answers here are what keeps the promise "nothing lost, nothing doubled": what comes of each
//! outcome, and what of a message whose sender died while it was being handed over.

use serde::{Deserialize, Serialize};
use tanggap_kernel::Timestamp;

use super::suppressions::Reason;
use super::{Outbound, Priority, SendState};

/// After so many tries, which are five days, a message has failed, visibly.
pub const TRIES_MAX: i64 = 128;
/// How long a receipt is waited for where a provider tells by receipt what it has (microseconds).
const RECEIPT_WITHIN: i64 = 15 * Timestamp::MINUTE;
/// No provider makes us wait longer for the next try (microseconds).
const LATER_MAX: i64 = Timestamp::DAY;
/// Characters of a provider's words that are kept.
const WORDS_MAX: usize = 500;

/// What a provider does with a message that it may have had before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assurance {
    /// It knows our key and takes the same one once only: trying again is harmless.
    Dedupes,
    /// Its receipts carry our key: where none comes, it never had it.
    Tells,
    /// It takes it again, but the key goes with it to the end, where mailboxes show one only (a
    /// mail's Message-ID): harmless to one person who is owed it, not to very many.
    Folds,
    /// Neither: nobody but a person can decide.
    Mute,
}

/// What came of handing a message over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The provider took it.
    Accepted {
        /// The provider's ids of its parts, by which receipts come; none where it gives none.
        external_ids: Vec<String>,
    },
    /// To be tried again.
    Later {
        /// After so many microseconds, where the provider asks for it.
        after: Option<i64>,
        /// What happened.
        why: String,
    },
    /// Never.
    Never {
        /// What happened.
        why: String,
    },
    /// The account is refused: no fault of this message.
    Account {
        /// What happened.
        why: String,
    },
    /// Nobody knows.
    Unsure {
        /// What happened.
        why: String,
    },
}

/// How a row stands afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Its state.
    pub state: SendState,
    /// When it is due, where it waits.
    pub due_at: Timestamp,
    /// Whether this was one of its tries.
    pub tried: bool,
    /// What is to be told about it.
    pub error: Option<String>,
    /// The provider's ids of its parts.
    pub external_ids: Vec<String>,
}

/// Decides how a row stands after an outcome.
#[must_use]
pub fn settle(row: &Outbound, outcome: Outcome, of: Assurance, now: Timestamp) -> Settled {
    let plain = Settled {
        state: SendState::Waiting,
        due_at: now,
        tried: true,
        error: None,
        external_ids: Vec::new(),
    };
    let last = row.attempts + 1 >= TRIES_MAX;
    match outcome {
        Outcome::Accepted { external_ids } => {
            Settled { state: SendState::Sent, external_ids, ..plain }
        }
        Outcome::Later { after, why } => {
            let wait = backoff_micros(row.attempts).max(after.unwrap_or(0)).min(LATER_MAX);
            let state = if last { SendState::Failed } else { SendState::Waiting };
            Settled { state, due_at: now.plus(wait), error: Some(short(&why)), ..plain }
        }
        Outcome::Never { why } => {
            Settled { state: SendState::Failed, error: Some(short(&why)), ..plain }
        }
        Outcome::Account { why } => Settled { tried: false, error: Some(short(&why)), ..plain },
        Outcome::Unsure { why } => {
            let error = Some(short(&why));
            let again =
                |wait| Settled { due_at: now.plus(wait), error: error.clone(), ..plain.clone() };
            match of {
                _ if last => Settled { state: SendState::Unsure, error, ..plain },
                Assurance::Dedupes => again(backoff_micros(row.attempts)),
                Assurance::Tells => again(RECEIPT_WITHIN),
                Assurance::Folds if row.priority < Priority::Bulk => {
                    again(backoff_micros(row.attempts))
                }
                Assurance::Folds | Assurance::Mute => {
                    Settled { state: SendState::Unsure, error, ..plain }
                }
            }
        }
    }
}

/// How an agency uses a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChannelRules {
    /// Messages a second through one account, at most.
    pub per_second: Option<i64>,
    /// Messages a minute through one account, at most.
    pub per_minute: Option<i64>,
    /// When nothing is sent that can wait.
    pub quiet: Option<Quiet>,
    /// Where a message goes that does not arrive.
    pub fallback: Option<Fallback>,
}

/// Hours in which nothing is sent that can wait, in the agency's zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quiet {
    /// The minute of the day in which they begin.
    pub from: i64,
    /// The minute of the day in which they are over; before `from` where night lies between.
    pub until: i64,
    /// The most urgent priority that they bind: [`Priority::Ordinary`] or [`Priority::Bulk`].
    pub binds: Priority,
}

/// What stands in for a message that does not arrive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fallback {
    /// The channel that stands in.
    pub channel: String,
    /// It does so too where no receipt came after so many minutes.
    pub after_minutes: Option<i64>,
}

impl ChannelRules {
    /// Until when messages of a priority wait at `now`; `None` where they go out now. The zone is
    /// `offset_hours` ahead of UTC.
    #[must_use]
    pub fn quiet_until(
        &self,
        priority: Priority,
        now: Timestamp,
        offset_hours: i64,
    ) -> Option<Timestamp> {
        let quiet = self.quiet.as_ref()?;
        // What is owed or waited for is bound by no rule.
        if priority < quiet.binds.max(Priority::Ordinary) {
            return None;
        }
        let offset = offset_hours * Timestamp::HOUR;
        let local = now.as_micros() + offset;
        let day = local.div_euclid(Timestamp::DAY) * Timestamp::DAY;
        let minute = (local - day) / Timestamp::MINUTE;
        let is_quiet = match quiet.from <= quiet.until {
            true => (quiet.from..quiet.until).contains(&minute),
            false => minute >= quiet.from || minute < quiet.until,
        };
        let mut end = day + quiet.until * Timestamp::MINUTE;
        if end <= local {
            end += Timestamp::DAY;
        }
        is_quiet.then(|| Timestamp::from_micros(end - offset))
    }

    /// The priorities that go out at `now`.
    #[must_use]
    pub fn open(&self, now: Timestamp, offset_hours: i64) -> Vec<Priority> {
        let open = |p: &Priority| self.quiet_until(*p, now, offset_hours).is_none();
        Priority::ALL.into_iter().filter(open).collect()
    }

    /// The shortest time between two messages of an account (microseconds), and how many may go
    /// together after a rest; `None` without a limit.
    #[must_use]
    pub fn pace(&self) -> Option<(i64, i64)> {
        let by_second = self.per_second.map(|n| (Timestamp::SECOND / n.max(1), n.max(1)));
        // A minute's messages are spread over it, so that no minute holds more.
        let by_minute = self.per_minute.map(|n| (Timestamp::MINUTE / n.max(1), 1));
        by_second.into_iter().chain(by_minute).max()
    }
}

/// Whether a suppressed address gets no message of a priority. Who said "stop" and then writes
/// again is answered, and what the law owes goes by mail in any case, which costs its reader
/// nothing (UU 25/2009 art. 44); everything else binds all.
#[must_use]
pub fn suppresses(reason: Reason, channel: &str, priority: Priority) -> bool {
    let owed = if channel == "email" { Priority::Owed } else { Priority::Live };
    reason != Reason::Stop || priority > owed
}

/// Whether a mail server's refusal says that there is no such mailbox (RFC 3463, class 5.1): the
/// address is not written to again.
#[must_use]
pub fn is_no_mailbox(why: &str) -> bool {
    let mut words = why.split(|c: char| !c.is_ascii_digit() && c != '.');
    words.any(|word| matches!(word, "5.1.1" | "5.1.2" | "5.1.3" | "5.1.6" | "5.1.10"))
}

/// How far a message is after a receipt; `None` where the receipt tells nothing new. Receipts come
/// in any order: a message never goes back, and only proof of arrival mends a failure.
#[must_use]
pub fn after_receipt(now: SendState, told: SendState) -> Option<SendState> {
    use SendState::{Delivered, Failed, Read, Sending, Sent, Suppressed, Unsure, Waiting};
    let rank = |state: SendState| match state {
        Waiting | Sending | Unsure | Suppressed => 0,
        Sent => 1,
        Failed => 2,
        Delivered => 3,
        Read => 4,
    };
    match (now, told) {
        (_, Waiting | Sending | Unsure | Suppressed) | (Suppressed, _) => None,
        _ => (rank(told) > rank(now)).then_some(told),
    }
}

/// 10 s, 20 s, 40 s … at most an hour.
#[must_use]
pub fn backoff_micros(attempts: i64) -> i64 {
    let doubled = 10 * Timestamp::SECOND * (1 << attempts.clamp(0, 10));
    doubled.min(Timestamp::HOUR)
}

fn short(why: &str) -> String {
    why.chars().take(WORDS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OutboundId;

    fn row(priority: Priority, attempts: i64) -> Outbound {
        let zero = Timestamp::default();
        Outbound {
            id: OutboundId(1),
            case_id: None,
            channel: "email".into(),
            account_id: 0,
            recipient: "budi@contoh.id".into(),
            subject: String::new(),
            body: String::new(),
            state: SendState::Waiting,
            attempts,
            error: None,
            created_at: zero,
            due_at: zero,
            sent_at: None,
            delivered_at: None,
            read_at: None,
            priority,
            extra: super::super::Extra::default(),
            instead_of: None,
            message_id: None,
        }
    }

    #[test]
    fn doubt_is_settled_by_what_the_provider_can_do() {
        use Assurance::{Dedupes, Folds, Mute, Tells};
        let now = Timestamp::from_micros(0);
        let settled = |of, priority, attempts| {
            let doubt = Outcome::Unsure { why: "diam".into() };
            settle(&row(priority, attempts), doubt, of, now)
        };
        for (of, priority, state, due) in [
            (Dedupes, Priority::Bulk, SendState::Waiting, 10),
            (Tells, Priority::Ordinary, SendState::Waiting, 900),
            (Folds, Priority::Owed, SendState::Waiting, 10),
            (Folds, Priority::Bulk, SendState::Unsure, 0),
            (Mute, Priority::Live, SendState::Unsure, 0),
        ] {
            let settled = settled(of, priority, 0);
            assert_eq!((settled.state, settled.tried), (state, true), "{of:?} {priority:?}");
            assert_eq!(settled.due_at, now.plus(due * Timestamp::SECOND), "{of:?}");
        }
        assert_eq!(settled(Dedupes, Priority::Live, TRIES_MAX - 1).state, SendState::Unsure);
    }

    #[test]
    fn a_provider_may_ask_for_more_time_but_not_for_ever() {
        let now = Timestamp::from_micros(0);
        let later = |after| Outcome::Later { after, why: String::new() };
        let due = |after, attempts| {
            settle(&row(Priority::Ordinary, attempts), later(after), Assurance::Mute, now).due_at
        };
        assert_eq!(due(None, 2), now.plus(40 * Timestamp::SECOND));
        assert_eq!(due(Some(Timestamp::HOUR), 0), now.plus(Timestamp::HOUR));
        assert_eq!(due(Some(i64::MAX), 0), now.plus(Timestamp::DAY));
        let last = row(Priority::Ordinary, TRIES_MAX - 1);
        assert_eq!(settle(&last, later(None), Assurance::Mute, now).state, SendState::Failed);
        let refused = Outcome::Account { why: "kata sandi".into() };
        let settled = settle(&last, refused, Assurance::Mute, now);
        assert_eq!((settled.state, settled.tried), (SendState::Waiting, false));
    }

    #[test]
    fn quiet_hours_bind_what_can_wait_and_end_in_the_agencys_morning() {
        let quiet = Quiet { from: 21 * 60, until: 7 * 60, binds: Priority::Ordinary };
        let rules = ChannelRules { quiet: Some(quiet), ..ChannelRules::default() };
        // 14 October 2026, 22.30 in Jayapura.
        let night = Timestamp::from_micros(1_791_984_600_000_000);
        assert_eq!(rules.quiet_until(Priority::Live, night, 9), None);
        assert_eq!(rules.quiet_until(Priority::Owed, night, 9), None);
        let morning = Some(night.plus(8 * Timestamp::HOUR + 30 * Timestamp::MINUTE));
        assert_eq!(rules.quiet_until(Priority::Ordinary, night, 9), morning);
        assert_eq!(rules.quiet_until(Priority::Bulk, night, 9), morning);
        // In Jakarta it is 20.30.
        assert_eq!(rules.open(night, 7), Priority::ALL);
        assert_eq!(rules.open(night, 9), [Priority::Live, Priority::Owed]);
        let later = night.plus(4 * Timestamp::HOUR);
        assert_eq!(rules.quiet_until(Priority::Bulk, later, 9), morning);
    }

    #[test]
    fn receipts_in_any_order_never_go_back() {
        use SendState::{Delivered, Failed, Read, Sending, Sent, Suppressed, Unsure, Waiting};
        for now in SendState::ALL {
            for told in SendState::ALL {
                if let Some(next) = after_receipt(now, told) {
                    assert_eq!(next, told);
                    assert_ne!(after_receipt(told, now), Some(now), "{now:?} {told:?}");
                }
            }
        }
        assert_eq!(after_receipt(Sending, Delivered), Some(Delivered));
        assert_eq!(after_receipt(Unsure, Sent), Some(Sent));
        assert_eq!(after_receipt(Read, Delivered), None);
        assert_eq!(after_receipt(Delivered, Failed), None);
        assert_eq!(after_receipt(Failed, Delivered), Some(Delivered));
        assert_eq!(after_receipt(Waiting, Failed), Some(Failed));
        assert_eq!(after_receipt(Suppressed, Read), None);
    }

    #[test]
    fn only_a_mailbox_that_is_not_there_is_given_up() {
        for gone in ["550 5.1.1 <x@y>: user unknown", "permanent error (550): 5.1.10 no such"] {
            assert!(is_no_mailbox(gone), "{gone}");
        }
        for other in ["550 5.7.1 spam", "552 5.2.2 full", "550 no", "554 15.1.1.1", ""] {
            assert!(!is_no_mailbox(other), "{other}");
        }
    }

    #[test]
    fn the_stricter_limit_sets_the_pace() {
        let rules = |per_second, per_minute| ChannelRules {
            per_second,
            per_minute,
            ..ChannelRules::default()
        };
        assert_eq!(rules(None, None).pace(), None);
        assert_eq!(rules(Some(20), None).pace(), Some((50_000, 20)));
        assert_eq!(rules(Some(20), Some(60)).pace(), Some((1_000_000, 1)));
        assert_eq!(rules(Some(1), Some(6000)).pace(), Some((1_000_000, 1)));
    }

    #[test]
    fn tries_grow_rarer_up_to_an_hour() {
        let waits: Vec<i64> = (0..20).map(|n| backoff_micros(n) / Timestamp::SECOND).collect();
        assert_eq!(waits[..4], [10, 20, 40, 80]);
        assert_eq!(waits[19], 3600);
        let all: i64 = (0..TRIES_MAX).map(backoff_micros).sum();
        assert_eq!(all / Timestamp::DAY, 5);
    }
}
