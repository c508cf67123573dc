//! From what lies stored to what was said: deliveries as they were kept before they were
//! acknowledged, turned into messages and receipts.
//!
//! Pure, and the same whether it runs once for each delivery or once for all of them after a
//! restart: parts whose message is not whole yet are simply not mentioned, and wait.

use super::alphabet::Default7;
use super::assembly::Assembly;
use super::hear::{Heard, hear, message_of};
use super::pdu::{Body, Message, Pdu, command, frame};
use super::receipt::Ids;
use crate::exchange::Incoming;

/// A delivery as it lies stored.
#[derive(Clone, Debug)]
pub struct Kept<T> {
    /// What the caller calls it.
    pub tag: T,
    /// Its id within the account.
    pub external_id: String,
    /// When it came, microseconds UTC.
    pub at: i64,
    /// [`octets`] of what was brought.
    pub octets: Vec<u8>,
}

/// What some deliveries said.
#[derive(Clone, Debug, PartialEq)]
pub struct Said<T> {
    /// Which deliveries they were; all are done with this.
    pub tags: Vec<T>,
    /// What it is.
    pub incoming: Incoming,
}

/// The octets in which a delivery is stored: the unit as it came, without its number.
#[must_use]
pub fn octets(message: &Message) -> Vec<u8> {
    let body = Body::Message(Box::new(message.clone()));
    Pdu { command: command::DELIVER_SM, status: 0, sequence: 0, body }.write()
}

/// What the parts of one long message have in common; `None`: it is no part.
#[must_use]
pub fn part_of(octets: &[u8], ids: Ids) -> Option<String> {
    let unit = frame(octets).ok().flatten().and_then(|frame| frame.pdu)?;
    let Body::Message(message) = unit.body else { return None };
    let Heard::Part(part) = hear(&message, ids) else { return None };
    let long = part.long?;
    let (from, to) = (&part.from.value, &part.to.value);
    Some(format!("{} {} {from} {to}", long.reference, long.total))
}

/// Reads deliveries in the order of their coming. What waits for its other parts at `now` is left
/// out; what cannot be read is [`Incoming::Other`].
#[must_use]
pub fn read<T: Clone>(kept: Vec<Kept<T>>, default: Default7, ids: Ids, now: i64) -> Vec<Said<T>> {
    let mut said = Vec::new();
    let mut assembly: Assembly<(T, String)> = Assembly::new(default);
    let mut ready = Vec::new();
    for Kept { tag, external_id, at, octets } in kept {
        let unit = frame(&octets).ok().flatten().and_then(|frame| frame.pdu);
        let heard = match unit.map(|pdu| pdu.body) {
            Some(Body::Message(message)) => hear(&message, ids),
            _ => Heard::Other,
        };
        match heard {
            Heard::Part(part) => ready.extend(assembly.offer(part, (tag, external_id), at)),
            Heard::Receipt(receipt) => {
                said.push(Said { tags: vec![tag], incoming: Incoming::Receipt(receipt) });
            }
            Heard::Other => {
                let kind = "deliver_sm".to_owned();
                let incoming = Incoming::Other { kind, external_id: Some(external_id) };
                said.push(Said { tags: vec![tag], incoming });
            }
        }
    }
    ready.extend(assembly.expire(now));
    said.extend(ready.into_iter().map(|whole| {
        // The first of its parts gives the message its id, whatever comes after it.
        let id = whole.tags.first().map(|(_, id)| id.clone()).unwrap_or_default();
        let message = message_of(&whole.from, id, whole.text, &whole.octets);
        Said {
            tags: whole.tags.into_iter().map(|(tag, _)| tag).collect(),
            incoming: Incoming::Message(Box::new(message)),
        }
    }));
    said
}

#[cfg(test)]
mod tests {
    use super::super::assembly::WAIT_MICROS;
    use super::super::compose::{Form, compose};
    use super::super::pdu::Address;
    use super::*;
    use crate::exchange::{InReceipt, Outgoing, ReceiptState};

    /// What a phone would send.
    fn sent(text: &str) -> Vec<Message> {
        let out = Outgoing {
            key: text.to_owned(),
            to: "1708".to_owned(),
            text: text.to_owned(),
            ..Outgoing::default()
        };
        let source = Address { ton: 1, npi: 1, value: "6281234567890".to_owned() };
        compose(&out, &Form { source, ..Form::default() }).unwrap()
    }

    fn kept(messages: &[Message]) -> Vec<Kept<usize>> {
        let one = |(tag, message): (usize, &Message)| Kept {
            tag,
            external_id: format!("e{tag}"),
            at: 0,
            octets: octets(message),
        };
        messages.iter().enumerate().map(one).collect()
    }

    fn texts(said: &[Said<usize>]) -> Vec<(String, String, Vec<usize>)> {
        let words = |said: &Said<usize>| match &said.incoming {
            Incoming::Message(m) => (m.external_id.clone(), m.text.clone(), said.tags.clone()),
            other => panic!("{other:?}"),
        };
        said.iter().map(words).collect()
    }

    #[test]
    fn parts_wait_in_the_store_until_all_are_there() {
        let long = "Jalan rusak. ".repeat(20);
        let mut messages = sent(&long);
        assert_eq!(messages.len(), 2);
        messages.insert(1, sent("ya")[0].clone());
        let group = |message: &Message| part_of(&octets(message), Ids::Same);
        assert_eq!(group(&messages[0]), group(&messages[2]));
        assert!(group(&messages[0]).is_some() && group(&messages[1]).is_none());
        let first = read(kept(&messages[..2]), Default7::Gsm, Ids::Same, 1);
        assert_eq!(texts(&first), [("e1".to_owned(), "ya".to_owned(), vec![1])]);
        let all = read(kept(&messages), Default7::Gsm, Ids::Same, 1);
        assert_eq!(texts(&all)[1], ("e0".to_owned(), long, vec![0, 2]));
        let late = read(kept(&messages[..1]), Default7::Gsm, Ids::Same, WAIT_MICROS);
        assert!(texts(&late)[0].1.ends_with("[…]"));
    }

    #[test]
    fn receipts_and_riddles_are_told_apart() {
        let text = b"id:7 stat:DELIVRD err:000".to_vec();
        let receipt = Message { esm_class: 4, text, ..Message::default() };
        let riddle = Message { esm_class: 4, ..Message::default() };
        let mut kept = kept(&[receipt, riddle]);
        kept.push(Kept { tag: 2, external_id: "e2".to_owned(), at: 0, octets: vec![1, 2] });
        let said = read(kept, Default7::Gsm, Ids::Same, 0);
        assert_eq!(
            said[0].incoming,
            Incoming::Receipt(InReceipt {
                external_id: "7".to_owned(),
                key: None,
                state: ReceiptState::Delivered,
                at: None,
            })
        );
        assert!(said[1..].iter().all(|s| matches!(s.incoming, Incoming::Other { .. })));
    }
}
