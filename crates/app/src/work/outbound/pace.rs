//! How quickly a lane may send: its messages are spread evenly, and after a rest as many go
//! together as a second's worth. In memory only: one node holds a lane at a time.

use tanggap_conversations::outbound::rules::ChannelRules;
use tanggap_kernel::Timestamp;

/// When the next message may go, had all gone evenly (microseconds).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    even: i64,
}

impl Pace {
    /// How many may go at `now`; `None` without a limit.
    pub(super) fn room(self, rules: &ChannelRules, now: Timestamp) -> Option<i64> {
        let (interval, together) = rules.pace()?;
        let earliest = self.even.max(now.as_micros());
        // The last of them is due `together - 1` intervals after now.
        let last = now.as_micros() + interval * together;
        Some(((last - earliest) / interval.max(1)).max(0))
    }

    /// Counts messages that go at `now`.
    pub(super) fn take(&mut self, rules: &ChannelRules, now: Timestamp, count: usize) {
        if let Some((interval, _)) = rules.pace() {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.even = self.even.max(now.as_micros()).saturating_add(interval * count);
        }
    }

    /// How long until one may go (microseconds).
    pub(super) fn wait(self, rules: &ChannelRules, now: Timestamp) -> i64 {
        let Some((interval, together)) = rules.pace() else { return 0 };
        (self.even - now.as_micros() - interval * (together - 1)).max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_holds_more_than_twice_its_share_and_a_minute_no_more_than_its_own() {
        let rules = ChannelRules { per_second: Some(10), ..ChannelRules::default() };
        let (mut pace, mut sent) = (Pace::default(), Vec::new());
        for at in (1_000_000_000..1_010_000_000).step_by(7_000).map(Timestamp::from_micros) {
            let room = pace.room(&rules, at).expect("a limit");
            assert_eq!(room > 0, pace.wait(&rules, at) == 0, "{at:?}");
            let room = usize::try_from(room).expect("none is owed");
            pace.take(&rules, at, room);
            sent.extend(std::iter::repeat_n(at, room));
        }
        // A second's worth together at first, then ten a second.
        assert_eq!(sent.iter().filter(|at| **at == sent[0]).count(), 10);
        assert!((105..=110).contains(&sent.len()), "{}", sent.len());
        let none = ChannelRules::default();
        assert_eq!(pace.room(&none, sent[0]), None);
        let minute = ChannelRules { per_minute: Some(30), ..ChannelRules::default() };
        let (mut pace, at) = (Pace::default(), Timestamp::from_micros(1_000_000_000));
        assert_eq!(pace.room(&minute, at), Some(1));
        pace.take(&minute, at, 1);
        assert_eq!(pace.wait(&minute, at), 2 * Timestamp::SECOND);
    }
}
