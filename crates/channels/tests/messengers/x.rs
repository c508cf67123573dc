//! The X client against a server that checks what X documents; and the events of the X Activity
//! API.

use std::time::Duration;

use serde_json::{Value, json};
use tanggap_channels::exchange::{Incoming, NotSent, Outgoing, ReceiptState};
use tanggap_channels::messenger::{Kind, Secrets};
use tanggap_channels::web::NotFetched;
use tanggap_channels::x::wire::X;

use crate::server::{Call, Reply, Server, http, now, paper, picture, words};

const NOW: i64 = 1_700_000_000;

fn problem(status: u16, kind: &str, title: &str) -> Value {
    json!({ "title": title, "type": format!("https://api.x.com/2/problems/{kind}"),
        "status": status, "detail": title })
}

fn signed(call: &Call) -> bool {
    let header = call.header("authorization");
    let fields = [
        "oauth_consumer_key=\"key\"",
        "oauth_token=\"token\"",
        "oauth_nonce=",
        "oauth_timestamp=\"1700000000\"",
        "oauth_signature_method=\"HMAC-SHA1\"",
        "oauth_signature=",
    ];
    header.starts_with("OAuth ") && fields.iter().all(|field| header.contains(field))
}

async fn api() -> (Server, X) {
    let server = Server::start(|call, _| {
        if !signed(call) {
            return Reply::Json(401, problem(401, "about:blank", "Unauthorized"));
        }
        let path: Vec<&str> = call.path.trim_start_matches('/').split('/').collect();
        match path.as_slice() {
            ["2", "dm_conversations", "with", person, "messages"] => to_message(call, person),
            ["2", "tweets"] if call.json["reply"]["in_reply_to_tweet_id"] == "99" => {
                Reply::Json(201, json!({ "data": { "id": "100", "text": "Halo" } }))
            }
            ["2", "media", "upload"] if call.form.contains_key("media") => Reply::Json(
                200,
                json!({
                    "data": { "id": call.field("media_category"), "media_key": "3_1" },
                }),
            ),
            ["2", "users", "me"] => {
                Reply::Json(200, json!({ "data": { "id": "456", "username": "dinaspu" } }))
            }
            ["media", "a.jpg"] => Reply::Bytes("image/jpeg", b"jpeg".to_vec()),
            _ => Reply::Json(404, problem(404, "resource-not-found", "Not Found")),
        }
    })
    .await;
    let secrets = Secrets {
        app_key: "key".into(),
        app_secret: "secret".into(),
        token: "token".into(),
        token_secret: "hidden".into(),
        ..Secrets::default()
    };
    let client = X::new(&http(), &server.url(""), &secrets, || NOW).unwrap();
    (server, client)
}

fn to_message(call: &Call, person: &str) -> Reply {
    let forbidden = |title: &str| Reply::Json(403, problem(403, "about:blank", title));
    match person {
        "429" => Reply::With(
            429,
            problem(429, "about:blank", "Too Many Requests"),
            "x-rate-limit-reset",
            (NOW + 90).to_string(),
        ),
        "403" => forbidden("You do not have permission to DM one or more participants."),
        "client" => Reply::Json(403, problem(403, "client-forbidden", "Client Forbidden")),
        "349" => Reply::Json(
            403,
            json!({ "errors": [{ "code": 349,
            "message": "You cannot send messages to this user." }] }),
        ),
        "500" => Reply::Json(500, problem(500, "about:blank", "Internal Server Error")),
        "503" => Reply::Json(503, problem(503, "about:blank", "Service Unavailable")),
        "408" => Reply::Hang,
        _ if call.json["text"].is_string()
            || call.json["attachments"][0]["media_id"].is_string() =>
        {
            Reply::Json(
                201,
                json!({ "data": {
                "dm_conversation_id": "123-456", "dm_event_id": "1128" } }),
            )
        }
        _ => Reply::Json(400, problem(400, "invalid-request", "Invalid Request")),
    }
}

#[tokio::test]
async fn messages_answers_and_pictures_go_out_as_documented() {
    let (server, client) = api().await;
    let message = Outgoing { files: vec![picture()], ..words("456", "Halo") };
    assert_eq!(client.send(&message, now()).await.unwrap().external_ids, ["1128", "1128"]);
    let sent = server.bodies("/messages");
    assert_eq!(sent[0], json!({ "text": "Halo" }));
    assert_eq!(sent[1], json!({ "attachments": [{ "media_id": "dm_image" }] }));
    assert_eq!(
        client.send(&words("post:99:456", "Halo"), now()).await.unwrap().external_ids,
        ["100"]
    );
    let private = Outgoing { private_reply: true, ..words("post:99:456", "Halo") };
    assert_eq!(client.send(&private, now()).await.unwrap().external_ids, ["1128"]);
    assert!(server.calls().last().unwrap().path.contains("/with/456/"));
    let long = words("post:99:456", &"a".repeat(281));
    assert!(matches!(client.send(&long, now()).await, Err(NotSent::Never { .. })));
    let document = Outgoing { files: vec![paper()], ..words("456", "") };
    assert!(matches!(client.send(&document, now()).await, Err(NotSent::Never { .. })));
    assert_eq!(client.check().await.unwrap(), "@dinaspu");
    let fetched = client.fetch(&server.url("/media/a.jpg"), 100).await.unwrap();
    assert_eq!(fetched.bytes, b"jpeg");
    let elsewhere = client.fetch("https://example.org/a.jpg", 100).await;
    assert!(matches!(elsewhere, Err(NotFetched::Gone(_))));
}

#[tokio::test]
async fn each_refusal_means_what_is_documented() {
    let (server, client) = api().await;
    let send = async |to: &str| client.send(&words(to, "Halo"), now()).await.unwrap_err();
    let after = Some(Duration::from_secs(90));
    assert!(matches!(send("429").await, NotSent::Later { after: a, .. } if a == after));
    assert!(matches!(send("403").await, NotSent::Never { .. }));
    assert!(
        matches!(send("349").await, NotSent::Never { code, .. } if code.as_deref() == Some("349"))
    );
    assert!(matches!(send("client").await, NotSent::Account { .. }));
    assert!(matches!(send("500").await, NotSent::Unsure { .. }));
    assert!(matches!(send("503").await, NotSent::Later { .. }));
    assert!(matches!(send("408").await, NotSent::Unsure { .. }));
    let stranger = X::new(&http(), &server.url(""), &Secrets::default(), || NOW).unwrap();
    assert!(matches!(stranger.send(&words("1", "a"), now()).await, Err(NotSent::Account { .. })));
}

#[test]
fn events_of_the_activity_api_are_read() {
    let event = |kind: &str, payload: Value, includes: Value| {
        let body = json!({ "data": { "event_uuid": "-68", "filter": { "user_id": "11" },
            "event_type": kind, "payload": payload, "includes": includes } });
        let mut found = Kind::X.read(body.to_string().as_bytes());
        assert_eq!(found.len(), 1);
        let found = found.remove(0);
        assert_eq!(found.address.as_deref(), Some("11"));
        found.what
    };
    let direct = json!({
        "direct_message_events": [{ "type": "message_create", "id": "20807",
            "created_timestamp": "1784928224372", "message_create": {
            "target": { "recipient_id": "11" }, "sender_id": "22",
            "message_data": { "text": "lihat https://t.co/a &amp; ini https://t.co/b",
                "entities": { "urls": [{ "url": "https://t.co/a", "expanded_url": "https://go.id" }] },
                "attachment": { "type": "media", "media": { "url": "https://t.co/b",
                    "media_url_https": "https://ton.twitter.com/1.1/ton/data/dm/1/2/a.jpg" } } } } }],
        "users": { "22": { "data": { "id": "22", "name": "Ani", "username": "ani" } } },
    });
    match event("dm.received", direct, json!({})) {
        Incoming::Message(found) => {
            assert_eq!(found.text, "lihat https://go.id & ini");
            assert_eq!(found.from.name.as_deref(), Some("Ani (@ani)"));
            assert_eq!((found.thread.as_str(), found.files.len()), ("22", 1));
        }
        other => panic!("{other:?}"),
    }
    let post = json!({ "id": "20807", "author_id": "22", "text": "hey @dinaspu",
        "created_at": "2026-07-24T21:23:23.000Z" });
    let users = json!({ "users": [{ "id": "22", "name": "Ani", "username": "ani" }] });
    match event("post.mention.create", post, users) {
        Incoming::Message(found) => {
            assert!(found.public);
            assert_eq!(found.thread, "post:20807:22");
            assert_eq!(found.at, Some(1_784_928_203_000_000));
        }
        other => panic!("{other:?}"),
    }
    let sealed = event("chat.received", json!({ "encoded_event": "CwAB" }), json!({}));
    assert!(matches!(sealed, Incoming::Other { kind, .. } if kind == "chat.received"));
    let read = json!({ "for_user_id": "11", "direct_message_mark_read_events": [{
        "created_timestamp": "1784928224372", "sender_id": "22",
        "target": { "recipient_id": "11" }, "last_read_event_id": "1128" }] });
    match Kind::X.read(read.to_string().as_bytes()).remove(0).what {
        Incoming::Receipt(receipt) => {
            assert_eq!((receipt.external_id.as_str(), receipt.state), ("1128", ReceiptState::Read));
        }
        other => panic!("{other:?}"),
    }
}
