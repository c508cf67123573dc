//! What centres bring.

use proptest::prelude::*;

use super::super::pdu::Param;
use super::*;

fn at(ton: u8, value: &str) -> Address {
    Address { ton, npi: 1, value: value.to_owned() }
}

#[test]
fn one_person_is_one_thread() {
    for (ton, value, written) in [
        (1, "6281234567890", "+6281234567890"),
        (0, "081234567890", "+6281234567890"),
        (2, "81234567890", "+6281234567890"),
        (0, "+6281234567890", "+6281234567890"),
        (0, "006281234567890", "+6281234567890"),
        (3, "1708", "1708"),
        (0, "0800", "0800"),
        (5, "Telkomsel", "Telkomsel"),
        (5, "0812345678", "0812345678"),
    ] {
        assert_eq!(number(&at(ton, value)), written);
    }
    assert_eq!(address("+6281234567890"), Some(at(1, "6281234567890")));
    assert_eq!(address("0812-3456-7890"), Some(at(1, "6281234567890")));
    assert_eq!(address("1708"), Some(at(0, "1708")));
    assert_eq!(address("Telkomsel"), None);
}

#[test]
fn pairs_cut_in_two_are_whole_again() {
    let octets = super::super::alphabet::to_ucs2("a🙏b");
    let cut = text_of([(Coding::Ucs2, &octets[..4]), (Coding::Ucs2, &octets[4..])], Default7::Gsm);
    assert_eq!(cut, "a🙏b");
    let gsm = text_of([(Coding::Default, &[0x1b][..]), (Coding::Default, b"e")], Default7::Gsm);
    assert_eq!(gsm, "€");
    let mixed = text_of([(Coding::Default, &[0][..]), (Coding::Ucs2, &[0, 64])], Default7::Latin1);
    assert_eq!(mixed, "@", "and no NUL");
}

#[test]
fn parts_are_known_by_header_and_by_parameters() {
    let long = Long { reference: 770, total: 3, index: 2 };
    let param = |tag, value: &[u8]| Param { tag, value: value.to_vec() };
    let mut text = udh::write(long, true);
    text.extend(b"halo");
    let by_header = Message { esm_class: udh::UDHI, text, ..Message::default() };
    let by_params = Message {
        text: b"halo".to_vec(),
        params: vec![
            param(tag::SAR_REFERENCE, &[3, 2]),
            param(tag::SAR_TOTAL, &[3]),
            param(tag::SAR_INDEX, &[2]),
        ],
        ..Message::default()
    };
    for message in [by_header, by_params] {
        let Heard::Part(part) = hear(&message, Ids::Same) else { panic!("no part") };
        assert_eq!((part.long, part.octets), (Some(long), b"halo".to_vec()));
    }
    let payload =
        Message { params: vec![param(tag::MESSAGE_PAYLOAD, b"panjang")], ..Message::default() };
    let Heard::Part(part) = hear(&payload, Ids::Same) else { panic!("no part") };
    assert_eq!((part.long, part.octets), (None, b"panjang".to_vec()));
}

#[test]
fn what_are_no_letters_is_kept_as_a_file() {
    let octets = [0xff, 0x00, 0x80];
    let text = text_of([(Coding::of(4), &octets[..])], Default7::Gsm);
    let message = message_of(&at(1, "6281234567890"), "1".to_owned(), text, &octets);
    assert_eq!(message.kind, InKind::Unknown { name: "data".to_owned() });
    assert_eq!(message.files[0].source, FileSource::Bytes(octets.to_vec()));
}

#[test]
fn a_repeated_delivery_is_the_same_whatever_its_number() {
    let message = Message { text: b"ya".to_vec(), ..Message::default() };
    let again = Message { text: b"ya".to_vec(), ..Message::default() };
    let other = Message { text: b"yah".to_vec(), ..Message::default() };
    assert_eq!(fingerprint(&message), fingerprint(&again));
    assert_ne!(fingerprint(&message), fingerprint(&other));
}

proptest! {
    #[test]
    fn any_message_is_heard(
        octets in prop::collection::vec(any::<u8>(), 0..254),
        esm_class in any::<u8>(), data_coding in any::<u8>(), value in ".{0,20}",
    ) {
        let message = Message {
            source: Address { ton: 0, npi: 0, value },
            esm_class,
            data_coding,
            text: octets,
            ..Message::default()
        };
        if let Heard::Part(part) = hear(&message, Ids::Same) {
            let text = text_of([(part.coding, part.octets.as_slice())], Default7::Gsm);
            prop_assert!(!text.contains('\0'));
            let message = message_of(&part.from, String::new(), text, &part.octets);
            let kept = !message.text.is_empty() || message.files.len() == 1;
            prop_assert!(part.octets.is_empty() || kept);
        }
    }

    #[test]
    fn numbers_are_written_once_for_all(
        ton in 0u8..7, value in "\\+{0,2}[0-9]{0,15}|[0-9+]{0,15}",
    ) {
        let once = number(&at(ton, &value));
        prop_assert!(!once.trim_start_matches('+').is_empty() || once == value);
        // A name stays a name, though it be of digits.
        let again = if ton == ALPHANUMERIC { ton } else { 1 };
        prop_assert_eq!(number(&at(again, &once)), once);
    }
}
