//! Bodies that no provider would send: nothing panics, and nothing that cannot be kept comes out.

use proptest::prelude::*;
use serde_json::Value;
use tanggap_channels::exchange::Incoming;
use tanggap_channels::messenger::Kind;

/// Any JSON, made of names that the parsers look for.
fn json() -> impl Strategy<Value = Value> {
    let words = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(Value::from("a\0b")),
        Just(Value::from("text")),
        Just(Value::from("messages")),
        Just(Value::from("edit")),
        Just(Value::Null),
    ];
    let name = prop::sample::select(NAMES);
    words.prop_recursive(7, 200, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..8)
                .prop_map(|m| m.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

const NAMES: &[&str] = &[
    "entry",
    "changes",
    "value",
    "field",
    "messages",
    "statuses",
    "contacts",
    "from",
    "id",
    "type",
    "timestamp",
    "text",
    "body",
    "image",
    "interactive",
    "button_reply",
    "reaction",
    "edit",
    "message",
    "messaging",
    "sender",
    "recipient",
    "mid",
    "attachments",
    "payload",
    "url",
    "read",
    "watermark",
    "delivery",
    "mids",
    "postback",
    "update_id",
    "chat",
    "message_id",
    "date",
    "photo",
    "file_id",
    "callback_query",
    "data",
    "edited_message",
    "message_reaction",
    "for_user_id",
    "direct_message_events",
    "message_create",
    "message_data",
    "tweet_create_events",
    "user",
    "entities",
    "urls",
    "event_type",
    "filter",
    "user_id",
    "users",
    "wa_id",
    "profile",
];

fn sound(kind: Kind, raw: &[u8]) -> Result<(), TestCaseError> {
    let found = kind.read(raw);
    prop_assert!(!found.is_empty(), "something is always said");
    for arrived in found {
        if let Incoming::Message(message) = arrived.what {
            prop_assert!(!message.external_id.is_empty());
            prop_assert!(!message.text.contains('\0'));
            prop_assert!(!message.from.value.contains('\0'));
            prop_assert!(!message.external_id.contains('\0') && !message.thread.contains('\0'));
            prop_assert!(message.at.is_none_or(|at| at >= 0));
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_json_is_read(value in json()) {
        let raw = value.to_string();
        for kind in Kind::ALL {
            sound(kind, raw.as_bytes())?;
        }
    }

    #[test]
    fn any_bytes_are_read(raw in prop::collection::vec(any::<u8>(), 0..300)) {
        for kind in Kind::ALL {
            sound(kind, &raw)?;
        }
    }
}

#[test]
fn deep_nesting_is_harmless() {
    let raw = format!("{}{}", "{\"entry\":[".repeat(100_000), "]}".repeat(100_000));
    for kind in Kind::ALL {
        assert!(sound(kind, raw.as_bytes()).is_ok());
    }
}
