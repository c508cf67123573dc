//! How far a message to a citizen is, in words: the same for the desk and for the citizen, who
//! is told no technical reason.

use tanggap_conversations::outbound::settings::AllRules;
use tanggap_conversations::outbound::suppressions::Reason;
use tanggap_conversations::{Outbound, SendState, window};
use tanggap_kernel::Timestamp;
use tanggap_ui::{Text, Tone};

/// What the words are made from.
pub struct Telling<'a> {
    /// The reader's language and zone.
    pub text: Text,
    /// The rules of the agency's channels.
    pub rules: &'a AllRules,
    /// The agency's zone, in hours ahead of UTC.
    pub offset_hours: i64,
    /// Whether a mail relay is configured.
    pub has_relay: bool,
    /// The present.
    pub now: Timestamp,
    /// Whether a member of staff reads it.
    pub for_staff: bool,
}

impl Telling<'_> {
    /// How far a message is.
    #[must_use]
    pub fn of(&self, row: &Outbound) -> (Tone, String) {
        let channel = self.text.t(format!("case-channel-{}", row.channel.replace('_', "-")));
        let (tone, key, at) = match row.state {
            SendState::Waiting => {
                let (key, until) = self.waiting(row);
                (Tone::Wait, key, until)
            }
            SendState::Sending => (Tone::Wait, "sending-told-sending", None),
            SendState::Sent => (Tone::Good, "sending-told-sent", row.sent_at),
            SendState::Delivered => (Tone::Good, "sending-told-delivered", row.delivered_at),
            SendState::Read => (Tone::Good, "sending-told-read", row.read_at),
            SendState::Failed => (Tone::Bad, "sending-told-failed", None),
            SendState::Unsure => (Tone::Warn, "sending-told-unsure", None),
            SendState::Suppressed => (Tone::Warn, "sending-told-suppressed", None),
        };
        let at = at.map_or_else(String::new, |at| self.text.date_time_short(at));
        let mut words = self.text.t2(key, ("channel", channel), ("at", at)).into_owned();
        if let Some(why) = self.why(row) {
            words.push_str(": ");
            words.push_str(&why);
        }
        (tone, words)
    }

    /// Why it waits, and until when.
    fn waiting(&self, row: &Outbound) -> (&'static str, Option<Timestamp>) {
        if row.account_id == 0 && row.channel == "email" && !self.has_relay {
            return ("sending-told-no-relay", None);
        }
        if row.due_at > self.now {
            let tried = row.attempts > 0 || row.error.is_some();
            let key = if tried { "sending-told-again" } else { "sending-told-later" };
            return (key, Some(row.due_at));
        }
        let rules = self.rules.get(&row.channel);
        let quiet =
            rules.and_then(|(r, _)| r.quiet_until(row.priority, self.now, self.offset_hours));
        match quiet {
            Some(until) => ("sending-told-quiet", Some(until)),
            None => ("sending-told-waiting", None),
        }
    }

    fn why(&self, row: &Outbound) -> Option<String> {
        let error = row.error.as_deref()?;
        match row.state {
            SendState::Failed if self.for_staff && window::is_refusal(&row.channel, error) => {
                Some(self.text.t("sending-told-window").into_owned())
            }
            SendState::Suppressed => {
                let reason = Reason::parse(error)?;
                Some(self.text.t(format!("sending-reason-{}", reason.as_str())).into_owned())
            }
            SendState::Waiting | SendState::Failed | SendState::Unsure if self.for_staff => {
                Some(error.to_owned())
            }
            _ => None,
        }
    }
}
