//! Webhook bodies of the WhatsApp Cloud API as plain data. Never fails: what is not understood
//! becomes [`Incoming::Other`] or [`InKind::Unknown`].

use serde_json::Value;

use crate::exchange::{
    FileSource, InFile, InKind, InMessage, InReceipt, Incoming, Peer, PeerKind, ReceiptState,
};
use crate::json::{SECOND, id, id_or_hash, list, moment, place, text};
use crate::messenger::{Arrived, unreadable};

/// Message types that are a file.
const FILES: [&str; 6] = ["image", "video", "audio", "voice", "document", "sticker"];

/// Everything that one call told, each with the `phone_number_id` of ours that it was told to.
#[must_use]
pub fn parse(raw: &[u8]) -> Vec<Arrived> {
    let Ok(body) = serde_json::from_slice::<Value>(raw) else { return unreadable() };
    let mut found = Vec::new();
    for change in list(&body, "/entry").iter().flat_map(|entry| list(entry, "/changes")) {
        let address = id(change, "/value/metadata/phone_number_id");
        let arrived = |what| Arrived { address: address.clone(), what };
        let before = found.len();
        if text(change, "/field").as_deref() == Some("messages") {
            let value = &change["value"];
            let messages = list(value, "/messages").iter().map(|m| message(value, m));
            let statuses = list(value, "/statuses").iter().map(status);
            found.extend(messages.chain(statuses).map(arrived));
        }
        if found.len() == before {
            found.push(arrived(other(change)));
        }
    }
    if found.is_empty() { unreadable() } else { found }
}

/// A change that is no message and no status: of the account, a template, a call, an echo.
fn other(change: &Value) -> Incoming {
    let mut kind = text(change, "/field").unwrap_or_else(|| "whatsapp".to_owned());
    for pointer in ["/value/event", "/value/new_quality_score", "/value/errors/0/code"] {
        if let Some(more) = id(change, pointer) {
            kind = format!("{kind}/{more}");
            break;
        }
    }
    let named = ["/value/message_echoes/0/id", "/value/statuses/0/id"];
    Incoming::Other { kind, external_id: named.iter().find_map(|pointer| id(change, pointer)) }
}

fn message(value: &Value, message: &Value) -> Incoming {
    let kind = text(message, "/type").unwrap_or_else(|| "unknown".to_owned());
    let external_id = id_or_hash(message, "/id");
    if kind == "system" {
        let kind = match text(message, "/system/type") {
            Some(what) => format!("system/{what}"),
            None => kind,
        };
        return Incoming::Other { kind, external_id: Some(external_id) };
    }
    let from = sender(value, message);
    let mut found = InMessage {
        external_id,
        thread: from.value.clone(),
        from,
        at: moment(message, "/timestamp", SECOND),
        reply_to: id(message, "/context/id"),
        ..InMessage::default()
    };
    content(message, &kind, &mut found);
    Incoming::Message(Box::new(found))
}

/// The sender: a number, or for people who hide theirs an id within the provider.
fn sender(value: &Value, message: &Value) -> Peer {
    let (number, user) = (id(message, "/from"), id(message, "/from_user_id"));
    let contacts = list(value, "/contacts");
    let own = contacts.iter().find(|contact| {
        let same = |pointer, ours: &Option<String>| ours.is_some() && id(contact, pointer) == *ours;
        same("/wa_id", &number) || same("/user_id", &user)
    });
    let only = (contacts.len() == 1).then(|| &contacts[0]);
    let name = own.or(only).and_then(|contact| text(contact, "/profile/name"));
    match (number, user) {
        (Some(value), _) => Peer { kind: PeerKind::Phone, value, name },
        (None, user) => Peer { kind: PeerKind::Handle, value: user.unwrap_or_default(), name },
    }
}

fn content(message: &Value, kind: &str, found: &mut InMessage) {
    let part = &message[kind];
    match kind {
        "text" => found.text = text(part, "/body").unwrap_or_default(),
        _ if FILES.contains(&kind) && id(part, "/id").is_some() => {
            found.text = text(part, "/caption").unwrap_or_default();
            found.files.push(InFile {
                name: text(part, "/filename"),
                media_type: text(part, "/mime_type"),
                source: FileSource::Provider(id(part, "/id").unwrap_or_default()),
            });
        }
        "location" => match place(part, "/latitude", "/longitude") {
            Some(words) => found.text = words,
            None => unknown(message, kind, found),
        },
        "contacts" => found.text = cards(list(message, "/contacts")),
        "button" => {
            found.text = text(part, "/text").unwrap_or_default();
            found.kind = InKind::Choice { id: text(part, "/payload").unwrap_or_default() };
        }
        "interactive" => choice(message, part, found),
        "reaction" => {
            found.text = text(part, "/emoji").unwrap_or_default();
            found.reply_to = id(part, "/message_id");
            found.kind = InKind::Reaction;
        }
        "revoke" => {
            found.reply_to = id(part, "/original_message_id");
            found.kind = InKind::Deletion;
        }
        "edit" => {
            let inner = &part["message"];
            if let Some(kind) = text(inner, "/type").filter(|kind| kind != "edit") {
                content(inner, &kind, found);
            }
            found.reply_to = id(part, "/original_message_id");
            found.kind = InKind::Edit;
        }
        "order" => {
            unknown(message, kind, found);
            found.text = order(part);
        }
        _ => unknown(message, kind, found),
    }
}

fn unknown(message: &Value, kind: &str, found: &mut InMessage) {
    found.kind = InKind::Unknown { name: kind.to_owned() };
    found.text = text(message, "/errors/0/title").unwrap_or_default();
}

fn choice(message: &Value, part: &Value, found: &mut InMessage) {
    let kind = text(part, "/type").unwrap_or_default();
    match kind.as_str() {
        "button_reply" | "list_reply" => {
            let chosen = &part[&kind];
            found.text = text(chosen, "/title").unwrap_or_default();
            found.kind = InKind::Choice { id: text(chosen, "/id").unwrap_or_default() };
        }
        "nfm_reply" => {
            let lines = ["/nfm_reply/body", "/nfm_reply/response_json"];
            let lines: Vec<String> = lines.iter().filter_map(|key| text(part, key)).collect();
            found.text = lines.join("\n");
            found.kind = InKind::Choice { id: text(part, "/nfm_reply/name").unwrap_or_default() };
        }
        "" => unknown(message, "interactive", found),
        other => unknown(message, &format!("interactive/{other}"), found),
    }
}

/// Contact cards, one a line: a name and the numbers and addresses on it.
fn cards(cards: &[Value]) -> String {
    let lines = cards.iter().map(|card| {
        let name = text(card, "/name/formatted_name").or_else(|| text(card, "/name/first_name"));
        let phones = list(card, "/phones").iter().filter_map(|phone| text(phone, "/phone"));
        let mails = list(card, "/emails").iter().filter_map(|mail| text(mail, "/email"));
        name.into_iter().chain(phones).chain(mails).collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn order(order: &Value) -> String {
    let words = text(order, "/text");
    let items = list(order, "/product_items").iter().map(|item| {
        let of = |pointer| {
            item.pointer(pointer).map_or(String::new(), |v| match v {
                Value::String(words) => words.replace('\0', ""),
                other => other.to_string(),
            })
        };
        format!(
            "{} x {} ({} {})",
            of("/quantity"),
            of("/product_retailer_id"),
            of("/item_price"),
            of("/currency")
        )
    });
    words.into_iter().chain(items).collect::<Vec<_>>().join("\n")
}

fn status(status: &Value) -> Incoming {
    let word = text(status, "/status").unwrap_or_default();
    let external_id = id_or_hash(status, "/id");
    let state = match word.as_str() {
        "sent" => ReceiptState::Sent,
        "delivered" => ReceiptState::Delivered,
        // A voice message that was listened to was read.
        "read" | "played" => ReceiptState::Read,
        "failed" => ReceiptState::Failed { code: id(status, "/errors/0/code"), why: why(status) },
        _ => {
            let kind = format!("status/{word}");
            return Incoming::Other { kind, external_id: Some(external_id) };
        }
    };
    Incoming::Receipt(InReceipt {
        external_id,
        key: text(status, "/biz_opaque_callback_data"),
        state,
        at: moment(status, "/timestamp", SECOND),
    })
}

fn why(status: &Value) -> String {
    let mut words: Vec<String> = Vec::new();
    let said = ["/errors/0/title", "/errors/0/message", "/errors/0/error_data/details"];
    for more in said.iter().filter_map(|pointer| text(status, pointer)) {
        if !words.contains(&more) {
            words.push(more);
        }
    }
    words.join("; ")
}
