//! The shelves of talks and one list.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Query, State};
use serde::Deserialize;
use tanggap_cases::{talking, wrap_up};
use tanggap_contacts::{self as contacts, ContactId};
use tanggap_conversations::{Shelf, Talk, talks};
use tanggap_kernel::id::UserId;
use tanggap_kernel::paging::Cursor;
use tanggap_kernel::{Access, Permission, Result, Timestamp};
use tanggap_org::door::Staff;
use tanggap_store::Tx;
use tanggap_ui::parts::Health;
use tanggap_ui::{Answer, Ctx, Page, Text, respond};

use super::language::Languages;
use crate::undo::{Undo, UndoForm};
use crate::{log, reminders, words};

/// Lines of one page.
const ROWS: usize = 50;
/// More than that is not counted.
const COUNTED_MAX: i64 = 999;

/// The shelves by their words in addresses, with their icons.
const SHELVES: [(&str, &str); 6] = [
    ("menunggu", "inbox"),
    ("saya", "user"),
    ("terbuka", "list"),
    ("ditunda", "clock"),
    ("selesai", "check-circle"),
    (UNNOTED, "note"),
];
/// The shelf of what is to be noted: only there where something is, or the agency wants it.
const UNNOTED: &str = "dicatat";

/// Reads the word of a shelf; what is no word is one's own, and the waiting where one has none.
pub(crate) fn shelf(word: &str, access: &Access) -> (&'static str, Shelf) {
    let known = SHELVES.iter().find(|(name, _)| *name == word).map_or("menunggu", |(name, _)| name);
    let shelf = match (known, access.user()) {
        ("saya", Some(user)) => Shelf::Of(user),
        ("terbuka", _) => Shelf::Open,
        ("ditunda", _) => Shelf::Snoozed,
        ("selesai", _) => Shelf::Ended,
        (UNNOTED, Some(user)) => Shelf::Unnoted(user),
        _ => Shelf::Unowned,
    };
    (known, shelf)
}

/// The part of an address that names a shelf; none for what is no word of one.
pub(crate) fn shelf_query(word: &str) -> String {
    let known = SHELVES.iter().find(|(name, _)| *name == word);
    known.map(|(name, _)| format!("?rak={name}")).unwrap_or_default()
}

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct TalkRow {
    pub id: String,
    pub name: String,
    pub channel: String,
    pub preview: String,
    pub at: Timestamp,
    pub awaiting: bool,
    /// By when it is answered.
    pub due: Option<(Timestamp, Health)>,
    pub owner: Option<(String, String)>,
    pub case: bool,
    /// In which language, where it is not Indonesian: its code and its name.
    pub language: Option<(String, String)>,
    pub current: bool,
}

/// One shelf beside the list.
#[derive(Clone, Debug)]
pub(crate) struct ShelfLink {
    pub href: String,
    pub label: String,
    pub icon: &'static str,
    pub count: Option<i64>,
    pub current: bool,
}

/// What the left half holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct TalkList {
    pub shelves: Vec<ShelfLink>,
    pub title: String,
    pub word: &'static str,
    pub rows: Vec<TalkRow>,
    pub next: Option<String>,
    /// The number of the last event that it shows.
    pub head: i64,
}

#[derive(Template)]
#[template(path = "talks.html")]
struct TalksPage {
    page: Page,
    undo: Option<UndoForm>,
    left: TalkList,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    pub rak: String,
    setelah: String,
}

/// `GET /percakapan?rak={shelf}&setelah={cursor}`.
pub(crate) async fn show(
    State(ctx): State<Ctx>,
    staff: Staff,
    Query(asked): Query<Asked>,
) -> Answer {
    staff.access.require(Permission::TalkRead, None)?;
    let (access, text) = (staff.access.clone(), staff.text());
    let left = ctx
        .db
        .read(move |tx| read(tx, &access, text, &asked.rak, Cursor::parse(&asked.setelah), ""))
        .await?;
    let mut page = staff.page(&ctx, "talk-title");
    page.topics = "talks".to_owned();
    page.cursor = left.head.to_string();
    let undo = Undo::offered(&page, None);
    Ok(respond::html(TalksPage { page, undo, left }))
}

/// Reads the shelves and one list; `current` is the talk that is shown beside it.
pub(crate) fn read(
    tx: &mut Tx<'_>,
    access: &Access,
    text: Text,
    word: &str,
    after: Option<Cursor>,
    current: &str,
) -> Result<TalkList> {
    let (word, shelf) = shelf(word, access);
    let page = talking::list(tx, access, shelf, after, ROWS)?;
    let (waiting, own) = talks::counts(tx, access, COUNTED_MAX)?;
    let unnoted = talks::count_unnoted(tx, access, COUNTED_MAX)?;
    let notes = unnoted > 0 || word == UNNOTED || wrap_up::is_required(tx, access)?;
    let link = |(name, icon): (&'static str, &'static str)| ShelfLink {
        href: format!("/percakapan?rak={name}"),
        label: text.t(format!("talk-shelf-{name}")).into_owned(),
        icon,
        count: match name {
            "menunggu" => Some(waiting),
            "saya" => Some(own),
            UNNOTED => Some(unnoted),
            _ => None,
        },
        current: name == word,
    };
    let mut rows = rows(tx, access, text, &page.rows)?;
    for row in &mut rows {
        row.current = row.id == current;
    }
    let came = reminders::due(tx, access)?;
    let mine = ShelfLink {
        href: reminders::HOME.to_owned(),
        label: text.t("desk-reminders").into_owned(),
        icon: "calendar",
        count: Some(came),
        current: false,
    };
    Ok(TalkList {
        shelves: SHELVES
            .into_iter()
            .filter(|(name, _)| notes || *name != UNNOTED)
            .map(link)
            .chain([mine])
            .collect(),
        title: text.t(format!("talk-shelf-{word}")).into_owned(),
        head: log::head(tx, access.agency_id)?,
        word,
        rows,
        next: page
            .next
            .map(|cursor| format!("/percakapan?rak={word}&setelah={}", cursor.to_text())),
    })
}

fn rows(tx: &mut Tx<'_>, access: &Access, text: Text, of: &[Talk]) -> Result<Vec<TalkRow>> {
    let people: Vec<ContactId> = of.iter().filter_map(|talk| talk.contact_id).collect();
    let mut people = contacts::names_of(tx, access, &people)?;
    if !access.can(Permission::IdentityRead, None) {
        people.values_mut().for_each(|name| *name = contacts::masked(name));
    }
    let owners: Vec<UserId> = of.iter().filter_map(|talk| talk.owner_id).collect();
    let owners = tanggap_org::names(tx, access, &owners)?;
    let (now, languages) = (tx.now(), Languages::read(tx, access, text)?);
    let row = |talk| {
        let language = languages.badge(text, talk);
        TalkRow { language, ..row(text, talk, (&people, &owners), now) }
    };
    Ok(of.iter().map(row).collect())
}

fn row(
    text: Text,
    talk: &Talk,
    (people, owners): (&HashMap<ContactId, String>, &HashMap<UserId, String>),
    now: Timestamp,
) -> TalkRow {
    let name = talk.contact_id.and_then(|id| people.get(&id)).filter(|name| !name.is_empty());
    let owner = talk.owner_id.and_then(|id| owners.get(&id));
    TalkRow {
        id: talk.id.to_string(),
        name: name.cloned().unwrap_or_else(|| text.t("desk-nameless").into_owned()),
        channel: words::channel(text, &talk.channel),
        preview: talk.preview.clone(),
        at: talk.updated_at,
        awaiting: talk.awaiting,
        due: due(talk, now),
        owner: owner.map(|name| (tanggap_ui::parts::initials(name), name.clone())),
        case: talk.case_id.is_some(),
        language: None,
        current: false,
    }
}

/// By when a talk is answered, and how that fares; `None` where nobody waits.
pub(crate) fn due(talk: &Talk, now: Timestamp) -> Option<(Timestamp, Health)> {
    let reply = talk.reply.filter(|_| talk.awaiting)?;
    let health = match now {
        now if reply.due_at < now => Health::Late,
        now if reply.warn_at <= now => Health::Warn,
        _ => Health::Ok,
    };
    Some((reply.due_at, health))
}
