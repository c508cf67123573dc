//! Units there and back, and whatever a peer may send.

use proptest::prelude::*;

use super::*;

fn name(len_max: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(0x20u8..0x7f, 0..=len_max)
        .prop_map(|octets| octets.into_iter().map(char::from).collect())
}

prop_compose! {
    fn address()(ton in 0u8..7, npi in 0u8..20, value in name(20)) -> Address {
        Address { ton, npi, value }
    }
}

fn params() -> impl Strategy<Value = Vec<Param>> {
    let one = (any::<u16>(), prop::collection::vec(any::<u8>(), 0..40));
    prop::collection::vec(one.prop_map(|(tag, value)| Param { tag, value }), 0..4)
}

prop_compose! {
    fn message()(
        (source, destination, params) in (address(), address(), params()),
        (service_type, schedule, validity) in (name(5), name(16), name(16)),
        octets in prop::array::uniform8(any::<u8>()),
        text in prop::collection::vec(any::<u8>(), 0..=254),
    ) -> Message {
        let [esm_class, protocol_id, priority, registered_delivery, replace, data_coding,
            default_id, _] = octets;
        Message {
            service_type, source, destination, esm_class, protocol_id, priority, schedule,
            validity, registered_delivery, replace, data_coding, default_id, text, params,
        }
    }
}

fn read(octets: &[u8]) -> Pdu {
    let frame = frame(octets).unwrap().unwrap();
    assert_eq!(frame.len, octets.len());
    frame.pdu.unwrap()
}

proptest! {
    #[test]
    fn a_message_is_read_as_it_was_written(
        message in message(), sequence in any::<u32>(), submit in any::<bool>(),
    ) {
        let command = if submit { command::SUBMIT_SM } else { command::DELIVER_SM };
        let pdu = Pdu { command, status: 0, sequence, body: Body::Message(Box::new(message)) };
        prop_assert_eq!(read(&pdu.write()), pdu);
    }

    #[test]
    fn an_answer_is_read_as_it_was_written(id in name(64), params in params()) {
        let body = Body::Answer(Answer { id, params });
        let pdu = Pdu { command: command::SUBMIT_SM | RESPONSE, status: 0, sequence: 7, body };
        prop_assert_eq!(read(&pdu.write()), pdu);
    }

    #[test]
    fn a_unit_in_pieces_is_waited_for(message in message(), cut in 0usize..400) {
        let body = Body::Message(Box::new(message));
        let octets = Pdu { command: command::DELIVER_SM, status: 0, sequence: 1, body }.write();
        let cut = cut.min(octets.len() - 1);
        prop_assert_eq!(frame(&octets[..cut]), Ok(None));
    }

    #[test]
    fn any_octets_are_read_or_refused(
        mut octets in prop::collection::vec(any::<u8>(), 0..400), command in 0u32..10,
    ) {
        if let Ok(Some(frame)) = frame(&octets) {
            prop_assert!(frame.len <= octets.len());
        }
        // The same with a header that makes sense.
        let len = octets.len() + HEADER_LEN;
        let head = [u32::try_from(len).unwrap(), command, 0, 9];
        octets.splice(0..0, head.into_iter().flat_map(u32::to_be_bytes));
        let frame = frame(&octets).unwrap().unwrap();
        prop_assert_eq!((frame.len, frame.header.sequence), (len, 9));
    }
}

#[test]
fn lengths_that_cannot_be_are_garbage() {
    for len in [0, 15, 70_001, u32::MAX] {
        assert_eq!(frame(&len.to_be_bytes()), Err(Garbage { len }));
    }
    assert_eq!(frame(&[0, 0, 0]), Ok(None));
}

#[test]
fn a_body_that_lies_about_its_text_is_told_by_its_number() {
    let message = Message { text: b"halo".to_vec(), ..Message::default() };
    let body = Body::Message(Box::new(message));
    let mut octets = Pdu { command: command::DELIVER_SM, status: 0, sequence: 5, body }.write();
    let at = octets.len() - 5;
    octets[at] = 200;
    let frame = frame(&octets).unwrap().unwrap();
    assert_eq!((frame.pdu, frame.header.sequence), (None, 5));
}
