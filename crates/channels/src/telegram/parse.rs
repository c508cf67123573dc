//! Updates of the Telegram Bot API as plain data. Never fails: what is not understood becomes
//! [`Incoming::Other`] or [`InKind::Unknown`].
//!
//! Ids of messages are unique within a chat only, so ours are `{chat}:{message}`.

use serde_json::Value;

use crate::exchange::{FileSource, InFile, InKind, InMessage, Incoming, Peer, PeerKind};
use crate::json::{SECOND, id, id_or_hash, list, moment, number, place, text};
use crate::messenger::{Arrived, unreadable};

/// Message parts that are a file.
const FILES: [&str; 7] =
    ["animation", "document", "video", "video_note", "audio", "voice", "sticker"];
/// What surrounds a message's content: never the reason why it is unknown.
const FRAME: [&str; 12] = [
    "message_id",
    "message_thread_id",
    "from",
    "sender_chat",
    "chat",
    "date",
    "edit_date",
    "reply_to_message",
    "is_topic_message",
    "business_connection_id",
    "has_protected_content",
    "via_bot",
];

/// The updates of a webhook call (one) or of a list from `getUpdates`.
#[must_use]
pub fn parse(raw: &[u8]) -> Vec<Arrived> {
    match serde_json::from_slice::<Value>(raw) {
        Ok(Value::Array(updates)) if !updates.is_empty() => updates.iter().map(update).collect(),
        Ok(one @ Value::Object(_)) => vec![update(&one)],
        _ => unreadable(),
    }
}

/// The number of an update, which grows; what `getUpdates` goes on from.
#[must_use]
pub fn update_id(update: &Value) -> Option<i64> {
    number(update, "/update_id")
}

fn update(update: &Value) -> Arrived {
    let sent = ["message", "channel_post", "business_message"];
    let edited = ["edited_message", "edited_channel_post", "edited_business_message"];
    let part = |names: [&str; 3]| {
        names.into_iter().map(|name| &update[name]).find(|part| part.is_object())
    };
    let what = if let Some(part) = part(sent) {
        message(part)
    } else if let Some(part) = part(edited) {
        edit(part)
    } else if update["callback_query"].is_object() {
        callback(&update["callback_query"])
    } else if update["message_reaction"].is_object() {
        reaction(update)
    } else {
        other(update)
    };
    Arrived { address: None, what }
}

fn other(update: &Value) -> Incoming {
    let names = update.as_object().into_iter().flatten().filter(|(_, part)| part.is_object());
    let kind = names.map(|(name, _)| name.clone()).next();
    let kind = kind.unwrap_or_else(|| "telegram".to_owned());
    let kind = match text(&update[&kind], "/new_chat_member/status") {
        Some(status) => format!("{kind}/{status}"),
        None => kind,
    };
    Incoming::Other { kind, external_id: id(update, "/update_id") }
}

/// `{chat}:{message}`.
fn message_id(message: &Value) -> String {
    match (id(message, "/chat/id"), id(message, "/message_id")) {
        (Some(chat), Some(message)) => format!("{chat}:{message}"),
        _ => id_or_hash(message, "/none"),
    }
}

/// Where an answer goes: the chat, and its topic where it has topics.
fn thread(message: &Value) -> String {
    let chat = id(message, "/chat/id").unwrap_or_default();
    let topic = id(message, "/message_thread_id")
        .filter(|_| message["is_topic_message"].as_bool() == Some(true));
    topic.map_or(chat.clone(), |topic| format!("{chat}/{topic}"))
}

fn name(person: &Value) -> Option<String> {
    let names: Vec<String> =
        ["/first_name", "/last_name"].iter().filter_map(|pointer| text(person, pointer)).collect();
    if names.is_empty() {
        text(person, "/title").or_else(|| text(person, "/username"))
    } else {
        Some(names.join(" "))
    }
}

/// Who wrote: a person, or a channel or group that writes as itself.
fn sender(message: &Value) -> Peer {
    let who = [&message["sender_chat"], &message["from"], &message["chat"]];
    let who = who.into_iter().find(|who| id(who, "/id").is_some()).unwrap_or(&Value::Null);
    let value = id(who, "/id").unwrap_or_default();
    Peer { kind: PeerKind::Handle, value, name: name(who) }
}

fn public(message: &Value) -> bool {
    text(message, "/chat/type").is_some_and(|kind| kind != "private")
}

fn plain(message: &Value) -> InMessage {
    let reply = &message["reply_to_message"];
    let mut found = InMessage {
        external_id: message_id(message),
        thread: thread(message),
        from: sender(message),
        at: moment(message, "/date", SECOND),
        text: text(message, "/text").or_else(|| text(message, "/caption")).unwrap_or_default(),
        reply_to: id(reply, "/message_id").map(|_| message_id(reply)),
        public: public(message),
        ..InMessage::default()
    };
    found.files = files(message);
    let known = if message["location"].is_object() || message["venue"].is_object() {
        let venue = &message["venue"];
        let words = if venue.is_object() {
            place(venue, "/location/latitude", "/location/longitude")
        } else {
            place(&message["location"], "/latitude", "/longitude")
        };
        words.map(|words| found.text = words).is_some()
    } else if message["contact"].is_object() {
        found.text = card(&message["contact"]);
        true
    } else {
        !found.text.is_empty() || !found.files.is_empty()
    };
    if !known {
        let parts = message.as_object().into_iter().flatten();
        let name = parts.map(|(name, _)| name.as_str()).find(|name| !FRAME.contains(name));
        found.kind = InKind::Unknown { name: name.unwrap_or("message").to_owned() };
    }
    found
}

fn card(contact: &Value) -> String {
    let words = [name(contact), text(contact, "/phone_number")];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn files(message: &Value) -> Vec<InFile> {
    // Every size of a photo is there, the largest last or not; they are one picture.
    let photo = list(message, "/photo").iter().filter(|size| id(size, "/file_id").is_some());
    let area = |size: &&Value| {
        let side = |pointer| number(size, pointer).unwrap_or(0).clamp(0, i64::from(i32::MAX));
        side("/width") * side("/height")
    };
    if let Some(largest) = photo.max_by_key(area) {
        let media_type = Some("image/jpeg".to_owned());
        let source = FileSource::Provider(id(largest, "/file_id").unwrap_or_default());
        return vec![InFile { name: None, media_type, source }];
    }
    // An animation is a document too, under the same id.
    let file = FILES.into_iter().map(|name| (name, &message[name]));
    let file = file.into_iter().find_map(|(name, file)| Some((name, file, id(file, "/file_id")?)));
    file.map_or_else(Vec::new, |(name, file, file_id)| {
        vec![InFile {
            name: text(file, "/file_name"),
            media_type: text(file, "/mime_type").or_else(|| of_kind(name, file)),
            source: FileSource::Provider(file_id),
        }]
    })
}

/// The type of what Telegram names none for.
fn of_kind(name: &str, file: &Value) -> Option<String> {
    let is = |pointer| file.pointer(pointer).and_then(Value::as_bool) == Some(true);
    let media_type = match name {
        "video_note" => "video/mp4",
        "sticker" if is("/is_video") => "video/webm",
        "sticker" if !is("/is_animated") => "image/webp",
        _ => return None,
    };
    Some(media_type.to_owned())
}

fn message(message: &Value) -> Incoming {
    Incoming::Message(Box::new(plain(message)))
}

fn edit(message: &Value) -> Incoming {
    let mut found = plain(message);
    let at = id(message, "/edit_date").unwrap_or_default();
    found.reply_to = Some(found.external_id.clone());
    found.external_id = format!("{}:edit:{at}", found.external_id);
    found.at = moment(message, "/edit_date", SECOND).or(found.at);
    found.kind = InKind::Edit;
    Incoming::Message(Box::new(found))
}

/// A press on a button below one of our messages.
fn callback(query: &Value) -> Incoming {
    let (message, data) = (&query["message"], text(query, "/data"));
    let data = data.or_else(|| text(query, "/game_short_name")).unwrap_or_default();
    let from = sender(&serde_json::json!({ "from": query["from"] }));
    let chat = thread(message);
    Incoming::Message(Box::new(InMessage {
        external_id: format!("callback:{}", id_or_hash(query, "/id")),
        thread: if chat.is_empty() { from.value.clone() } else { chat },
        from,
        at: None,
        text: title(message, &data).unwrap_or_else(|| data.clone()),
        kind: InKind::Choice { id: data },
        reply_to: id(message, "/message_id").map(|_| message_id(message)),
        public: public(message),
        files: Vec::new(),
    }))
}

/// What stood on the button with this data.
fn title(message: &Value, data: &str) -> Option<String> {
    let rows = list(message, "/reply_markup/inline_keyboard").iter();
    let mut buttons = rows.flat_map(|row| row.as_array().into_iter().flatten());
    let pressed = buttons.find(|b| text(b, "/callback_data").as_deref() == Some(data))?;
    text(pressed, "/text")
}

fn reaction(update: &Value) -> Incoming {
    let part = &update["message_reaction"];
    let signs: Vec<String> =
        list(part, "/new_reaction").iter().filter_map(|sign| text(sign, "/emoji")).collect();
    let who = ["/user", "/actor_chat"].iter().find_map(|pointer| part.pointer(pointer));
    let from = sender(&serde_json::json!({ "from": who }));
    Incoming::Message(Box::new(InMessage {
        external_id: format!("reaction:{}", id_or_hash(update, "/update_id")),
        thread: thread(part),
        from,
        at: moment(part, "/date", SECOND),
        text: signs.join(" "),
        kind: InKind::Reaction,
        reply_to: Some(message_id(part)),
        public: public(part),
        files: Vec::new(),
    }))
}
