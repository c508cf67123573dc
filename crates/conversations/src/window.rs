//! The time in which a channel lets us write freely after somebody wrote, and what may be written
//! when it is over. Only the person's own messages open it; ours never do.
//!
//! Sources: WhatsApp Business Platform, "Customer service windows" (24 hours, then approved
//! templates only); Messenger Platform and Instagram Messaging, "Messaging windows" (24 hours,
//! and 7 days for a person under the tag `HUMAN_AGENT`; one private reply to a comment within
//! 7 days).

use serde_json::json;
use tanggap_kernel::{Access, Event, Fault, Subject, Timestamp, params};
use tanggap_store::{Tx, sql};

use crate::accounts::AccountId;
use crate::outbound::Outbound;
use crate::talks;

sql! {
    CLOSE = "update talks set window_until = $4, state = 'open', snoozed_until = null,
        awaiting = awaiting or $6,
        sort_at = case when awaiting or not $6 then sort_at else $4 end,
        updated_at = $4, version = version + 1
        where agency_id = $1 and account_id = $2 and thread = $3 and state <> 'ended'
        and thread <> '' and window_until >= $4 and coalesce(last_in_at, 0) <= $5";
}

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

/// Whether a provider's refusal, which begins with its code, says that the time is over by its own
/// clock: WhatsApp's 131047, "Re-engagement message".
#[must_use]
pub fn is_refusal(channel: &str, why: &str) -> bool {
    channel == "whatsapp" && why.split_whitespace().next() == Some("131047")
}

/// Ends the time of the talk that a refused message belongs to: the provider's clock counts, not
/// ours. What a member of staff wrote has not arrived, so the talk waits for an answer again, and
/// whoever is at it is told. What the person wrote after that message has opened the time anew.
///
/// # Errors
/// A fault of the engine.
pub(crate) fn close(tx: &mut Tx<'_>, access: &Access, row: &Outbound) -> Result<(), Fault> {
    let (agency, account, thread) = (access.agency_id, AccountId(row.account_id), &row.recipient);
    // Up to and including its end one may write.
    let over = tx.now().plus(-1);
    let by_person = row.extra.by_person;
    let closed = params![agency, account, thread, over, row.created_at, by_person];
    if tx.exec(&CLOSE, closed)? == 0 {
        return Ok(());
    }
    let Some(talk) = talks::of_thread(tx, access, account, thread)? else { return Ok(()) };
    let subject = Subject { kind: "talk", id: talk.id.0 };
    let event = Event::new(agency, "talk.window_closed", subject, access.actor);
    let owner = talk.owner_id.map(|id| id.to_string());
    tx.announce(event.with(json!({ "channel": talk.channel, "owner": owner })));
    Ok(())
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
    fn only_the_code_for_it_says_that_the_time_is_over() {
        assert!(is_refusal("whatsapp", "131047 Re-engagement message"));
        for why in ["131026 Message undeliverable", "1 of 2 parts: 131047", ""] {
            assert!(!is_refusal("whatsapp", why), "{why}");
        }
        assert!(!is_refusal("sms", "131047"));
    }

    #[test]
    fn other_channels_have_no_window() {
        for channel in ["telegram", "x", "email", "sms", "webchat"] {
            assert_eq!(may_write(channel, None, at(9, 0, 0)), MayWrite::Always);
            assert_eq!(until(channel, false, at(9, 0, 0)), None);
        }
    }
}
