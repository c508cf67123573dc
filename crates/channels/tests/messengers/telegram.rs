//! The Telegram client against a server that is as strict as the Bot API documents itself; and
//! updates that no published example shows.

use std::time::Duration;

use serde_json::{Value, json};
use tanggap_channels::exchange::{InKind, Incoming, NotSent, OutFile, Outgoing};
use tanggap_channels::messenger::Kind;
use tanggap_channels::telegram::wire::Telegram;
use tanggap_channels::web::NotFetched;

use crate::server::{Call, Reply, Server, http, now, paper, picture, words};

const TOKEN: &str = "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11";

fn error(code: u16, description: &str) -> Reply {
    Reply::Json(code, json!({ "ok": false, "error_code": code, "description": description }))
}

fn result(value: Value) -> Reply {
    Reply::Json(200, json!({ "ok": true, "result": value }))
}

/// What the Bot API says to a message, by its chat.
fn to_message(call: &Call, text: &str, max: usize) -> Reply {
    let chat = call.json["chat_id"].as_str().map_or(call.field("chat_id"), str::to_owned);
    if text.encode_utf16().count() > max {
        return error(400, "Bad Request: message is too long");
    }
    match chat.as_str() {
        "403" => error(403, "Forbidden: bot was blocked by the user"),
        "400" => error(400, "Bad Request: chat not found"),
        "429" => Reply::Json(
            429,
            json!({
                "ok": false, "error_code": 429, "description": "Too Many Requests: retry after 14",
                "parameters": { "retry_after": 14 },
            }),
        ),
        "502" => Reply::Text(502, "<html>502 Bad Gateway</html>"),
        "408" => Reply::Hang,
        _ => {
            result(json!({ "message_id": 77, "chat": { "id": 111, "type": "private" }, "date": 1 }))
        }
    }
}

async fn api() -> (Server, Telegram) {
    let server = Server::start(|call, _| {
        let path: Vec<&str> = call.path.trim_start_matches('/').split('/').collect();
        let bot = format!("bot{TOKEN}");
        match path.as_slice() {
            ["file", of, "photos", "file_7.jpg"] if *of == bot => {
                Reply::Bytes("application/octet-stream", b"jpeg".to_vec())
            }
            [of, _] if *of != bot => error(401, "Unauthorized"),
            [_, "sendMessage"] => {
                to_message(call, call.json["text"].as_str().unwrap_or_default(), 4096)
            }
            [_, "sendPhoto"] if call.form.contains_key("photo") => {
                to_message(call, &call.field("caption"), 1024)
            }
            [_, "sendDocument"] if call.form.contains_key("document") => {
                to_message(call, &call.field("caption"), 1024)
            }
            [_, "getFile"] => match call.json["file_id"].as_str() {
                Some("photo") => result(json!({ "file_id": "photo", "file_size": 4,
                    "file_path": "photos/file_7.jpg" })),
                Some("up") => result(json!({ "file_id": "up", "file_path": "../../etc/passwd" })),
                Some("big") => error(400, "Bad Request: file is too big"),
                _ => error(400, "Bad Request: invalid file_id"),
            },
            [_, "getUpdates"] if call.json["offset"] == 409 => {
                error(409, "Conflict: terminated by other getUpdates request")
            }
            [_, "getUpdates"] => result(json!([
                { "update_id": 41, "message": { "message_id": 1, "chat": { "id": 5, "type": "private" },
                    "from": { "id": 5, "first_name": "Ani" }, "date": 1, "text": "Halo" } },
                { "update_id": 42, "poll": { "id": "9" } },
            ])),
            [_, "setWebhook"] if call.json["url"].as_str().is_some_and(|u| u.starts_with("https")) => {
                result(json!(true))
            }
            [_, "deleteWebhook" | "answerCallbackQuery"] => result(json!(true)),
            [_, "getMe"] => result(json!({ "id": 1, "is_bot": true, "username": "dinas_bot" })),
            _ => error(404, "Not Found"),
        }
    })
    .await;
    let client = Telegram::new(&http(), &server.url(""), TOKEN).unwrap();
    (server, client)
}

#[tokio::test]
async fn text_and_files_go_out_as_documented() {
    let (server, client) = api().await;
    let mut message = words("111", "Halo");
    message.reply_to = Some("111:5".into());
    assert_eq!(client.send(&message, now()).await.unwrap().external_ids, ["111:77"]);
    let sent = server.bodies("/sendMessage").remove(0);
    assert_eq!((&sent["chat_id"], &sent["text"]), (&json!("111"), &json!("Halo")));
    assert_eq!(sent["reply_parameters"]["message_id"], 5);

    // A character beyond the first plane counts twice.
    let long = words("-100123/9", &"😀".repeat(4000));
    assert_eq!(client.send(&long, now()).await.unwrap().external_ids.len(), 2);
    let sent = server.bodies("/sendMessage").remove(1);
    assert_eq!((&sent["chat_id"], &sent["message_thread_id"]), (&json!("-100123"), &json!("9")));

    let files = Outgoing { files: vec![picture(), paper()], ..words("111", "Ini suratnya") };
    assert_eq!(client.send(&files, now()).await.unwrap().external_ids.len(), 2);
    let calls = server.calls();
    let photo = calls.iter().find(|c| c.path.ends_with("sendPhoto")).unwrap();
    assert_eq!(photo.field("caption"), "Ini suratnya");
    let document = calls.iter().find(|c| c.path.ends_with("sendDocument")).unwrap();
    assert_eq!(document.field("caption"), "");
    assert_eq!(document.form["document"].0.as_deref(), Some("surat.pdf"));
    let large = OutFile { bytes: vec![0; (50 << 20) + 1], ..paper() };
    let large = Outgoing { files: vec![large], ..words("111", "") };
    assert!(matches!(client.send(&large, now()).await, Err(NotSent::Never { .. })));
}

#[tokio::test]
async fn each_refusal_means_what_is_documented() {
    let (server, client) = api().await;
    let send = async |to: &str| client.send(&words(to, "Halo"), now()).await.unwrap_err();
    assert_eq!(
        send("403").await,
        NotSent::Never {
            code: Some("403".into()),
            why: "Forbidden: bot was blocked by the user".into()
        }
    );
    assert!(matches!(send("400").await, NotSent::Never { .. }));
    let after = Some(Duration::from_secs(14));
    assert!(matches!(send("429").await, NotSent::Later { after: a, .. } if a == after));
    assert!(matches!(send("502").await, NotSent::Unsure { .. }));
    assert!(matches!(send("408").await, NotSent::Unsure { .. }));
    let wrong = Telegram::new(&http(), &server.url(""), "1:wrong").unwrap();
    assert!(matches!(wrong.send(&words("1", "a"), now()).await, Err(NotSent::Account { .. })));
    assert!(matches!(client.poll(409, Duration::ZERO).await, Err(NotSent::Account { .. })));
    assert!(Telegram::new(&http(), &server.url(""), "../etc").is_err());
}

#[tokio::test]
async fn polling_goes_on_after_the_last_update() {
    let (server, client) = api().await;
    let polled = client.poll(7, Duration::from_secs(3)).await.unwrap();
    assert_eq!(polled.next, 43);
    assert_eq!(polled.updates.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [41, 42]);
    let asked = server.bodies("/getUpdates").remove(0);
    assert_eq!((&asked["offset"], &asked["timeout"]), (&json!(7), &json!(3)));
    let first = Kind::Telegram.read(&polled.updates[0].1).remove(0);
    assert!(matches!(first.what, Incoming::Message(m) if m.text == "Halo"));
    let other = Kind::Telegram.read(&polled.updates[1].1).remove(0);
    assert!(matches!(other.what, Incoming::Other { kind, .. } if kind == "poll"));
    client.set_webhook("https://tanggap.go.id/kanal/telegram/1", "rahasia").await.unwrap();
    assert_eq!(server.bodies("/setWebhook")[0]["secret_token"], "rahasia");
    client.answer_press("callback:8").await.unwrap();
    assert_eq!(server.bodies("/answerCallbackQuery")[0]["callback_query_id"], "8");
    assert_eq!(client.check().await.unwrap(), "@dinas_bot");
}

#[tokio::test]
async fn files_come_in_two_steps() {
    let (_, client) = api().await;
    assert_eq!(client.fetch("photo", 100).await.unwrap().bytes, b"jpeg");
    assert_eq!(client.fetch("photo", 3).await, Err(NotFetched::TooLarge));
    assert_eq!(client.fetch("big", 100).await, Err(NotFetched::TooLarge));
    for reference in ["up", "none"] {
        assert!(matches!(client.fetch(reference, 100).await, Err(NotFetched::Gone(_))));
    }
}

#[test]
fn presses_and_signs_are_read() {
    let read =
        |update: Value| match Kind::Telegram.read(update.to_string().as_bytes()).remove(0).what {
            Incoming::Message(message) => *message,
            other => panic!("{other:?}"),
        };
    let chat = json!({ "id": 5, "type": "private" });
    let press = read(json!({ "update_id": 1, "callback_query": { "id": "8", "data": "yes",
        "from": { "id": 5, "first_name": "Ani" }, "message": { "message_id": 3, "chat": chat,
        "reply_markup": { "inline_keyboard": [[{ "text": "Ya", "callback_data": "yes" }]] } } } }));
    assert_eq!((press.text.as_str(), press.thread.as_str()), ("Ya", "5"));
    assert_eq!(press.kind, InKind::Choice { id: "yes".into() });
    assert_eq!(
        (press.external_id.as_str(), press.reply_to.as_deref()),
        ("callback:8", Some("5:3"))
    );
    let sign = read(json!({ "update_id": 2, "message_reaction": { "chat": chat, "message_id": 3,
        "user": { "id": 5, "first_name": "Ani" }, "date": 9, "old_reaction": [],
        "new_reaction": [{ "type": "emoji", "emoji": "👍" }] } }));
    assert_eq!(
        (sign.text.as_str(), &sign.kind, sign.reply_to.as_deref()),
        ("👍", &InKind::Reaction, Some("5:3"))
    );
    let place =
        read(json!({ "update_id": 3, "message": { "message_id": 4, "chat": chat, "date": 1,
        "from": { "id": 5 }, "location": { "latitude": -6.2, "longitude": 106.8 } } }));
    assert_eq!(place.text, "geo:-6.2,106.8");
    let card = read(json!({ "update_id": 4, "message": { "message_id": 5, "chat": chat, "date": 1,
        "from": { "id": 5 }, "contact": { "first_name": "Budi", "phone_number": "+62811" } } }));
    assert_eq!(card.text, "Budi +62811");
    let dice = read(json!({ "update_id": 5, "message": { "message_id": 6, "chat": chat, "date": 1,
        "from": { "id": 5 }, "dice": { "value": 3 } } }));
    assert_eq!(dice.kind, InKind::Unknown { name: "dice".into() });
    let blocked = json!({ "update_id": 6, "my_chat_member": { "chat": chat,
        "new_chat_member": { "status": "kicked" } } });
    let blocked = Kind::Telegram.read(blocked.to_string().as_bytes()).remove(0).what;
    assert!(matches!(blocked, Incoming::Other { kind, .. } if kind == "my_chat_member/kicked"));
}
