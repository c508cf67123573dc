//! The time in which a channel lets us write freely after somebody wrote, and what may be written
//! when it is over. Only the person's own messages open it; ours never do.
//!
//! Sources: WhatsApp Business Platform, "Customer service windows" (24 hours, then approved
//! templates only); Messenger Platform and Instagram Messaging, "Messaging windows" (24 hours,
//! and 7 days for a person under the tag `HUMAN_AGENT`; one private reply to a comment within
//! 7 days).

use tanggap_kernel::Timestamp;

/// The window of ordinary messages, microseconds.
const ORDINARY: i64 = Timestamp::DAY;
/// The window of a member of staff on Messenger and Instagram, and of a private reply.
const BY_PERSON: i64 = 7 * Timestamp::DAY;

/// Whether a thread is one that anybody can read: a comment, or a post that mentions us. What is
/// answered there goes to the person alone, so that nobody gives personal data in public.
#[must_use]
pub fn is_public(thread: &str) -> bool {
    thread.starts_with("comment:") || thread.starts_with("post:")
}

/// What may be written on a channel at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MayWrite {
    /// Anything, without end: the channel has no window.
    Always,
    /// Anything, up to and including this moment.
    Until(Timestamp),
    /// Only what a member of staff writes, no machine, up to and including this moment.
    ByPersonUntil(Timestamp),
    /// Only texts that the provider approved before.
    TemplatesOnly,
    /// Nothing until the person writes again.
    Nothing,
}

/// Until when a message of the person at `last_in` lets us write freely; `None`: for ever.
#[must_use]
pub fn until(channel: &str, public: bool, last_in: Timestamp) -> Option<Timestamp> {
    match (channel, public) {
        ("messenger" | "instagram", true) => Some(last_in.plus(BY_PERSON)),
        ("whatsapp" | "messenger" | "instagram", _) => Some(last_in.plus(ORDINARY)),
        _ => None,
    }
}

/// What may be written on `channel` at `now`, where the person last wrote at `last_in`.
#[must_use]
pub fn may_write(channel: &str, last_in: Option<Timestamp>, now: Timestamp) -> MayWrite {
    let windowed = matches!(channel, "whatsapp" | "messenger" | "instagram");
    if !windowed {
        return MayWrite::Always;
    }
    // A provider's clock may run before ours; its message opens the window all the same.
    let open = |length: i64| last_in.map(|at| at.plus(length)).filter(|end| now <= *end);
    match (channel, open(ORDINARY), open(BY_PERSON)) {
        (_, Some(end), _) => MayWrite::Until(end),
        ("whatsapp", None, _) => MayWrite::TemplatesOnly,
        (_, None, Some(end)) => MayWrite::ByPersonUntil(end),
        (_, None, None) => MayWrite::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A moment of day `day`, in hours and seconds.
    fn at(day: i64, hour: i64, second: i64) -> Timestamp {
        let seconds = (day * 24 + hour) * 3600 + second;
        Timestamp::from_micros(seconds * Timestamp::SECOND)
    }

    #[test]
    fn whatsapp_is_open_for_a_day_and_then_takes_templates() {
        let asked = |last, now| may_write("whatsapp", Some(last), now);
        let (first, second) = (at(1, 10, 0), at(1, 23, 0));
        assert_eq!(asked(first, at(2, 10, 0)), MayWrite::Until(at(2, 10, 0)));
        assert_eq!(asked(first, at(2, 10, 1)), MayWrite::TemplatesOnly);
        // The person writes again: the day begins anew.
        assert_eq!(asked(second, at(2, 10, 1)), MayWrite::Until(at(2, 23, 0)));
        assert_eq!(may_write("whatsapp", None, at(1, 0, 0)), MayWrite::TemplatesOnly);
        assert_eq!(asked(at(1, 10, 5), at(1, 10, 0)), MayWrite::Until(at(2, 10, 5)));
    }

    #[test]
    fn messenger_and_instagram_give_a_person_a_week() {
        for channel in ["messenger", "instagram"] {
            let asked = |now| may_write(channel, Some(at(0, 9, 0)), now);
            assert_eq!(asked(at(1, 9, 0)), MayWrite::Until(at(1, 9, 0)));
            assert_eq!(asked(at(1, 9, 1)), MayWrite::ByPersonUntil(at(7, 9, 0)));
            assert_eq!(asked(at(7, 9, 0)), MayWrite::ByPersonUntil(at(7, 9, 0)));
            assert_eq!(asked(at(7, 9, 1)), MayWrite::Nothing);
            assert_eq!(may_write(channel, None, at(0, 0, 0)), MayWrite::Nothing);
            assert_eq!(until(channel, true, at(0, 9, 0)), Some(at(7, 9, 0)));
            assert_eq!(until(channel, false, at(0, 9, 0)), Some(at(1, 9, 0)));
        }
    }

    #[test]
    fn other_channels_have_no_window() {
        for channel in ["telegram", "x", "email", "sms", "webchat"] {
            assert_eq!(may_write(channel, None, at(9, 0, 0)), MayWrite::Always);
            assert_eq!(until(channel, false, at(9, 0, 0)), None);
        }
    }
}
