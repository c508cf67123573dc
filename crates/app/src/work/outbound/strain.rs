//! When a lane rests: a provider that asks for it, or that fails again and again, is not knocked
//! at for every message. In memory only: a node that starts anew may knock once more.

use tanggap_conversations::outbound::rules::Outcome;
use tanggap_kernel::Timestamp;

/// The longest rest after failures in a row (microseconds).
const REST_MAX: i64 = Timestamp::MINUTE;
/// The longest rest that a provider may ask of a whole lane (microseconds).
const ASKED_MAX: i64 = 15 * Timestamp::MINUTE;
/// The rest of an account that is refused (microseconds).
const REFUSED_REST: i64 = 5 * Timestamp::MINUTE;

/// How a lane fares.
#[derive(Debug, Default)]
pub(super) struct Strain {
    until: Timestamp,
    in_a_row: u32,
}

impl Strain {
    /// Whether it rests now.
    pub(super) fn pauses(&self, now: Timestamp) -> bool {
        self.until > now
    }

    /// Rests until then at least.
    pub(super) fn pause(&mut self, until: Timestamp) {
        self.until = self.until.max(until);
    }

    /// Learns from an outcome, where `window` messages are under way at the same time.
    pub(super) fn learn(&mut self, outcome: &Outcome, window: usize, now: Timestamp) {
        match outcome {
            Outcome::Accepted { .. } | Outcome::Never { .. } => self.in_a_row = 0,
            Outcome::Account { .. } => self.pause(now.plus(REFUSED_REST)),
            Outcome::Later { after, .. } => {
                if let Some(after) = after {
                    self.pause(now.plus((*after).min(ASKED_MAX)));
                }
                self.fail(window, now);
            }
            Outcome::Unsure { .. } => self.fail(window, now),
        }
    }

    /// One failure is the message's; a whole window of them is the provider's.
    fn fail(&mut self, window: usize, now: Timestamp) {
        self.in_a_row += 1;
        let rounds = self.in_a_row / u32::try_from(window.max(3)).unwrap_or(u32::MAX);
        if rounds > 0 {
            let rest = Timestamp::SECOND << rounds.min(6);
            self.pause(now.plus(rest.min(REST_MAX)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_that_fails_a_whole_window_is_let_rest() {
        let at = Timestamp::from_micros;
        let later = Outcome::Later { after: None, why: String::new() };
        let accepted = Outcome::Accepted { external_ids: Vec::new() };
        let mut strain = Strain::default();
        for _ in 0..7 {
            strain.learn(&later, 8, at(0));
        }
        assert!(!strain.pauses(at(0)));
        strain.learn(&later, 8, at(0));
        assert!(strain.pauses(at(1_999_999)) && !strain.pauses(at(2_000_000)));
        strain.learn(&accepted, 8, at(0));
        strain.learn(&later, 8, at(3_000_000));
        assert!(!strain.pauses(at(3_000_000)));
        let asked = Outcome::Later { after: Some(30 * Timestamp::SECOND), why: String::new() };
        strain.learn(&asked, 8, at(0));
        assert!(strain.pauses(at(29_999_999)));
    }
}
