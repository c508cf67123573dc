//! `/percakapan/{id}`: one talk, with what was said, its composer and the person beside it.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Extension, Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use tanggap_cases::model::{Case, CaseId};
use tanggap_cases::reminders::About;
use tanggap_cases::sent::Telling;
use tanggap_cases::{store, talking};
use tanggap_contacts::{self as contacts, Contact};
use tanggap_conversations::chat::Visitor;
use tanggap_conversations::outbound::settings::AllRules;
use tanggap_conversations::talks::Turn;
use tanggap_conversations::templates::Approved;
use tanggap_conversations::window::MayWrite;
use tanggap_conversations::{
    self as talk, Account, Attachment, InteractionId, Message, Outbound, Talk, TalkState, accounts,
    outbound,
};
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, Permission, Refusal, Result, Timestamp};
use tanggap_org::Category;
use tanggap_org::door::Staff;
use tanggap_routing::talks as routing;
use tanggap_store::Tx;
use tanggap_ui::parts::Health;
use tanggap_ui::{Answer, Ctx, Field, FormState, Page, Text, respond};

use super::asides::{self, Side};
use super::language::{Languages, Speaks};
use super::list::{self, TalkList};
use super::signs;
use super::template::{self, TemplateForm};
use super::wrap_up::{self, Note, NoteForm};
use crate::presence::Presence;
use crate::quick::Place;
use crate::reminders::Beside;
use crate::stream;
use crate::timeline::{self, Entry};
use crate::undo::{Undo, UndoForm};
use crate::view::zone_of;
use crate::words;

/// The most earlier talks of the person that are shown.
const EARLIER_MAX: i64 = 10;

/// Everything about a talk, read in one view of the database.
pub(crate) struct Loaded {
    pub talk: Talk,
    pub case: Option<Case>,
    pub person: Option<Contact>,
    pub account: Option<Account>,
    pub messages: Vec<Message>,
    pub files: Vec<Attachment>,
    pub out: Vec<Outbound>,
    pub names: HashMap<UserId, String>,
    pub earlier: Vec<Talk>,
    pub visitor: Option<Visitor>,
    /// Of a talk in which only such may be written.
    pub templates: Vec<Approved>,
    pub draft: String,
    pub note: Note,
    pub reminder: Beside,
    pub languages: Languages,
    /// Whether one may take it by oneself.
    pub may_take: bool,
    pub sending: Arc<AllRules>,
    pub offset_hours: i64,
}

impl Loaded {
    pub(crate) fn read(
        tx: &mut Tx<'_>,
        access: &Access,
        text: Text,
        id: InteractionId,
    ) -> Result<Self> {
        let (going, case) = talking::open(tx, access, id)?;
        let mut messages = talk::messages_of(tx, access, id)?;
        if !access.can(Permission::IdentityRead, None) {
            // A letter's signature tells who wrote it.
            messages.iter_mut().for_each(|message| message.beside = None);
        }
        let mut people: Vec<UserId> =
            messages.iter().filter_map(|m| words::user_of(&m.actor)).collect();
        people.extend(going.owner_id);
        people.extend(going.noted.map(|(_, by)| by));
        let earlier = match going.contact_id {
            Some(contact) => talking::of_contact(tx, access, contact, EARLIER_MAX)?,
            None => Vec::new(),
        };
        let account = match going.account_id {
            Some(account) => Some(accounts::get(tx, access, account)?),
            None => None,
        };
        let draft = match access.user() {
            Some(user) => store::draft(tx, access, CaseId(id.0), user)?,
            None => String::new(),
        };
        let mut person = match going.contact_id {
            Some(contact) => Some(contacts::get(tx, access, contact)?),
            None => None,
        };
        if let Some(person) = &mut person
            && !access.can(Permission::IdentityRead, None)
        {
            person.name = person.masked_name();
        }
        Ok(Self {
            person,
            files: talk::attachments_of(tx, access, id)?,
            out: outbound::of_exchange(tx, access, id)?,
            names: tanggap_org::names(tx, access, &people)?,
            earlier: earlier.into_iter().filter(|other| other.id != id).collect(),
            sending: outbound::settings::all(tx, access)?,
            offset_hours: zone_of(tx, access)?.offset_hours(),
            visitor: signs::visitor_of(tx, access, &going)?,
            templates: template::of(tx, access, &going)?,
            languages: Languages::read(tx, access, text)?,
            may_take: routing::may_take(tx, access, &going)?,
            reminder: Beside::read(tx, access, text, About::Talk(id))?,
            note: Note::read(tx, access, &going, case.as_ref(), &messages)?,
            account,
            messages,
            draft,
            talk: going,
            case,
        })
    }
}

/// A person as the page shows them.
struct PersonView {
    id: String,
    name: String,
    initials: String,
    phone: String,
    email: String,
    handles: Vec<String>,
}

/// An earlier talk of theirs.
struct EarlierView {
    id: String,
    channel: String,
    preview: String,
    outcome: Option<String>,
    at: Timestamp,
}

#[derive(Template)]
#[template(path = "talk.html")]
struct TalkPage {
    page: Page,
    left: TalkList,
    id: String,
    version: i64,
    name: String,
    channel: String,
    account: String,
    subject: String,
    owner: Option<String>,
    /// The colleague who is at it, for saying that one takes it from them.
    theirs: Option<String>,
    /// Who else looks, and who writes.
    presence: String,
    mine: bool,
    may_write: bool,
    awaiting_since: Option<Timestamp>,
    /// Which answer is due, by when.
    due: Option<(&'static str, Timestamp, Health)>,
    /// What may be written, and until when.
    may: MayWrite,
    template: Option<TemplateForm>,
    snoozed_until: Option<Timestamp>,
    ended: Option<Timestamp>,
    note: Option<NoteForm>,
    speaks: Speaks,
    reminder: Beside,
    undo: Option<UndoForm>,
    may_take: bool,
    case: Option<(String, String, &'static str)>,
    entries: Vec<Entry>,
    person: Option<PersonView>,
    earlier: Vec<EarlierView>,
    /// Of a chat: whether the visitor has seen the newest answer.
    read: Option<bool>,
    /// Of an SMS: what a part costs, in rupiah.
    sms: Option<i64>,
    text: Field,
    files: Field,
    /// Where quick answers go.
    quick: String,
    form: FormState,
    notice: String,
    errors: Option<tanggap_ui::forms::Summary>,
    /// What staff say beside it.
    side: Side,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    rak: String,
    /// The template that is to be filled.
    template: String,
}

/// What a page of a talk shows beside the talk itself.
#[derive(Default)]
pub(crate) struct Shown {
    pub form: Option<FormState>,
    /// The key of what has to be said.
    pub notice: Option<&'static str>,
    pub status: StatusCode,
    pub rak: String,
}

/// `GET /percakapan/{id}`.
pub(crate) async fn show(
    State(ctx): State<Ctx>,
    Extension(presence): Extension<Presence>,
    staff: Staff,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    let talk = InteractionId::parse(&id).ok_or(Refusal::NotFound)?;
    asides::note_look(&ctx, &staff, talk).await?;
    let chosen = Some(asked.template).filter(|name| !name.is_empty());
    let form = chosen.map(|name| FormState::new(staff.prefs.locale).with(template::FIELD, name));
    let shown = Shown { form, rak: asked.rak, ..Shown::default() };
    render(&ctx, &presence, &staff, &id, shown).await
}

pub(crate) async fn render(
    ctx: &Ctx,
    presence: &Presence,
    staff: &Staff,
    id: &str,
    shown: Shown,
) -> Answer {
    let wanted = InteractionId::parse(id).ok_or(Refusal::NotFound)?;
    let Shown { form, notice, status, rak } = shown;
    let (access, text, current) = (staff.access.clone(), staff.text(), id.to_owned());
    let (loaded, left, side) = ctx
        .db
        .read(move |tx| {
            let loaded = Loaded::read(tx, &access, text, wanted)?;
            let shelf = match (rak.as_str(), loaded.talk.state, loaded.talk.owner_id) {
                ("", TalkState::Ended, _) => "selesai",
                ("", TalkState::Snoozed, _) => "ditunda",
                ("", _, owner) if owner.is_some() && owner == access.user() => "saya",
                ("", _, Some(_)) => "terbuka",
                (word, ..) => word,
            };
            let left = list::read(tx, &access, text, shelf, None, &current)?;
            let side = Side::read(tx, &access, text, &loaded.talk)?;
            Ok((loaded, left, side))
        })
        .await?;
    signs::looked(ctx, staff, &loaded).await?;
    let topic = stream::topic_of_talk(wanted);
    let presence = presence.line_for(staff, &topic, ctx.now());
    let mut page = TalkPage { presence, ..TalkPage::new(staff, ctx, loaded, left, form, notice) };
    page.entries.extend(side.entries.iter().cloned());
    page.entries.sort_by_key(|entry| entry.at);
    page.side = side;
    Ok(respond::html_status(status, page))
}

impl TalkPage {
    fn new(
        staff: &Staff,
        ctx: &Ctx,
        loaded: Loaded,
        left: TalkList,
        form: Option<FormState>,
        notice: Option<&'static str>,
    ) -> Self {
        let (text, now, going) = (staff.text(), ctx.now(), &loaded.talk);
        let id = going.id.to_string();
        let form = form.unwrap_or_else(|| FormState::new(text.locale).with("text", &loaded.draft));
        let form = form.labelled(&[("topic", "talk-field-topic"), ("reason", "talk-field-reason")]);
        let nameless = || text.t("desk-nameless").into_owned();
        let known = loaded.person.as_ref().map(|person| person.name.clone());
        let name = known.filter(|name| !name.is_empty()).unwrap_or_else(nameless);
        let channel = words::channel(text, &going.channel);
        let title = format!("{name}, {channel}");
        let mut page = staff.page_titled(title);
        page.topics = format!("talks talk:{id}");
        page.cursor = left.head.to_string();
        let may_write = staff.access.can(Permission::TalkWrite, None);
        let owner = going.owner_id.and_then(|id| loaded.names.get(&id).cloned());
        let open = going.state != TalkState::Ended;
        Self {
            version: going.version,
            account: loaded.account.as_ref().map(|a| a.name.clone()).unwrap_or_default(),
            subject: going.subject.clone(),
            mine: going.owner_id.is_some() && going.owner_id == staff.access.user(),
            theirs: going
                .owner_id
                .filter(|id| Some(*id) != staff.access.user())
                .map(|id| id.to_string()),
            owner,
            presence: String::new(),
            may_write: may_write && open,
            awaiting_since: going.last_in_at.filter(|_| going.awaiting && open),
            due: reply_due(going, now).filter(|_| open),
            may: going.may_write(now),
            template: template::form(text, &form, going.may_write(now), &loaded.templates),
            snoozed_until: going.snoozed_until,
            ended: going.ended_at,
            note: NoteForm::new(text, going, &loaded.note, &form),
            speaks: Speaks::new(text, &loaded.languages, going),
            may_take: loaded.may_take,
            reminder: loaded.reminder.clone(),
            undo: Undo::offered(&page, None),
            case: loaded
                .case
                .as_ref()
                .map(|case| (case.code.clone(), case.subject.clone(), case.status.as_str())),
            entries: entries(text, &loaded, ctx.site.sends_mail(staff.access.agency_id), now),
            person: loaded.person.as_ref().map(person),
            earlier: loaded
                .earlier
                .iter()
                .map(|other| earlier(text, other, &loaded.note.categories))
                .collect(),
            read: loaded.visitor.as_ref().map(|v| signs::has_read(v, &loaded.messages)),
            sms: loaded.account.as_ref().and_then(price_of),
            text: form
                .textarea("text", "talk-field-text")
                .rows(4)
                .draft(format!("/percakapan/{id}/draf"))
                .quiet(),
            files: form.file("files", "desk-field-files").multiple().quiet(),
            quick: Place::talk(&id).query(),
            side: Side::default(),
            errors: (!form.errors.is_empty()).then(|| form.summary()),
            notice: notice.map(|key| text.t(key).into_owned()).unwrap_or_default(),
            form,
            page,
            left,
            id,
            name,
            channel,
        }
    }
}

/// What a part of an SMS costs through an account, in rupiah; `None` on other channels.
fn price_of(account: &Account) -> Option<i64> {
    let settings: serde_json::Value = serde_json::from_str(&account.settings).unwrap_or_default();
    (account.channel == "sms").then(|| settings["price"].as_i64().unwrap_or(0))
}

/// Which answer is due, and by when.
fn reply_due(going: &Talk, now: Timestamp) -> Option<(&'static str, Timestamp, Health)> {
    let (at, health) = list::due(going, now)?;
    let key = match going.reply?.turn {
        Turn::First => "reply-due-first",
        Turn::Next => "reply-due-next",
    };
    Some((key, at, health))
}

fn entries(text: Text, loaded: &Loaded, has_relay: bool, now: Timestamp) -> Vec<Entry> {
    let telling = Telling {
        text,
        rules: &loaded.sending,
        offset_hours: loaded.offset_hours,
        has_relay,
        now,
        for_staff: true,
    };
    let mut entries: Vec<Entry> = Vec::new();
    for message in &loaded.messages {
        let mut entry = timeline::entry(text, message, &loaded.files, &loaded.names);
        let mails = loaded.out.iter().filter(|out| out.message_id == Some(message.id));
        entry.mails = mails.map(|out| telling.of(out)).collect();
        entries.push(entry);
    }
    let noted = wrap_up::entry(text, &loaded.talk, &loaded.note.categories, &loaded.names);
    entries.extend(noted);
    entries
}

fn person(contact: &Contact) -> PersonView {
    PersonView {
        id: contact.id.to_string(),
        name: contact.name.clone(),
        initials: tanggap_ui::parts::initials(&contact.name),
        phone: contact.phone(true).unwrap_or_default(),
        email: contact.email(true).unwrap_or_default(),
        handles: contact.handles.iter().map(|handle| masked(handle)).collect(),
    }
}

/// `telegram:123456` as `telegram ••••56`.
fn masked(handle: &str) -> String {
    let (channel, value) = handle.split_once(':').unwrap_or(("", handle));
    let end: String = value.chars().rev().take(2).collect::<Vec<_>>().into_iter().rev().collect();
    format!("{channel} ••••{end}")
}

fn earlier(text: Text, other: &Talk, categories: &[Category]) -> EarlierView {
    EarlierView {
        id: other.id.to_string(),
        channel: words::channel(text, &other.channel),
        preview: other.preview.clone(),
        outcome: wrap_up::outcome(text, other, categories),
        at: other.updated_at,
    }
}
