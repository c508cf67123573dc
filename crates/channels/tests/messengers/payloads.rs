//! What the providers publish, each read as one thing with its own id, sender, time, kind and
//! words. The data lies outside the repository, in the folder named by `TANGGAP_TESTDATA`: unset,
//! these tests say that they were skipped; set but missing, they fail.

use std::path::PathBuf;

use serde_json::{Value, json};
use tanggap_channels::exchange::{
    FileSource, InKind, InMessage, InReceipt, Incoming, PeerKind, ReceiptState,
};
use tanggap_channels::messenger::{Arrived, Kind};
use tanggap_channels::signed;

fn folder() -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("TANGGAP_TESTDATA") else {
        println!("skipped: TANGGAP_TESTDATA is not set");
        return None;
    };
    let folder = PathBuf::from(folder).join("channel-payloads");
    assert!(folder.is_dir(), "TANGGAP_TESTDATA names no folder: {}", folder.display());
    Some(folder)
}

fn payload(name: &str) -> Value {
    let text = std::fs::read_to_string(folder().unwrap().join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn read(kind: Kind, body: &Value) -> Arrived {
    let found = kind.read(body.to_string().as_bytes());
    assert_eq!(found.len(), 1, "{found:#?}");
    found.into_iter().next().unwrap()
}

fn message(kind: Kind, body: &Value) -> InMessage {
    match read(kind, body).what {
        Incoming::Message(message) => *message,
        other => panic!("no message: {other:?}"),
    }
}

fn whatsapp(name: &str) -> InMessage {
    message(Kind::WhatsApp, &payload(&format!("whatsapp/{name}.json")))
}

fn file(message: &InMessage) -> (&str, &str) {
    let [file] = message.files.as_slice() else { panic!("{message:?}") };
    let FileSource::Provider(reference) = &file.source else { panic!("{file:?}") };
    (reference, file.media_type.as_deref().unwrap_or(""))
}

#[test]
fn whatsapp_messages_are_read() {
    if folder().is_none() {
        return;
    }
    let plain = whatsapp("message.forwarded");
    assert_eq!(plain.external_id, "wamid.xyzxyz");
    assert_eq!(
        (plain.thread.as_str(), plain.from.value.as_str()),
        ("972987654321", "972987654321")
    );
    assert_eq!(plain.from.kind, PeerKind::Phone);
    assert_eq!(plain.from.name.as_deref(), Some("Test Name"));
    assert_eq!(plain.at, Some(1_697_044_815_000_000));
    assert_eq!((plain.text.as_str(), &plain.kind), ("forwarded text", &InKind::Words));
    assert!(!plain.public);

    let kinds = [
        ("message.image", "65463453", "image/jpeg"),
        ("message.media_with_url", "65463453", "image/jpeg"),
        ("message.audio", "1234567890987654321", "audio/ogg; codecs=opus"),
        ("message.document", "1234567890987654321", "application/pdf"),
        ("message.static_sticker", "1234567890987654321", "image/webp"),
        ("message.animated_sticker", "1234567890987654321", "image/webp"),
    ];
    for (name, reference, media_type) in kinds {
        let found = whatsapp(name);
        assert_eq!(file(&found), (reference, media_type), "{name}");
        assert_eq!(found.kind, InKind::Words, "{name}");
    }
    let document = whatsapp("message.document");
    assert_eq!(document.text, "caption");
    assert_eq!(document.files[0].name.as_deref(), Some("filename.pdf"));

    let place = whatsapp("message.chosen_location");
    let words = "Facebook HQ\n1 Hacker Way, Menlo Park, CA 94025\ngeo:37.4611978,-122.2164385";
    assert_eq!(place.text, words);
    let cards = whatsapp("message.contacts");
    let words =
        "Chandler Bing +1 555-555-5555\nMonica +1 666-666-6666\nRachel Green +1 777-777-7777";
    assert_eq!(cards.text, words);
    assert_eq!(whatsapp("message.forwarded_many_times").text, "text forwarded many times");
}

#[test]
fn whatsapp_signs_choices_and_unknown_kinds_are_read() {
    if folder().is_none() {
        return;
    }
    let reaction = whatsapp("message.reaction");
    assert_eq!((reaction.text.as_str(), &reaction.kind), ("😮", &InKind::Reaction));
    assert_eq!(reaction.reply_to.as_deref(), Some("wamid.yzxyzx="));
    let taken_back = whatsapp("message.unreaction_no_emoji");
    assert_eq!((taken_back.text.as_str(), &taken_back.kind), ("", &InKind::Reaction));
    let button = whatsapp("callback_button.quick_reply_without_context");
    assert_eq!(button.text, "title");
    assert_eq!(button.kind, InKind::Choice { id: "callback_data".into() });
    let gone = whatsapp("deleted_message.revoke");
    assert_eq!(gone.kind, InKind::Deletion);
    assert_eq!(gone.reply_to.as_deref(), Some("<ORIGINAL_WHATSAPP_MESSAGE_ID>"));

    for (name, kind) in [
        ("message.unsupported", "unsupported"),
        ("message.interactive_message_with_err", "interactive"),
        ("call_permission_update.accept", "interactive/call_permission_reply"),
        ("call_permission_update.reject", "interactive/call_permission_reply"),
    ] {
        let found = whatsapp(name);
        assert_eq!(found.kind, InKind::Unknown { name: kind.into() }, "{name}");
        assert_eq!(found.from.value, "972987654321", "{name}");
    }
    assert_eq!(whatsapp("message.unsupported").text, "Message type unknown");
}

#[test]
fn whatsapp_statuses_are_read() {
    if folder().is_none() {
        return;
    }
    let status = |name: &str| {
        let body = payload(&format!("whatsapp/message_status.{name}.json"));
        let arrived = read(Kind::WhatsApp, &body);
        assert_eq!(arrived.address.as_deref(), Some("1122334455667"));
        match arrived.what {
            Incoming::Receipt(receipt) => receipt,
            other => panic!("{other:?}"),
        }
    };
    let receipt = |state, at| InReceipt {
        external_id: "wamid.xyzxyz".into(),
        key: None,
        state,
        at: Some(at),
    };
    assert_eq!(status("sent"), receipt(ReceiptState::Sent, 1_698_266_945_000_000));
    assert_eq!(status("read"), receipt(ReceiptState::Read, 1_689_380_458_000_000));
    let why = "User's number is part of an experiment; Failed to send message because this \
               user's phone number is part of an experiment";
    let failed = ReceiptState::Failed { code: Some("130472".into()), why: why.into() };
    assert_eq!(status("failed"), receipt(failed, 1_689_380_458_000_000));
}

#[test]
fn every_other_call_of_whatsapp_is_one_thing_that_is_kept() {
    let Some(folder) = folder() else { return };
    let (mut all, mut others) = (0, 0);
    for entry in std::fs::read_dir(folder.join("whatsapp")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let body = payload(&format!("whatsapp/{name}"));
        let arrived = read(Kind::WhatsApp, &body);
        all += 1;
        if let Incoming::Other { kind, .. } = &arrived.what {
            others += 1;
            assert_ne!(kind, "unreadable", "{name}");
        }
        // The same again is the same.
        assert_eq!(arrived, read(Kind::WhatsApp, &body), "{name}");
    }
    println!("whatsapp: {all} payloads, {others} of them neither message nor receipt");
    assert_eq!((all, others), (39, 18));
    let kinds = [
        ("account_update.account_violation", "account_update/ACCOUNT_VIOLATION"),
        ("call_status.call_status", "calls"),
        ("outgoing_message.text", "smb_message_echoes"),
        ("system.identity_change", "system/customer_identity_changed"),
        ("template_status_update.approved", "message_template_status_update/APPROVED"),
        ("user_marketing_preferences.resume", "user_preferences"),
    ];
    for (name, expected) in kinds {
        match read(Kind::WhatsApp, &payload(&format!("whatsapp/{name}.json"))).what {
            Incoming::Other { kind, .. } => assert_eq!(kind, expected),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn telegram_updates_are_read() {
    let Some(folder) = folder() else { return };
    let mut ids = Vec::new();
    for entry in std::fs::read_dir(folder.join("zammad-agpl/telegram")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let body = payload(&format!("zammad-agpl/telegram/{name}"));
        let found = message(Kind::Telegram, &body);
        assert!(!matches!(found.kind, InKind::Unknown { .. }), "{name}");
        assert!(!found.text.is_empty() || !found.files.is_empty(), "{name}");
        assert!(found.at.is_some() && !found.thread.is_empty(), "{name}");
        assert_eq!(found.public, name.starts_with("channel"), "{name}");
        ids.push(found.external_id);
    }
    println!("telegram: {} payloads, all messages", ids.len());
    assert_eq!(ids.len(), 20);
    let telegram = |name: &str| {
        message(Kind::Telegram, &payload(&format!("zammad-agpl/telegram/{name}.json")))
    };
    let text = telegram("private_text");
    assert_eq!(text.external_id, "111111:5");
    assert_eq!((text.thread.as_str(), text.from.value.as_str()), ("111111", "111111"));
    assert_eq!(text.from.kind, PeerKind::Handle);
    assert_eq!(text.from.name.as_deref(), Some("Test Firstname Test Lastname"));
    assert_eq!(text.at, Some(1_441_645_532_000_000));
    assert_eq!(text.text, "Hello, I need your Help");
    let photo = telegram("private_photo");
    assert_eq!(
        (photo.text.as_str(), file(&photo)),
        ("caption 123<b>abc</b>", ("photofileid3", "image/jpeg"))
    );
    let largest = "AgADAgADwacxGxk5MUmim45lijOwsKk1Sw0ABPxEqfVm-QlI_mMFAAEC";
    assert_eq!(file(&telegram("personal5_message_content1")).0, largest);
    let document = telegram("private_document");
    assert_eq!(file(&document), ("documentfileid", "application/pdf"));
    assert_eq!(document.files[0].name.as_deref(), Some("document.pdf"));
    assert_eq!(file(&telegram("private_voice")), ("voicefileid", "audio/ogg"));
    assert_eq!(file(&telegram("channel_sticker")).0, "stickerfileid");
    let edit = telegram("personal3_message_content4");
    assert_eq!((edit.kind, edit.text.as_str()), (InKind::Edit, "UPDATE: 1231444"));
    assert_eq!(edit.external_id, "1111112:3365:edit:1487116889");
    assert_eq!(edit.reply_to.as_deref(), Some("1111112:3365"));
    assert_eq!(edit.at, Some(1_487_116_889_000_000));
}

#[test]
fn messenger_and_instagram_events_are_read() {
    if folder().is_none() {
        return;
    }
    let instagram = |name: &str| {
        let body = payload(&format!("meta/instagram_{name}_event.json"));
        let arrived = read(Kind::Instagram, &body);
        assert_eq!(arrived.address.as_deref(), Some("chatwoot-app-user-id-1"), "{name}");
        match arrived.what {
            Incoming::Message(message) => *message,
            other => panic!("{other:?}"),
        }
    };
    let plain = instagram("message_create");
    assert_eq!(
        (plain.external_id.as_str(), plain.thread.as_str()),
        ("message-id-1", "Sender-id-1")
    );
    assert_eq!(plain.text, "This is the first message from the customer");
    assert_eq!(plain.at, Some(1_631_082_844_000_000));
    let words = "This is the first standby message from the customer, after 24 hours.";
    assert_eq!(instagram("message_standby").text, words);
    let gone = instagram("message_unsend");
    assert_eq!(gone.kind, InKind::Deletion);
    assert_eq!(gone.reply_to.as_deref(), Some("message-id-to-delete"));
    let mention = instagram("story_mention");
    assert_eq!(file(&mention).0, "https://www.example.com/test.jpeg");
    let reply = instagram("story_reply");
    assert_eq!(reply.text, "This is the story reply");
    assert_eq!(file(&reply).0, "https://chatwoot-assets.local/sample.png");

    // These two come without their envelope.
    let change = payload("meta/fb_feed_comment.json")["change"].clone();
    let change = json!({ "field": "feed", "value": change["value"] });
    let body = json!({ "object": "page", "entry": [{ "id": "1", "changes": [change] }] });
    let comment = message(Kind::Messenger, &body);
    assert_eq!((comment.external_id.as_str(), comment.thread.as_str()), ("3_5", "comment:3_5"));
    assert_eq!(comment.text, "comment message");
    assert_eq!(comment.from.name.as_deref(), Some("Jane Dae"));
    assert_eq!(comment.from.value, "3383290475046708");
    assert!(comment.public);
    let event = payload("meta/fb_message_reads.json")["messaging"].clone();
    let body = json!({ "object": "page", "entry": [{ "id": "1", "messaging": [event] }] });
    let arrived = read(Kind::Messenger, &body);
    assert_eq!(arrived.address.as_deref(), Some("117172741761305"));
    let receipt = InReceipt {
        external_id: "until:3383290475046708".into(),
        key: None,
        state: ReceiptState::Read,
        at: Some(1_648_581_633_369_000),
    };
    assert_eq!(arrived.what, Incoming::Receipt(receipt));
}

#[test]
fn x_events_are_read() {
    if folder().is_none() {
        return;
    }
    let x = |name: &str| payload(&format!("zammad-agpl/x/{name}.json"))["params"].clone();
    let direct = message(Kind::X, &x("webhook3_direct_message"));
    assert_eq!(direct.external_id, "1063077238797725701");
    assert_eq!((direct.thread.as_str(), direct.from.value.as_str()), ("456", "456"));
    assert_eq!(direct.from.name.as_deref(), Some("Martin Edenhofer (@medenhofer)"));
    assert_eq!(direct.at, Some(1_542_292_339_406_000));
    assert_eq!((direct.text.as_str(), direct.public), ("Hello again!", false));
    // What the account itself wrote is an echo.
    for name in ["webhook1_direct_message", "webhook1_tweet"] {
        match read(Kind::X, &x(name)).what {
            Incoming::Other { kind, external_id } => {
                assert_eq!(kind, "echo");
                assert!(external_id.is_some());
            }
            other => panic!("{other:?}"),
        }
    }
    // The same post, told to the one whom it mentions.
    let mut post = x("webhook1_tweet");
    post["for_user_id"] = json!("456");
    let mention = message(Kind::X, &post);
    assert_eq!(mention.text, "Hey @medenhofer !  #hello1234");
    assert_eq!(mention.thread, "post:1063212927510081536:123");
    assert_eq!(file(&mention).0, "https://pbs.twimg.com/media/DsFKfJRWkAAFEbo.jpg");
    assert_eq!(mention.at, Some(1_542_324_690_116_000));
    assert!(mention.public);
}

#[test]
fn the_published_signatures_hold() {
    let Some(folder) = folder() else { return };
    let text = std::fs::read_to_string(folder.join("signatures.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    for case in all["hub_sha256"].as_array().unwrap() {
        let of = |name: &str| case[name].as_str().unwrap();
        assert!(signed::hub(of("secret"), of("payload").as_bytes(), of("expected")));
        assert!(!signed::hub(of("secret"), b"another", of("expected")));
    }
}
