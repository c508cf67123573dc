//! Webhook bodies of X as plain data: of the Account Activity API, and of the X Activity API,
//! which puts the same events into an envelope. Never fails: what is not understood becomes
//! [`Incoming::Other`]; what the account itself wrote is no message.

use serde_json::Value;

use crate::exchange::{
    FileSource, InFile, InMessage, InReceipt, Incoming, Peer, PeerKind, ReceiptState,
};
use crate::json::{MILLISECOND, id, id_or_hash, list, moment, text};
use crate::messenger::{Arrived, unreadable};

use super::POST;

/// Everything that one call told, each with the id of the account of ours that it was told to.
#[must_use]
pub fn parse(raw: &[u8]) -> Vec<Arrived> {
    let Ok(body) = serde_json::from_slice::<Value>(raw) else { return unreadable() };
    let found = match body.pointer("/data/event_type").and_then(Value::as_str) {
        Some(kind) => activity(&body["data"], kind),
        None => events(&body, id(&body, "/for_user_id")),
    };
    if found.is_empty() { unreadable() } else { found }
}

/// One event of the X Activity API.
fn activity(data: &Value, kind: &str) -> Vec<Arrived> {
    let ours = id(data, "/filter/user_id");
    let payload = &data["payload"];
    if kind == "post.mention.create" {
        let what = mention(data, payload, ours.as_deref());
        return vec![Arrived { address: ours, what }];
    }
    let found = events(payload, ours.clone());
    if !found.is_empty() {
        return found;
    }
    let what = Incoming::Other { kind: kind.to_owned(), external_id: id(data, "/event_uuid") };
    vec![Arrived { address: ours, what }]
}

/// The events of a body in the form of the Account Activity API.
fn events(body: &Value, ours: Option<String>) -> Vec<Arrived> {
    let own = ours.as_deref();
    let mut found: Vec<Incoming> = Vec::new();
    for (name, part) in body.as_object().into_iter().flatten() {
        let Some(part) = part.as_array().filter(|_| name.ends_with("_events")) else {
            continue;
        };
        found.extend(part.iter().map(|event| match name.as_str() {
            "direct_message_events" => direct(body, event, own),
            "tweet_create_events" => tweet(event, own),
            "direct_message_mark_read_events" => read(event, own),
            _ => Incoming::Other { kind: name.clone(), external_id: id(event, "/id") },
        }));
    }
    found.into_iter().map(|what| Arrived { address: ours.clone(), what }).collect()
}

fn echo(external_id: Option<String>) -> Incoming {
    Incoming::Other { kind: "echo".to_owned(), external_id }
}

/// The name that somebody shows: a handle with `@`, as people know it there.
fn shown(user: &Value) -> Option<String> {
    let name = text(user, "/name");
    let handle = text(user, "/screen_name").or_else(|| text(user, "/username"));
    match (name, handle) {
        (Some(name), Some(handle)) => Some(format!("{name} (@{handle})")),
        (name, handle) => name.or(handle.map(|handle| format!("@{handle}"))),
    }
}

fn direct(body: &Value, event: &Value, ours: Option<&str>) -> Incoming {
    let external_id = id_or_hash(event, "/id");
    let created = &event["message_create"];
    let (Some(sender), true) = (id(created, "/sender_id"), created.is_object()) else {
        let kind = text(event, "/type").unwrap_or_else(|| "direct_message_events".to_owned());
        return Incoming::Other { kind, external_id: Some(external_id) };
    };
    if Some(sender.as_str()) == ours {
        return echo(Some(external_id));
    }
    let data = &created["message_data"];
    let user = &body["users"][&sender];
    let user = if user["data"].is_object() { &user["data"] } else { user };
    let media = &data["attachment"]["media"];
    let choice = text(data, "/quick_reply_response/metadata");
    let mut found = InMessage {
        external_id,
        thread: sender.clone(),
        from: Peer { kind: PeerKind::Handle, value: sender, name: shown(user) },
        at: moment(event, "/created_timestamp", MILLISECOND),
        text: words(data, std::slice::from_ref(media)),
        files: file(media).into_iter().collect(),
        ..InMessage::default()
    };
    if let Some(id) = choice {
        found.kind = crate::exchange::InKind::Choice { id };
    }
    Incoming::Message(Box::new(found))
}

/// A text with its short links written out and without those that only stand for its pictures.
fn words(data: &Value, media: &[Value]) -> String {
    let full = ["/extended_tweet/full_text", "/full_text", "/text"];
    let mut words = full.iter().find_map(|pointer| text(data, pointer)).unwrap_or_default();
    for picture in media {
        if let Some(short) = text(picture, "/url") {
            words = words.replace(&short, "");
        }
    }
    let urls = list(data, "/entities/urls").iter();
    for url in urls.chain(list(data, "/extended_tweet/entities/urls")) {
        if let (Some(short), Some(long)) = (text(url, "/url"), text(url, "/expanded_url")) {
            words = words.replace(&short, &long);
        }
    }
    // X escapes these three, and only these.
    words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").trim().to_owned()
}

/// A picture, or the best of a film's versions.
fn file(media: &Value) -> Option<InFile> {
    let film = list(media, "/video_info/variants")
        .iter()
        .filter(|version| text(version, "/content_type").as_deref() == Some("video/mp4"))
        .max_by_key(|version| crate::json::number(version, "/bitrate").unwrap_or(0))
        .and_then(|version| text(version, "/url"));
    let (url, media_type) = match film {
        Some(url) => (url, Some("video/mp4".to_owned())),
        None => (text(media, "/media_url_https")?, None),
    };
    Some(InFile { name: None, media_type, source: FileSource::Provider(url) })
}

/// A post, as the Account Activity API tells it.
fn tweet(tweet: &Value, ours: Option<&str>) -> Incoming {
    let post = id(tweet, "/id_str").unwrap_or_else(|| id_or_hash(tweet, "/id"));
    let author = id(tweet, "/user/id_str").or_else(|| id(tweet, "/user/id"));
    let Some(author) = author else {
        let kind = "tweet_create_events".to_owned();
        return Incoming::Other { kind, external_id: Some(post) };
    };
    if Some(author.as_str()) == ours {
        return echo(Some(post));
    }
    // A repost carries somebody's words, not its sender's.
    if tweet["retweeted_status"].is_object() {
        return Incoming::Other { kind: "retweet".to_owned(), external_id: Some(post) };
    }
    let within = |pointer| list(tweet, pointer);
    let media =
        [within("/extended_tweet/extended_entities/media"), within("/extended_entities/media")]
            .into_iter()
            .find(|media| !media.is_empty())
            .unwrap_or_default();
    Incoming::Message(Box::new(InMessage {
        thread: format!("{POST}{post}:{author}"),
        external_id: post,
        from: Peer { kind: PeerKind::Handle, value: author, name: shown(&tweet["user"]) },
        at: moment(tweet, "/timestamp_ms", MILLISECOND),
        text: words(tweet, media),
        files: media.iter().filter_map(file).collect(),
        reply_to: id(tweet, "/in_reply_to_status_id_str"),
        public: true,
        ..InMessage::default()
    }))
}

/// A mention, as the X Activity API tells it.
fn mention(data: &Value, post: &Value, ours: Option<&str>) -> Incoming {
    let external_id = id_or_hash(post, "/id");
    let Some(author) = id(post, "/author_id") else {
        let kind = "post.mention.create".to_owned();
        return Incoming::Other { kind, external_id: Some(external_id) };
    };
    if Some(author.as_str()) == ours {
        return echo(Some(external_id));
    }
    let users = list(data, "/includes/users");
    let user = users.iter().find(|user| id(user, "/id").as_deref() == Some(&author));
    let keys = list(post, "/attachments/media_keys");
    let media = list(data, "/includes/media").iter().filter(|media| {
        keys.iter().any(|key| id(key, "").is_some() && id(key, "") == id(media, "/media_key"))
    });
    let files = media.filter_map(|media| {
        let source = FileSource::Provider(text(media, "/url")?);
        Some(InFile { name: None, media_type: None, source })
    });
    let referenced = list(post, "/referenced_tweets").iter();
    let mut answered =
        referenced.filter(|other| text(other, "/type").as_deref() == Some("replied_to"));
    Incoming::Message(Box::new(InMessage {
        thread: format!("{POST}{external_id}:{author}"),
        external_id,
        from: Peer { kind: PeerKind::Handle, value: author, name: user.and_then(shown) },
        at: moment(post, "/created_at", MILLISECOND),
        text: words(post, &[]),
        files: files.collect(),
        reply_to: answered.next().and_then(|other| id(other, "/id")),
        public: true,
        ..InMessage::default()
    }))
}

/// Somebody read our direct messages up to one of them.
fn read(event: &Value, ours: Option<&str>) -> Incoming {
    let last = id(event, "/last_read_event_id");
    match last {
        Some(external_id) if id(event, "/sender_id").as_deref() != ours => {
            Incoming::Receipt(InReceipt {
                external_id,
                key: None,
                state: ReceiptState::Read,
                at: moment(event, "/created_timestamp", MILLISECOND),
            })
        }
        last => echo(last),
    }
}
