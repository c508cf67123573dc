//! Delivery receipts: the text of SMPP 3.4, appendix B, which every centre writes a little
//! differently, and the parameters that say the same.

use super::pdu::{Message, tag};
use crate::exchange::{InReceipt, ReceiptState};

/// How a centre writes the ids of messages; some answer in hexadecimal and report in decimal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ids {
    /// The same in the answer and in the receipt.
    #[default]
    Same,
    /// Hexadecimal in the answer, decimal in the receipt.
    AnswerHex,
    /// Decimal in the answer, hexadecimal in the receipt.
    ReceiptHex,
}

impl Ids {
    /// The id of an answer as we keep it.
    #[must_use]
    pub fn of_answer(self, id: &str) -> String {
        decimal(id, self, Self::AnswerHex)
    }

    /// The id of a receipt as we keep it.
    #[must_use]
    pub fn of_receipt(self, id: &str) -> String {
        decimal(id, self, Self::ReceiptHex)
    }
}

fn decimal(id: &str, ids: Ids, hex: Ids) -> String {
    if ids == Ids::Same {
        return id.to_owned();
    }
    let number = if ids == hex { u128::from_str_radix(id, 16).ok() } else { id.parse().ok() };
    number.map_or_else(|| id.to_owned(), |number: u128| number.to_string())
}

/// What a receipt says; `None` where it does not say about which message.
#[must_use]
pub fn read(message: &Message, ids: Ids) -> Option<InReceipt> {
    let text = String::from_utf8_lossy(message.octets());
    let said = |name: &str| field(&text, name);
    let id = match message.param(tag::RECEIPTED_MESSAGE_ID).map(c_string) {
        Some(id) if !id.is_empty() => id,
        _ => said("id").filter(|id| !id.is_empty())?.to_owned(),
    };
    let state = match (message.param(tag::MESSAGE_STATE), said("stat")) {
        (Some([state]), _) => name_of(*state).to_owned(),
        (_, Some(stat)) => stat.to_ascii_uppercase(),
        _ => String::new(),
    };
    let code = match (said("err"), message.param(tag::NETWORK_ERROR_CODE)) {
        (Some(err), _) if !err.trim_matches('0').is_empty() => Some(err.to_owned()),
        (_, Some([network, high, low])) => {
            Some(format!("{network}/{}", u16::from_be_bytes([*high, *low])))
        }
        _ => None,
    };
    let state = match state.as_str() {
        s if s.starts_with("DELIV") => ReceiptState::Delivered,
        "EXPIRED" | "DELETED" | "UNDELIV" | "UNDELIVERABLE" | "REJECTD" | "REJECTED" | "FAILED"
        | "SKIPPED" => ReceiptState::Failed { code, why: state },
        _ => ReceiptState::Sent,
    };
    Some(InReceipt { external_id: ids.of_receipt(&id), key: None, state, at: None })
}

/// SMPP 5.0, 4.8.4.36; the words are those of appendix B.
fn name_of(state: u8) -> &'static str {
    match state {
        2 => "DELIVRD",
        3 => "EXPIRED",
        4 => "DELETED",
        5 => "UNDELIV",
        8 => "REJECTD",
        9 => "SKIPPED",
        _ => "ENROUTE",
    }
}

fn c_string(octets: &[u8]) -> String {
    let letters = octets.iter().take_while(|o| **o != 0).copied().map(char::from);
    letters.filter(|c| !c.is_control()).take(64).collect()
}

/// The value of `name:` in a receipt's text, before the quotation of our own words.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let lower = text.to_ascii_lowercase();
    let end = lower.find("text:").unwrap_or(text.len());
    let head = &lower[..end];
    let mut from = 0;
    while let Some(found) = head[from..].find(name) {
        let at = from + found;
        let after = at + name.len();
        let begins = !head[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        if begins && head[after..].starts_with(':') {
            let value = text[after + 1..end].trim_start();
            return Some(value.split_whitespace().next().unwrap_or_default());
        }
        from = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::pdu::Param;
    use super::*;

    fn receipt(text: &str, params: &[(u16, &[u8])]) -> Option<InReceipt> {
        let params =
            params.iter().map(|(tag, value)| Param { tag: *tag, value: value.to_vec() }).collect();
        let message = Message { text: text.as_bytes().to_vec(), params, ..Message::default() };
        read(&message, Ids::Same)
    }

    fn failed(code: Option<&str>, why: &str) -> ReceiptState {
        ReceiptState::Failed { code: code.map(str::to_owned), why: why.to_owned() }
    }

    #[test]
    fn the_texts_of_centres_are_read() {
        let usual = "id:0123456789 sub:001 dlvrd:001 submit date:2611220914 \
                     done date:2611220915 stat:DELIVRD err:000 Text:id:9 stat:UNDELIV";
        for (text, id, state) in [
            (usual, "0123456789", ReceiptState::Delivered),
            ("ID: abc-9  STAT: undeliv ERR: 0a1", "abc-9", failed(Some("0a1"), "UNDELIV")),
            ("id:7 stat:EXPIRED err:000 text:", "7", failed(None, "EXPIRED")),
            ("id:7 stat:ACCEPTD", "7", ReceiptState::Sent),
            ("id:7 stat:REJECTD err:11", "7", failed(Some("11"), "REJECTD")),
        ] {
            let read = receipt(text, &[]).unwrap();
            assert_eq!((read.external_id.as_str(), read.state), (id, state), "{text}");
        }
        assert_eq!(receipt("stat:DELIVRD", &[]), None, "about which message?");
        assert_eq!(receipt("text: id:7", &[]), None, "our own words");
    }

    #[test]
    fn parameters_say_more_than_the_text() {
        let id: (u16, &[u8]) = (tag::RECEIPTED_MESSAGE_ID, b"a77\0");
        let read = receipt("id:1 stat:DELIVRD", &[id, (tag::MESSAGE_STATE, &[5])]).unwrap();
        assert_eq!((read.external_id.as_str(), read.state), ("a77", failed(None, "UNDELIV")));
        let error: (u16, &[u8]) = (tag::NETWORK_ERROR_CODE, &[3, 0, 27]);
        let read = receipt("", &[id, (tag::MESSAGE_STATE, &[8]), error]).unwrap();
        assert_eq!(read.state, failed(Some("3/27"), "REJECTD"));
    }

    #[test]
    fn ids_meet_whatever_their_base() {
        assert_eq!(Ids::AnswerHex.of_answer("0000DEAD"), Ids::AnswerHex.of_receipt("57005"));
        assert_eq!(Ids::ReceiptHex.of_answer("0057005"), Ids::ReceiptHex.of_receipt("dead"));
        assert_eq!(Ids::Same.of_receipt("00a"), "00a");
        assert_eq!(Ids::AnswerHex.of_answer("no-number"), "no-number");
    }

    proptest! {
        #[test]
        fn any_octets_are_read(
            text in prop::collection::vec(any::<u8>(), 0..254),
            words in "(id:|stat:|é|text:| ){0,9}",
        ) {
            let message = Message { text, ..Message::default() };
            for read in [read(&message, Ids::AnswerHex), receipt(&words, &[])] {
                prop_assert!(read.is_none_or(|receipt| !receipt.external_id.is_empty()));
            }
        }
    }
}
