//! The client of Messenger and Instagram against a server that is as strict as the Messenger
//! Platform documents itself; and their events that no published example shows.

use serde_json::{Value, json};
use tanggap_channels::exchange::{InKind, Incoming, NotSent, Outgoing, ReceiptState};
use tanggap_channels::messenger::{Kind, Secrets};
use tanggap_channels::meta::Platform;
use tanggap_channels::meta::wire::Meta;
use tanggap_channels::web::NotFetched;

use crate::server::{Call, Reply, Server, http, now, paper, picture, words};
use crate::whatsapp::{entry, error, error_body};

const PAGE: &str = "117172741761305";

fn to_message(call: &Call) -> Reply {
    let (to, message) = (&call.json["recipient"], &call.json["message"]);
    let text = message["text"].as_str().unwrap_or_default();
    let attachment = message["attachment"]["payload"]["attachment_id"].as_str();
    if text.chars().count() > 2000 || (text.is_empty() && attachment != Some("att-1")) {
        return error(400, 100, "Length of param message[text] must be less than 2000");
    }
    let tagged = call.json["messaging_type"] == "MESSAGE_TAG";
    if !tagged && call.json["messaging_type"] != "RESPONSE" {
        return error(400, 100, "messaging_type is required");
    }
    if tagged && call.json["tag"] != "HUMAN_AGENT" {
        return error(400, 100, "Invalid tag");
    }
    match to["id"].as_str() {
        Some("outside") if !tagged => Reply::Json(
            400,
            error_body(10, 2_018_278, "This message is sent outside of allowed window."),
        ),
        Some("long-outside") => Reply::Json(
            400,
            error_body(10, 2_018_278, "This message is sent outside of allowed window."),
        ),
        Some("blocked") => {
            Reply::Json(400, error_body(551, 1_545_041, "This person isn't available right now."))
        }
        Some("limited") => error(400, 613, "Calls to this api have exceeded the rate limit."),
        Some("forbidden") => error(403, 200, "Requires pages_messaging permission"),
        Some(to) => Reply::Json(200, json!({ "recipient_id": to, "message_id": "m_1" })),
        None if to["comment_id"] == "3_5" => {
            Reply::Json(200, json!({ "recipient_id": "338", "message_id": "m_private" }))
        }
        None if to["comment_id"] == "3_6" => error(400, 10900, "Activity already replied to"),
        None => error(400, 100, "recipient is required"),
    }
}

async fn platform(which: Platform) -> (Server, Meta) {
    let server = Server::start(|call, _| {
        if call.path.starts_with("/files/") {
            // The address itself is the key: no token is shown around.
            assert_eq!(call.header("authorization"), "");
            return Reply::Bytes("image/jpeg", b"jpeg".to_vec());
        }
        if let Some(refusal) = entry(call) {
            return refusal;
        }
        let path: Vec<&str> = call.path.trim_start_matches("/v23.0/").split('/').collect();
        match path.as_slice() {
            [PAGE, "messages"] => to_message(call),
            [PAGE, "message_attachments"] => {
                let about: Value = serde_json::from_str(&call.field("message")).unwrap();
                let kind = about["attachment"]["type"].as_str().unwrap();
                let (name, media_type, _) = call.form["filedata"].clone();
                assert!(name.is_some() && media_type.is_some());
                assert!(["image", "file"].contains(&kind));
                Reply::Json(200, json!({ "attachment_id": "att-1" }))
            }
            ["3_5", "comments"] => Reply::Json(200, json!({ "id": "3_7" })),
            ["17", "replies"] => Reply::Json(200, json!({ "id": "18" })),
            [PAGE] => Reply::Json(200, json!({ "name": "Dinas PU", "id": PAGE })),
            ["338"] => Reply::Json(200, json!({ "name": "Jane Dae", "id": "338" })),
            _ => error(404, 2500, "Unknown path components"),
        }
    })
    .await;
    let secrets =
        Secrets { token: "EAAtoken".into(), app_secret: "app-secret".into(), ..Secrets::default() };
    let client = Meta::new(&http(), &server.url("/v23.0"), which, PAGE, &secrets).unwrap();
    (server, client)
}

#[tokio::test]
async fn messages_and_files_go_out_as_documented() {
    let (server, client) = platform(Platform::Messenger).await;
    let mut message = words("338", &"kata ".repeat(500));
    message.files = vec![picture(), paper()];
    assert_eq!(client.send(&message, now()).await.unwrap().external_ids.len(), 4);
    let sent = server.bodies("/messages");
    assert_eq!(sent[2]["message"]["attachment"]["type"], "image");
    assert_eq!(sent[3]["message"]["attachment"]["type"], "file");
    assert_eq!(client.check().await.unwrap(), "Dinas PU");
    assert_eq!(client.name_of("338").await.unwrap().as_deref(), Some("Jane Dae"));

    let (server, client) = platform(Platform::Instagram).await;
    let accented = words("338", &"é".repeat(1200));
    assert_eq!(client.send(&accented, now()).await.unwrap().external_ids.len(), 3);
    let file = Outgoing { files: vec![picture()], ..words("338", "") };
    client.send(&file, now()).await.unwrap();
    let upload = server.calls().into_iter().find(|c| c.path.ends_with("attachments")).unwrap();
    assert_eq!(upload.field("platform"), "instagram");
}

#[tokio::test]
async fn after_a_day_only_a_person_may_write_and_after_a_week_nobody() {
    let (server, client) = platform(Platform::Messenger).await;
    let by_person = |to: &str| Outgoing { by_person: true, ..words(to, "Halo") };
    let machine = client.send(&words("outside", "Halo"), now()).await.unwrap_err();
    let expected = Some("10/2018278".to_owned());
    assert!(matches!(machine, NotSent::Never { code, .. } if code == expected));
    assert_eq!(client.send(&by_person("outside"), now()).await.unwrap().external_ids, ["m_1"]);
    let sent = server.bodies("/messages").pop().unwrap();
    assert_eq!(
        (&sent["messaging_type"], &sent["tag"]),
        (&json!("MESSAGE_TAG"), &json!("HUMAN_AGENT"))
    );
    let late = client.send(&by_person("long-outside"), now()).await.unwrap_err();
    assert!(matches!(late, NotSent::Never { .. }), "{late:?}");
    // Within the window no tag is used, which would need a permission of its own.
    client.send(&by_person("338"), now()).await.unwrap();
    assert_eq!(server.bodies("/messages").pop().unwrap()["messaging_type"], "RESPONSE");
}

#[tokio::test]
async fn each_refusal_means_what_is_documented() {
    let (_, client) = platform(Platform::Messenger).await;
    let send = async |to: &str| client.send(&words(to, "Halo"), now()).await.unwrap_err();
    assert!(matches!(send("blocked").await, NotSent::Never { .. }));
    assert!(matches!(send("limited").await, NotSent::Later { .. }));
    assert!(matches!(send("forbidden").await, NotSent::Account { .. }));
}

#[tokio::test]
async fn comments_are_answered_publicly_or_privately() {
    let (server, client) = platform(Platform::Messenger).await;
    let private = Outgoing { private_reply: true, ..words("comment:3_5", "Mari lanjut di sini") };
    assert_eq!(client.send(&private, now()).await.unwrap().external_ids, ["m_private"]);
    assert_eq!(server.bodies("/messages")[0]["recipient"], json!({ "comment_id": "3_5" }));
    let twice = Outgoing { to: "comment:3_6".into(), ..private.clone() };
    assert!(matches!(client.send(&twice, now()).await, Err(NotSent::Never { .. })));
    let long = Outgoing { text: "a".repeat(2001), ..private };
    assert!(matches!(client.send(&long, now()).await, Err(NotSent::Never { .. })));
    assert_eq!(
        client.send(&words("comment:3_5", "Halo"), now()).await.unwrap().external_ids,
        ["3_7"]
    );
    let (_, client) = platform(Platform::Instagram).await;
    assert_eq!(
        client.send(&words("comment:17", "Halo"), now()).await.unwrap().external_ids,
        ["18"]
    );
}

#[tokio::test]
async fn files_come_from_metas_hosts_only() {
    let (server, client) = platform(Platform::Messenger).await;
    let fetched = client.fetch(&server.url("/files/1"), 100).await.unwrap();
    assert_eq!(
        (fetched.bytes.as_slice(), fetched.media_type.as_deref()),
        (&b"jpeg"[..], Some("image/jpeg"))
    );
    for address in
        ["https://www.example.com/test.jpeg", "http://127.0.0.1:9/x", "file:///etc/passwd"]
    {
        let error = client.fetch(address, 100).await.unwrap_err();
        assert!(matches!(error, NotFetched::Gone(_)), "{address}: {error:?}");
    }
}

fn told(event: Value) -> Incoming {
    let body =
        json!({ "object": "page", "entry": [{ "id": PAGE, "time": 1, "messaging": [event] }] });
    let mut found = Kind::Messenger.read(body.to_string().as_bytes());
    assert_eq!(found.len(), 1);
    found.remove(0).what
}

#[test]
fn events_without_a_published_example_are_read_by_the_reference() {
    let event = |name: &str, part: Value| {
        let mut event = json!({ "sender": { "id": "338" }, "recipient": { "id": PAGE },
            "timestamp": 1_648_581_633_369_i64 });
        event[name] = part;
        told(event)
    };
    let message = |what| match what {
        Incoming::Message(message) => *message,
        other => panic!("{other:?}"),
    };
    let press =
        message(event("postback", json!({ "mid": "m_9", "title": "Lapor", "payload": "REPORT" })));
    assert_eq!((press.external_id.as_str(), press.text.as_str()), ("m_9", "Lapor"));
    assert_eq!(press.kind, InKind::Choice { id: "REPORT".into() });
    let quick = message(event(
        "message",
        json!({ "mid": "m_1", "text": "Ya", "quick_reply": { "payload": "YES" } }),
    ));
    assert_eq!(quick.kind, InKind::Choice { id: "YES".into() });
    let sign = message(event(
        "reaction",
        json!({ "mid": "m_1", "action": "react", "emoji": "❤", "reaction": "love" }),
    ));
    assert_eq!(
        (sign.text.as_str(), sign.reply_to.as_deref(), &sign.kind),
        ("❤", Some("m_1"), &InKind::Reaction)
    );
    let back = message(event("reaction", json!({ "mid": "m_1", "action": "unreact" })));
    assert_eq!(back.text, "");
    let edit =
        message(event("message_edit", json!({ "mid": "m_1", "text": "Tidak", "num_edit": 1 })));
    assert_eq!((edit.external_id.as_str(), &edit.kind), ("m_1:edit:1", &InKind::Edit));
    let place = json!({ "mid": "m_2", "attachments": [{ "type": "location", "payload": {
        "coordinates": { "lat": -6.2, "long": 106.8 } } }] });
    assert_eq!(message(event("message", place)).text, "geo:-6.2,106.8");
    let strange = json!({ "mid": "m_3", "attachments": [{ "type": "hologram", "payload": {} }] });
    assert_eq!(
        message(event("message", strange)).kind,
        InKind::Unknown { name: "hologram".into() }
    );
    let echo = json!({ "mid": "m_4", "is_echo": true, "text": "dari kami" });
    assert!(matches!(event("message", echo), Incoming::Other { kind, .. } if kind == "echo"));
    match event("delivery", json!({ "mids": ["m_1"], "watermark": 1_648_581_633_370_i64 })) {
        Incoming::Receipt(receipt) => {
            assert_eq!(
                (receipt.external_id.as_str(), receipt.state),
                ("m_1", ReceiptState::Delivered)
            );
        }
        other => panic!("{other:?}"),
    }
    match event("read", json!({ "mid": "m_1" })) {
        Incoming::Receipt(receipt) => assert_eq!(receipt.state, ReceiptState::Read),
        other => panic!("{other:?}"),
    }
    assert!(matches!(event("pass_thread_control", json!({})), Incoming::Other { .. }));
    let own = json!({ "entry": [{ "id": "1", "changes": [{ "field": "feed", "value": {
        "from": { "id": "1" }, "item": "comment", "verb": "add", "comment_id": "3_7" } }] }] });
    let found = Kind::Messenger.read(own.to_string().as_bytes());
    assert!(matches!(&found[0].what, Incoming::Other { kind, .. } if kind == "echo"));
    let comment = json!({ "object": "instagram", "entry": [{ "id": "1", "time": 1, "field": "comments",
        "value": { "id": "17", "from": { "id": "9", "username": "warga" }, "text": "Jalan rusak",
        "media": { "id": "5" } } }] });
    match Kind::Instagram.read(comment.to_string().as_bytes()).remove(0).what {
        Incoming::Message(found) => {
            assert_eq!((found.thread.as_str(), found.text.as_str()), ("comment:17", "Jalan rusak"));
            assert!(found.public);
        }
        other => panic!("{other:?}"),
    }
}
