//! The Telegram client against an independent emulator of the Bot API (`telegram-test-api`, from
//! npm), whose address is in `TANGGAP_TEST_TELEGRAM`; unset, the test says that it was skipped.

use std::time::Duration;

use serde_json::{Value, json};
use tanggap_channels::exchange::{InKind, Incoming};
use tanggap_channels::messenger::Kind;
use tanggap_channels::telegram::wire::Telegram;

use crate::server::{http, now, words};

#[tokio::test]
async fn a_conversation_with_the_emulator() {
    let Ok(base) = std::env::var("TANGGAP_TEST_TELEGRAM") else {
        println!("skipped: TANGGAP_TEST_TELEGRAM is not set");
        return;
    };
    http();
    let plain = reqwest::Client::new();
    let person = async |path: &str, body: Value| -> Value {
        let call = plain.post(format!("{base}{path}")).json(&body);
        call.send().await.unwrap().json().await.unwrap()
    };
    let token = format!("{}:percakapan", std::process::id());
    let client = Telegram::new(&http(), &base, &token).unwrap();
    assert_eq!(client.check().await.unwrap(), "@TestNameBot");
    client.delete_webhook().await.unwrap();

    let chat = json!({ "id": 5, "type": "private", "first_name": "Ani" });
    let from = json!({ "id": 5, "first_name": "Ani", "username": "ani" });
    let said = json!({ "botToken": token, "chat": chat, "from": from, "date": 1_700_000_000,
        "text": "Jalan di depan rumah saya rusak" });
    person("/sendMessage", said).await;
    let polled = client.poll(0, Duration::ZERO).await.unwrap();
    let [(number, raw)] = polled.updates.as_slice() else { panic!("{polled:?}") };
    assert_eq!(polled.next, number + 1);
    let Incoming::Message(message) = Kind::Telegram.read(raw).remove(0).what else { panic!() };
    assert_eq!(message.text, "Jalan di depan rumah saya rusak");
    assert_eq!((message.thread.as_str(), message.from.name.as_deref()), ("5", Some("Ani")));

    let accepted = client.send(&words(&message.thread, "Terima kasih"), now()).await.unwrap();
    assert_eq!(accepted.external_ids.len(), 1);
    let seen = person("/getUpdates", json!({ "token": token, "chatId": "5" })).await;
    assert_eq!(seen["result"][0]["message"]["text"], "Terima kasih");

    let pressed = json!({ "botToken": token, "from": from, "data": "puas",
        "message": { "message_id": 1, "chat": chat } });
    person("/sendCallback", pressed).await;
    let polled = client.poll(polled.next, Duration::ZERO).await.unwrap();
    let raw = &polled.updates.first().expect("the press arrives").1;
    let Incoming::Message(press) = Kind::Telegram.read(raw).remove(0).what else { panic!() };
    assert_eq!(press.kind, InKind::Choice { id: "puas".into() });
    client.answer_press(&press.external_id).await.unwrap();
}
