//! Units that an independent library made, read and made again.
//!
//! The data lies outside the repository, in the folder named by `TANGGAP_TESTDATA`: unset, this
//! says that it was skipped; set but missing, it fails.

#![expect(clippy::unwrap_used, reason = "in a test a broken assumption is the failure")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use tanggap_channels::exchange::Outgoing;
use tanggap_channels::sms::alphabet::Default7;
use tanggap_channels::sms::compose::{Concat, Form, compose};
use tanggap_channels::sms::hear::{Heard, hear, text_of};
use tanggap_channels::sms::parts::{measure, split};
use tanggap_channels::sms::pdu::{Body, Message, command, frame};
use tanggap_channels::sms::receipt::Ids;

fn rows() -> Option<Vec<Value>> {
    let Some(folder) = std::env::var_os("TANGGAP_TESTDATA") else {
        println!("skipped: TANGGAP_TESTDATA is not set");
        return None;
    };
    let file = PathBuf::from(folder).join("smpp/pdus.jsonl");
    let text = std::fs::read_to_string(&file).expect("TANGGAP_TESTDATA has smpp/pdus.jsonl");
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn number(row: &Value, name: &str) -> u32 {
    u32::try_from(row[name].as_u64().unwrap()).unwrap()
}

fn message_of(row: &Value) -> Message {
    let octets = hex::decode(row["hex"].as_str().unwrap()).unwrap();
    let unit = frame(&octets).unwrap().unwrap();
    assert_eq!(unit.len, octets.len());
    let pdu = unit.pdu.unwrap();
    assert_eq!(pdu.sequence, number(row, "sequence"));
    // Written again it is the same, octet by octet.
    assert_eq!(hex::encode(pdu.write()), row["hex"].as_str().unwrap());
    let Body::Message(message) = pdu.body else { panic!("no message: {row}") };
    *message
}

#[test]
fn units_of_another_library_are_read_and_made_again() {
    let Some(rows) = rows() else { return };
    let mut whole: BTreeMap<(String, String), Vec<(u8, Message)>> = BTreeMap::new();
    for row in &rows {
        let name = row["command"].as_str().unwrap();
        let octets = hex::decode(row["hex"].as_str().unwrap()).unwrap();
        let header = frame(&octets).unwrap().unwrap().header;
        match name {
            "submit_sm" | "deliver_sm" => {
                let message = message_of(row);
                assert_eq!(message.source.value, row["source"].as_str().unwrap());
                assert_eq!(message.destination.value, row["destination"].as_str().unwrap());
                assert_eq!(u32::from(message.data_coding), number(row, "data_coding"));
                assert_eq!(u32::from(message.esm_class), number(row, "esm_class"));
                let text = row["text"].as_str().unwrap().to_owned();
                let part = u8::try_from(number(row, "part")).unwrap();
                let key = (name.to_owned(), text);
                whole.entry(key).or_default().push((part, message));
            }
            "bind_transceiver" => {
                let pdu = frame(&octets).unwrap().unwrap().pdu.unwrap();
                let Body::Bind(bind) = pdu.body else { panic!("no bind") };
                assert_eq!(bind.system_id, row["system_id"].as_str().unwrap());
                assert_eq!(bind.password, row["password"].as_str().unwrap());
            }
            "enquire_link" => assert_eq!(header.command, command::ENQUIRE_LINK),
            "enquire_link_resp" => assert_eq!(header.command, 0x8000_0015),
            "unbind" => assert_eq!(header.command, command::UNBIND),
            other => panic!("{other} is not expected"),
        }
    }
    assert!(whole.len() > 8);
    for ((command, text), mut units) in whole {
        units.sort_by_key(|(part, _)| *part);
        let parts: Vec<_> = units
            .iter()
            .map(|(index, message)| {
                let Heard::Part(part) = hear(message, Ids::Same) else { panic!("a receipt") };
                assert_eq!(part.long.map_or(1, |long| long.index), *index);
                part
            })
            .collect();
        let read = text_of(parts.iter().map(|p| (p.coding, p.octets.as_slice())), Default7::Gsm);
        assert_eq!(read, text);
        assert_eq!((split(&text).parts.len(), measure(&text).parts), (units.len(), units.len()));
        if command == "submit_sm" && !text.is_empty() {
            same_octets(&text, &units);
        }
    }
}

/// What we compose of the text is what the other library made of it, but for the number of the
/// long message.
fn same_octets(text: &str, units: &[(u8, Message)]) {
    let first = &units[0].1;
    let form = Form { source: first.source.clone(), concat: Concat::Udh8, ..Form::default() };
    let out = Outgoing {
        key: "k".to_owned(),
        to: "1500".to_owned(),
        text: text.to_owned(),
        ..Outgoing::default()
    };
    let ours = compose(&out, &form).unwrap();
    assert_eq!(ours.len(), units.len());
    assert!(ours.iter().all(|part| part.registered_delivery == 1));
    for (mut ours, (_, theirs)) in ours.into_iter().zip(units) {
        if units.len() > 1 {
            ours.text[3] = theirs.text[3];
        }
        assert_eq!((ours.text, ours.data_coding), (theirs.text.clone(), theirs.data_coding));
        assert_eq!(ours.esm_class, theirs.esm_class);
    }
}
