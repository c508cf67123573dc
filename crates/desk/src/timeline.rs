//! What happened to a case, as one story: what was said, what was done, what went out.
//!
//! A move and the words it left are one entry, told apart from others by their common moment;
//! the mail that carried them stands below.

use std::collections::HashMap;

use tanggap_calendar::Profile;
use tanggap_cases::inquiries::Inquiry;
use tanggap_cases::model::FollowUp;
use tanggap_cases::sent::Telling;
use tanggap_conversations::{Attachment, Direction, Message, Outbound, Scan, files};
use tanggap_kernel::Timestamp;
use tanggap_kernel::id::{UnitId, UserId};
use tanggap_org::Unit;
use tanggap_ui::{Arg, Text, Tone};

use crate::inquiries::panel;
use crate::log::Happened;
use crate::{paper, words};

/// A file below an entry.
#[derive(Clone, Debug)]
pub(crate) struct FileView {
    pub id: String,
    pub name: String,
    pub size: i64,
    pub picture: bool,
    pub infected: bool,
}

impl FileView {
    pub(crate) fn new(file: &Attachment) -> Self {
        Self {
            id: file.id.to_string(),
            name: file.name.clone(),
            size: file.size,
            picture: file.thumbnail.is_some() && files::is_picture(&file.media_type),
            infected: file.scan == Scan::Infected,
        }
    }
}

/// One entry of the story.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    /// `entry-in`, `entry-out`, `entry-note` or `entry-event`.
    pub class: &'static str,
    pub at: Timestamp,
    pub who: String,
    pub what: String,
    pub body: String,
    /// What a letter quotes and how it is signed.
    pub folded: String,
    /// Something is folded away that is shown with the reporter only.
    pub sealed: bool,
    /// Where a letter is shown as it was laid out; empty where it was not.
    pub original: String,
    /// What is known of a letter's sender.
    pub checks: Vec<(Tone, &'static str, String)>,
    pub files: Vec<FileView>,
    pub mails: Vec<(Tone, String)>,
    pub version: i64,
}

/// Everything that the story is told from.
pub(crate) struct Sources<'a> {
    pub text: Text,
    pub messages: &'a [Message],
    pub files: &'a [Attachment],
    pub events: &'a [Happened],
    pub mails: &'a [Outbound],
    pub follow_ups: &'a [FollowUp],
    pub units: &'a [Unit],
    pub names: &'a HashMap<UserId, String>,
    pub profile: &'a Profile,
    pub telling: Telling<'a>,
    /// Those outside who were asked.
    pub inquiries: &'a [Inquiry],
}

impl Sources<'_> {
    /// The story, oldest first.
    pub(crate) fn story(&self) -> Vec<Entry> {
        let mut entries: Vec<Entry> =
            self.messages.iter().map(|message| self.said(message)).collect();
        for event in self.events.iter().filter(|event| self.is_told(event)) {
            let its_words = |entry: &&mut Entry| {
                entry.at == event.at && entry.version == 0 && entry.class != "entry-event"
            };
            match entries.iter_mut().filter(|_| leaves_words(&event.kind)).find(its_words) {
                Some(entry) => {
                    if !is_plain(&event.kind) {
                        entry.what = self.event(event);
                    }
                    entry.version = version_of(event);
                }
                None => entries.push(self.happened(event)),
            }
        }
        for mail in self.mails {
            let told = self.telling.of(mail);
            match entries.iter_mut().find(|e| e.at == mail.created_at) {
                Some(entry) => entry.mails.push(told),
                None => entries.push(Entry {
                    class: "entry-event",
                    at: mail.created_at,
                    who: mail.subject.clone(),
                    mails: vec![told],
                    ..Entry::default()
                }),
            }
        }
        entries.sort_by_key(|entry| entry.at);
        entries
    }

    fn said(&self, message: &Message) -> Entry {
        let entry = entry(self.text, message, self.files, self.names);
        let of = self.inquiries.iter().find(|one| one.interaction == message.interaction_id);
        match of {
            Some(one) => panel::mark(self.text, self.names, message, one, entry),
            None => entry,
        }
    }

    /// Receipt is told by the report itself, and an early warning by the later one.
    fn is_told(&self, event: &Happened) -> bool {
        let warned = |event: &Happened| {
            let percent = event.facts["percent"].as_i64().unwrap_or_default();
            (event.kind == "case.deadline_warned").then_some(percent)
        };
        match warned(event) {
            None => match event.kind.as_str() {
                "case.received" | "case.inquiry_read" => false,
                // That it was registered tells more.
                "case.citizen_wrote" => !self
                    .events
                    .iter()
                    .any(|other| other.kind == "case.contact_registered" && other.at == event.at),
                _ => true,
            },
            Some(percent) => !self.events.iter().any(|later| {
                later.facts["policy"] == event.facts["policy"]
                    && warned(later).is_some_and(|further| further > percent)
            }),
        }
    }

    fn happened(&self, event: &Happened) -> Entry {
        let asked = self.follow_ups.iter().find(|f| f.forwarded_at == event.at);
        let body = match (event.kind.as_str(), asked) {
            ("case.forwarded", Some(asked)) => asked.instruction.clone(),
            _ => String::new(),
        };
        Entry {
            class: "entry-event",
            at: event.at,
            who: words::actor(self.text, self.names, &event.actor),
            what: self.event(event),
            body,
            version: version_of(event),
            ..Entry::default()
        }
    }

    /// In words what happened.
    pub(crate) fn event(&self, event: &Happened) -> String {
        let fact = |name: &str| event.facts[name].as_str().unwrap_or_default();
        let unit = UnitId::parse(fact("unit"));
        let owner = UserId::parse(fact("owner")).and_then(|id| self.names.get(&id));
        let percent = event.facts["percent"].as_i64().unwrap_or_default();
        let kind = event.kind.strip_prefix("case.").unwrap_or(&event.kind);
        let kind = match kind {
            "assigned" if owner.is_none() => "unassigned",
            "deadline_warned" if percent == 100 => "deadline_overdue",
            kind => kind,
        };
        let args: [(&str, Arg<'_>); 8] = [
            ("unit", words::unit(self.text, self.units, unit).into()),
            ("owner", owner.map_or("", String::as_str).into()),
            ("of", fact("of").into()),
            ("rating", event.facts["rating"].as_i64().unwrap_or_default().into()),
            ("percent", percent.into()),
            ("deadline", words::policy(self.text.locale, self.profile, fact("policy")).into()),
            ("old", self.moved(event, "old").into()),
            ("new", self.moved(event, "new").into()),
        ];
        let key = format!("case-event-{}", words::dashed(kind));
        let told = self.text.ta(&key, &args);
        if told == key { self.text.t("case-event-other").into_owned() } else { told.into_owned() }
    }

    /// The moment before or after a recount, to the minute: a new zone keeps the date.
    fn moved(&self, event: &Happened, name: &str) -> String {
        match event.facts[format!("{name}_at")].as_i64() {
            Some(at) => self.text.date_time_short(Timestamp::from_micros(at)),
            None => event.facts[name].as_str().unwrap_or_default().to_owned(),
        }
    }
}

/// What was said, as an entry.
pub(crate) fn entry(
    text: Text,
    message: &Message,
    files: &[Attachment],
    names: &HashMap<UserId, String>,
) -> Entry {
    let class = match message.direction {
        Direction::In => "entry-in",
        Direction::Out => "entry-out",
        Direction::Internal => "entry-note",
    };
    let files = files.iter().filter(|file| file.message_id == message.id);
    let entry = Entry {
        class,
        at: message.at,
        who: words::actor(text, names, &message.actor),
        what: match message.direction {
            Direction::In => {
                let channel = words::channel(text, &message.channel);
                text.t1("desk-by-channel", "channel", channel).into_owned()
            }
            Direction::Internal => text.t("desk-note-mark").into_owned(),
            Direction::Out => String::new(),
        },
        body: message.body.clone(),
        folded: message.beside.as_ref().map(|b| b.folded.clone()).unwrap_or_default(),
        original: match &message.beside {
            Some(beside) if beside.has_layout => format!("/surat/{}", message.id),
            _ => String::new(),
        },
        checks: message.beside.iter().flat_map(|b| &b.checks).map(|c| check(text, c)).collect(),
        files: files.map(FileView::new).collect(),
        ..Entry::default()
    };
    match message.beside.as_ref().and_then(|beside| beside.paper.as_ref()) {
        Some(filed) => paper::mark(text, message, filed, entry),
        None => entry,
    }
}

fn check(text: Text, (name, holds): &(String, bool)) -> (Tone, &'static str, String) {
    let (tone, icon, key) = match holds {
        true => (Tone::Good, "check", "desk-check-holds"),
        false => (Tone::Bad, "alert", "desk-check-fails"),
    };
    (tone, icon, text.t1(key, "check", name.to_uppercase()).into_owned())
}

fn version_of(event: &Happened) -> i64 {
    event.facts["version"].as_i64().unwrap_or_default()
}

/// Whether a move of this kind leaves words in the conversation.
fn leaves_words(kind: &str) -> bool {
    is_plain(kind)
        || matches!(
            kind,
            "case.answered"
                | "case.archived"
                | "case.completed"
                | "case.completion_asked"
                | "case.escalated"
                | "case.extended"
                | "case.objected"
                | "case.progressed"
                | "case.rated"
                | "case.referred"
                | "case.reopened"
                | "case.returned"
                | "case.withdrawn"
        )
}

/// Whether the words themselves say all that the event says.
fn is_plain(kind: &str) -> bool {
    matches!(
        kind,
        "case.citizen_wrote"
            | "case.written_to_citizen"
            | "case.noted"
            | "case.contact_registered"
            | "case.inquiry_sent"
            | "case.inquiry_answered"
            | "case.inquiry_noted"
            | "case.inquiry_bounced"
    )
}
