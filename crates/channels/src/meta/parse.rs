//! Webhook bodies of the Messenger Platform (pages and Instagram) as plain data. Never fails:
//! what is not understood becomes [`Incoming::Other`] or [`InKind::Unknown`].
//!
//! Echoes of what the page itself wrote are no messages. A receipt of Messenger for all messages
//! up to a moment has the id `until:{person}` ([`UNTIL`]) and that moment.

use serde_json::Value;

use crate::exchange::{
    FileSource, InFile, InKind, InMessage, InReceipt, Incoming, Peer, PeerKind, ReceiptState,
};
use crate::json::{MILLISECOND, SECOND, id, id_or_hash, is, list, moment, place, text};
use crate::messenger::{Arrived, unreadable};

use super::{COMMENT, UNTIL};

/// Everything that one call told, each with the page or account of ours that it was told to.
#[must_use]
pub fn parse(raw: &[u8]) -> Vec<Arrived> {
    let Ok(body) = serde_json::from_slice::<Value>(raw) else { return unreadable() };
    let mut found = Vec::new();
    for entry in list(&body, "/entry") {
        let ours = id(entry, "/id");
        let before = found.len();
        let mut take = |address: Option<String>, what| {
            let address = address.or_else(|| ours.clone());
            found.push(Arrived { address, what });
        };
        // Another application may hold the conversation (standby); the person wrote all the same.
        for event in list(entry, "/messaging").iter().chain(list(entry, "/standby")) {
            let echo = is(event, "/message/is_echo");
            let to = if echo { "/sender/id" } else { "/recipient/id" };
            messaging(event).into_iter().for_each(|what| take(id(event, to), what));
        }
        for change in list(entry, "/changes") {
            take(None, changed(ours.as_deref(), change));
        }
        // Instagram with its own login puts the change into the entry.
        if entry["field"].is_string() {
            take(None, changed(ours.as_deref(), entry));
        }
        if found.len() == before {
            found.push(Arrived { address: ours, what: nothing("entry", None) });
        }
    }
    if found.is_empty() { unreadable() } else { found }
}

fn nothing(kind: &str, external_id: Option<String>) -> Incoming {
    Incoming::Other { kind: kind.to_owned(), external_id }
}

fn receipt(external_id: String, state: ReceiptState, at: Option<i64>) -> Incoming {
    Incoming::Receipt(InReceipt { external_id, key: None, state, at })
}

fn messaging(event: &Value) -> Vec<Incoming> {
    let sender = id(event, "/sender/id").unwrap_or_default();
    let at = moment(event, "/timestamp", MILLISECOND);
    if event["message"].is_object() {
        return vec![message(event)];
    }
    if event["delivery"].is_object() {
        let mids = list(event, "/delivery/mids").iter().filter_map(|mid| id(mid, ""));
        let until = moment(event, "/delivery/watermark", MILLISECOND);
        let mut found: Vec<Incoming> =
            mids.map(|mid| receipt(mid, ReceiptState::Delivered, until.or(at))).collect();
        if found.is_empty() {
            found.push(receipt(format!("{UNTIL}{sender}"), ReceiptState::Delivered, until));
        }
        return found;
    }
    if event["read"].is_object() {
        return vec![match id(event, "/read/mid") {
            Some(mid) => receipt(mid, ReceiptState::Read, at),
            None => {
                let until = moment(event, "/read/watermark", MILLISECOND);
                receipt(format!("{UNTIL}{sender}"), ReceiptState::Read, until.or(at))
            }
        }];
    }
    vec![sign(event)]
}

/// An event that is no message of its own: a sign, another version, a press on a button.
fn sign(event: &Value) -> Incoming {
    let mut found = frame(event);
    let time = id(event, "/timestamp").unwrap_or_default();
    if event["reaction"].is_object() {
        let part = &event["reaction"];
        let on = id(part, "/mid");
        found.external_id =
            format!("{}:reaction:{}:{time}", on.as_deref().unwrap_or(""), found.from.value);
        if text(part, "/action").as_deref() != Some("unreact") {
            let sign = text(part, "/emoji").or_else(|| text(part, "/reaction"));
            found.text = sign.unwrap_or_default();
        }
        found.reply_to = on;
        found.kind = InKind::Reaction;
    } else if event["message_edit"].is_object() {
        let part = &event["message_edit"];
        let (of, count) = (id(part, "/mid"), id(part, "/num_edit").unwrap_or(time));
        found.external_id = format!("{}:edit:{count}", of.as_deref().unwrap_or(""));
        found.text = text(part, "/text").unwrap_or_default();
        found.reply_to = of;
        found.kind = InKind::Edit;
    } else if event["postback"].is_object() {
        let part = &event["postback"];
        found.external_id = id(part, "/mid").unwrap_or_else(|| id_or_hash(event, "/none"));
        found.text = text(part, "/title").unwrap_or_default();
        found.kind = InKind::Choice { id: text(part, "/payload").unwrap_or_default() };
    } else {
        let frame = ["sender", "recipient", "timestamp"];
        let parts = event.as_object().into_iter().flatten();
        let name = parts.map(|(name, _)| name.as_str()).find(|name| !frame.contains(name));
        return nothing(name.unwrap_or("messaging"), None);
    }
    Incoming::Message(Box::new(found))
}

fn frame(event: &Value) -> InMessage {
    let from = Peer {
        kind: PeerKind::Handle,
        value: id(event, "/sender/id").unwrap_or_default(),
        name: text(event, "/sender/username").or_else(|| text(event, "/sender/name")),
    };
    InMessage {
        thread: from.value.clone(),
        from,
        at: moment(event, "/timestamp", MILLISECOND),
        ..InMessage::default()
    }
}

fn message(event: &Value) -> Incoming {
    let part = &event["message"];
    let mid = id(part, "/mid");
    if is(part, "/is_echo") {
        return nothing("echo", mid);
    }
    let mut found = frame(event);
    found.external_id = mid.clone().unwrap_or_else(|| id_or_hash(event, "/none"));
    found.reply_to = id(part, "/reply_to/mid");
    if is(part, "/is_deleted") {
        found.external_id = format!("{}:deleted", found.external_id);
        found.reply_to = mid;
        found.kind = InKind::Deletion;
        return Incoming::Message(Box::new(found));
    }
    let mut lines: Vec<String> = text(part, "/text").into_iter().collect();
    let mut strange = None;
    for attachment in list(part, "/attachments") {
        strange = attached(attachment, &mut found.files, &mut lines).or(strange);
    }
    // The story that is answered.
    if let Some(url) = text(part, "/reply_to/story/url") {
        found.files.push(file(url, None));
    }
    found.text = lines.join("\n");
    if let Some(payload) = text(part, "/quick_reply/payload") {
        found.kind = InKind::Choice { id: payload };
    } else if found.text.is_empty() && found.files.is_empty() {
        let name = strange.unwrap_or_else(|| "message".to_owned());
        found.kind = InKind::Unknown { name };
    }
    Incoming::Message(Box::new(found))
}

fn file(url: String, media_type: Option<&str>) -> InFile {
    let media_type = media_type.map(str::to_owned);
    InFile { name: None, media_type, source: FileSource::Provider(url) }
}

/// Takes one attachment; gives its type where nothing of it can be shown.
fn attached(
    attachment: &Value,
    files: &mut Vec<InFile>,
    lines: &mut Vec<String>,
) -> Option<String> {
    let kind = text(attachment, "/type").unwrap_or_else(|| "attachment".to_owned());
    let payload = &attachment["payload"];
    let url = text(payload, "/url").or_else(|| text(attachment, "/url"));
    match (kind.as_str(), url) {
        ("location", _) => {
            let place = place(payload, "/coordinates/lat", "/coordinates/long");
            let known = place.is_some();
            lines.extend(place);
            (!known).then_some(kind)
        }
        ("image" | "video" | "audio" | "file" | "story_mention", Some(url)) => {
            let media_type = match kind.as_str() {
                "image" => Some("image/jpeg"),
                "video" => Some("video/mp4"),
                _ => None,
            };
            files.push(file(url, media_type));
            None
        }
        // A link, a post or a reel that is shared.
        (_, Some(url)) => {
            let title = text(payload, "/title").or_else(|| text(attachment, "/title"));
            lines.extend(title);
            lines.push(url);
            None
        }
        _ => Some(kind),
    }
}

/// A change on a page or an account: comments are messages, the rest is not.
fn changed(ours: Option<&str>, change: &Value) -> Incoming {
    let field = text(change, "/field").unwrap_or_else(|| "feed".to_owned());
    let value = &change["value"];
    match field.as_str() {
        "feed" => feed(ours, value),
        "comments" | "live_comments" => comment(ours, value),
        _ => nothing(&field, None),
    }
}

/// What happens on a page on Facebook.
fn feed(ours: Option<&str>, value: &Value) -> Incoming {
    let item = text(value, "/item").unwrap_or_default();
    let verb = text(value, "/verb").unwrap_or_default();
    let known = ["comment", "status", "post", "photo", "video"].contains(&item.as_str());
    let object = if item == "comment" { id(value, "/comment_id") } else { id(value, "/post_id") };
    let from = id(value, "/from/id");
    let (Some(object), Some(from), true) = (object, from, known) else {
        return nothing(&format!("feed/{item}/{verb}"), None);
    };
    if Some(from.as_str()) == ours {
        return nothing("echo", Some(object));
    }
    let mut found = public(object, from, text(value, "/from/name"));
    found.at = moment(value, "/created_time", SECOND);
    found.text = text(value, "/message").unwrap_or_default();
    found.reply_to = id(value, "/parent_id").or_else(|| id(value, "/post_id"));
    let picture = text(value, "/photo").or_else(|| text(value, "/video"));
    found.files.extend(picture.map(|url| file(url, None)));
    match verb.as_str() {
        "add" => {}
        "edit" | "edited" => {
            let at = id(value, "/created_time").unwrap_or_default();
            found.reply_to = Some(found.external_id.clone());
            found.external_id = format!("{}:edit:{at}", found.external_id);
            found.kind = InKind::Edit;
        }
        "remove" | "delete" => {
            found.reply_to = Some(found.external_id.clone());
            found.external_id = format!("{}:deleted", found.external_id);
            found.kind = InKind::Deletion;
        }
        _ => return nothing(&format!("feed/{item}/{verb}"), Some(found.external_id)),
    }
    Incoming::Message(Box::new(found))
}

/// A comment on Instagram.
fn comment(ours: Option<&str>, value: &Value) -> Incoming {
    let (Some(object), Some(from)) = (id(value, "/id"), id(value, "/from/id")) else {
        return nothing("comments", id(value, "/id"));
    };
    if Some(from.as_str()) == ours {
        return nothing("echo", Some(object));
    }
    let mut found = public(object, from, text(value, "/from/username"));
    found.text = text(value, "/text").unwrap_or_default();
    found.reply_to = id(value, "/parent_id").or_else(|| id(value, "/media/id"));
    Incoming::Message(Box::new(found))
}

fn public(object: String, from: String, name: Option<String>) -> InMessage {
    InMessage {
        thread: format!("{COMMENT}{object}"),
        external_id: object,
        from: Peer { kind: PeerKind::Handle, value: from, name },
        public: true,
        ..InMessage::default()
    }
}
