//! What a case's page shows of those outside who were asked: each with its standing, its letters
//! in the story, and a word to whoever asked as soon as something comes.

use std::collections::HashMap;

use tanggap_cases::inquiries::{Inquiry, InquiryId, Standing};
use tanggap_conversations::{Message, Outbound, SendState};
use tanggap_kernel::Timestamp;
use tanggap_kernel::id::UserId;
use tanggap_store::Announced;
use tanggap_ui::{Ctx, Text, Tone};

use crate::stream::toast;
use crate::timeline::Entry;
use crate::{duty, words};

/// Somebody outside who was asked, as a line.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub href: String,
    pub name: String,
    pub address: String,
    pub tone: Tone,
    pub icon: &'static str,
    pub standing: String,
    pub at: Timestamp,
    pub news: bool,
}

impl Line {
    /// `sent`: what went to them, oldest first.
    pub(crate) fn new(text: Text, code: &str, inquiry: &Inquiry, sent: &[Outbound]) -> Self {
        let lost = sent.last().is_some_and(|row| {
            matches!(row.state, SendState::Failed | SendState::Suppressed | SendState::Unsure)
        });
        let (tone, icon, key) = match inquiry.standing {
            Standing::Bounced => (Tone::Bad, "alert", "inquiry-standing-bounced"),
            Standing::Waiting if lost => (Tone::Bad, "alert", "inquiry-standing-failed"),
            Standing::Waiting => (Tone::Wait, "clock", "inquiry-standing-waiting"),
            Standing::Answered => (Tone::Good, "reply", "inquiry-standing-answered"),
        };
        Self {
            href: format!("/meja/{code}/pihak-lain/{}", inquiry.id),
            name: inquiry.name.clone(),
            address: inquiry.address.clone(),
            tone,
            icon,
            standing: text.t(key).into_owned(),
            at: inquiry.standing_at,
            news: inquiry.news,
        }
    }
}

/// Makes an entry of the story one of an inquiry: to whom, from whom, and what to beware of.
pub(crate) fn mark(
    text: Text,
    names: &HashMap<UserId, String>,
    message: &Message,
    inquiry: &Inquiry,
    mut entry: Entry,
) -> Entry {
    entry.class = "entry-party";
    let ours = words::user_of(&message.actor).is_some();
    let beside = message.beside.as_ref();
    let name = inquiry.name.as_str();
    let key = match beside {
        _ if ours => "inquiry-said-asked",
        Some(beside) if beside.automatic => "inquiry-said-automatic",
        _ => "inquiry-said-answered",
    };
    entry.what = text.t1(key, "name", name).into_owned();
    entry.who = match ours {
        true => words::actor(text, names, &message.actor),
        false => inquiry.name.clone(),
    };
    if let Some(beside) = beside.filter(|beside| !beside.other_sender.is_empty()) {
        let sender = beside.other_sender.as_str();
        let warning = text.t2("inquiry-other-sender", ("sender", sender), ("name", name));
        entry.checks.insert(0, (Tone::Warn, "alert", warning.into_owned()));
    }
    entry
}

/// Tells whoever asked, and whoever has the case, wherever they are, what came of it.
pub(crate) fn tell(ctx: &Ctx, event: &Announced) {
    let key = match event.kind.as_str() {
        "case.inquiry_answered" => "inquiry-toast-answered",
        "case.inquiry_bounced" => "inquiry-toast-bounced",
        _ => return,
    };
    let facts: serde_json::Value = serde_json::from_str(&event.body).unwrap_or_default();
    let Some(id) = facts["inquiry"].as_str().and_then(InquiryId::parse) else { return };
    let code = facts["code"].as_str().unwrap_or_default();
    let told = facts["told"].as_array().into_iter().flatten();
    let topics: Vec<String> =
        told.filter_map(|id| UserId::parse(id.as_str()?)).map(duty::topic_of).collect();
    for room in ctx.live.rooms(event.agency_id, |topic| topics.iter().any(|own| own == topic)) {
        toast(ctx, &room, key, format!("/meja/{code}/pihak-lain/{id}"));
    }
}
