//! What a talk was about, once it is over: the form below it, and how it reads afterwards.

use std::collections::HashMap;

use tanggap_cases::model::Case;
use tanggap_cases::wrap_up::{self, REASONS};
use tanggap_conversations::{Direction, Message, Talk, TalkState};
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, Permission, Result};
use tanggap_org::Category;
use tanggap_routing::talks as routing;
use tanggap_store::Tx;
use tanggap_ui::{Choice, Field, FormState, Text};

use crate::timeline::Entry;

/// The reasons of talks that ended before the codes were used.
const EARLIER: [&str; 6] = ["question", "complaint", "status", "request", "thanks", "other"];

/// What the form needs, read with the talk; nothing where one may not note, or it goes on.
#[derive(Default)]
pub(crate) struct Note {
    pub categories: Vec<Category>,
    begun: Option<(String, String)>,
    /// Whether one is not offered anything as long as one notes.
    wraps: bool,
}

impl Note {
    pub(crate) fn read(
        tx: &mut Tx<'_>,
        access: &Access,
        talk: &Talk,
        case: Option<&Case>,
        messages: &[Message],
    ) -> Result<Self> {
        let categories = tanggap_org::categories(tx, access)?;
        let may = talk.state == TalkState::Ended && access.can(Permission::TalkWrite, None);
        if !may {
            return Ok(Self { categories, ..Self::default() });
        }
        let heard = messages.iter().filter(|message| message.direction == Direction::In);
        let said: Vec<&str> = heard.map(|message| message.body.as_str()).collect();
        let begun = Some(wrap_up::begun(tx, access, talk, case, &said)?);
        Ok(Self { categories, begun, wraps: routing::is_wrapping_up(tx, access, talk)? })
    }
}

/// The form as the page shows it.
pub(crate) struct NoteForm {
    pub topic: Field,
    pub reason: Field,
    /// It was noted before: the form is folded away.
    pub noted: bool,
    /// It was refused: the form is open.
    pub refused: bool,
    pub due: bool,
    pub wraps: bool,
}

impl NoteForm {
    pub(crate) fn new(text: Text, talk: &Talk, note: &Note, form: &FormState) -> Option<Self> {
        let (topic, reason) = note.begun.as_ref()?;
        let refused = form.value("step") == "note";
        let begun = FormState::new(text.locale).with("topic", topic).with("reason", reason);
        let form = if refused { form } else { &begun };
        let kept = |c: &&Category| c.active || talk.topic.as_deref() == Some(c.slug.as_str());
        let topics: Vec<Choice> = note
            .categories
            .iter()
            .filter(kept)
            .map(|c| Choice::new(&c.slug, c.name_in(text.locale)))
            .collect();
        let reasons = REASONS.map(|code| {
            let key = key_of(code);
            let hint = text.t(format!("{key}.hint")).into_owned();
            Choice::new(code, text.t(key).into_owned()).hint(hint)
        });
        let topic_field = form.select("topic", "talk-field-topic", &topics).with_empty().required();
        let first = talk.noted.is_none() && !refused;
        Some(Self {
            topic: if first { topic_field.autofocus() } else { topic_field },
            reason: form.radios("reason", "talk-field-reason", &reasons).required(),
            noted: talk.noted.is_some(),
            refused,
            due: talk.note_due,
            wraps: note.wraps,
        })
    }
}

fn key_of(code: &str) -> String {
    format!("talk-why-{}", code.to_lowercase().replace('_', "-"))
}

/// What a talk was about and why somebody wrote, in words; `None` where nothing was noted.
pub(crate) fn outcome(text: Text, talk: &Talk, categories: &[Category]) -> Option<String> {
    let name = |slug: &str| {
        let known = categories.iter().find(|category| category.slug == slug);
        known.map_or(slug, |category| category.name_in(text.locale)).to_owned()
    };
    let topic = talk.topic.as_deref().map(name);
    let reason = talk.reason.as_deref().map(|word| match word {
        code if REASONS.contains(&code) => text.t(key_of(code)).into_owned(),
        word if EARLIER.contains(&word) => text.t(format!("talk-reason-{word}")).into_owned(),
        other => other.to_owned(),
    });
    let told: Vec<String> = topic.into_iter().chain(reason).collect();
    (!told.is_empty() && talk.state == TalkState::Ended).then(|| told.join(" · "))
}

/// The line of the talk's story that tells what was noted, and by whom.
pub(crate) fn entry(
    text: Text,
    talk: &Talk,
    categories: &[Category],
    names: &HashMap<UserId, String>,
) -> Option<Entry> {
    let (at, by) = talk.noted?;
    Some(Entry {
        class: "entry-event",
        at,
        who: names.get(&by).cloned().unwrap_or_default(),
        what: text.t("talk-noted").into_owned(),
        body: outcome(text, talk, categories)?,
        ..Entry::default()
    })
}
