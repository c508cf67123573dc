//! Parts in any order, twice, or never.

use proptest::prelude::*;

use super::super::alphabet::{Alphabet, to_gsm, to_ucs2};
use super::super::parts::split;
use super::super::udh::Long;
use super::*;

fn parts_of(text: &str, reference: u16) -> Vec<Part> {
    let whole = split(text);
    let total = u8::try_from(whole.parts.len()).unwrap();
    let address = |value: &str| Address { ton: 1, npi: 1, value: value.to_owned() };
    let part = |(index, text): (u8, &String)| Part {
        from: address("6281234567890"),
        to: address("1708"),
        long: Long { reference, total, index }.checked(),
        coding: match whole.alphabet {
            Alphabet::Gsm7 => Coding::Default,
            Alphabet::Ucs2 => Coding::Ucs2,
        },
        octets: match whole.alphabet {
            Alphabet::Gsm7 => to_gsm(text),
            Alphabet::Ucs2 => to_ucs2(text),
        },
    };
    (1..).zip(&whole.parts).map(part).collect()
}

fn text(reference: char) -> String {
    format!("{}b{}", "a".repeat(200), reference.to_string().repeat(200))
}

#[test]
fn what_never_comes_is_marked() {
    let mut assembly = Assembly::new(Default7::Gsm);
    let parts = parts_of(&text('x'), 7);
    assert_eq!(parts.len(), 3);
    assert!(assembly.offer(parts[0].clone(), 1, 0).is_empty());
    assert!(assembly.offer(parts[2].clone(), 2, 5).is_empty());
    assert!(assembly.expire(WAIT_MICROS - 1).is_empty());
    let late = assembly.expire(WAIT_MICROS);
    let expected = format!("{} […] {}", "a".repeat(153), "x".repeat(95));
    assert_eq!((late[0].text.as_str(), late[0].missing), (expected.as_str(), 1));
    assert_eq!((late[0].tags.as_slice(), assembly.waiting()), (&[1, 2][..], 0));
}

#[test]
fn a_number_that_comes_round_begins_another() {
    let mut assembly = Assembly::new(Default7::Gsm);
    let (old, new) = (parts_of(&text('x'), 7), parts_of(&text('y'), 7));
    assert!(assembly.offer(old[1].clone(), 1, 0).is_empty());
    let pushed = assembly.offer(new[1].clone(), 2, 1);
    assert_eq!((pushed.len(), pushed[0].missing), (1, 2));
    assert!(assembly.offer(new[0].clone(), 3, 2).is_empty());
    let whole = assembly.offer(new[2].clone(), 4, 3);
    assert_eq!((whole[0].text.clone(), whole[0].tags.as_slice()), (text('y'), &[2, 3, 4][..]));
}

#[test]
fn no_more_wait_than_have_room() {
    let mut assembly = Assembly::new(Default7::Gsm);
    let mut left = 0;
    for reference in 0..3_000u16 {
        let part = parts_of(&text('x'), reference)[0].clone();
        left += assembly.offer(part, reference, i64::from(reference)).len();
        assert!(assembly.waiting() <= WAITING_MAX);
    }
    assert_eq!(left, 1_000);
}

proptest! {
    #[test]
    fn parts_in_any_order_and_twice_are_whole(
        text in "[a-z🙏€ก]{161,600}",
        twice in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        seed in prop::collection::vec(any::<u32>(), 16),
    ) {
        let parts = parts_of(&text, 9);
        let mut order: Vec<usize> = (0..parts.len()).collect();
        order.sort_by_key(|i| seed[i % seed.len()]);
        // Repeats come before the last: after it they would be a message of their own.
        let last = order.pop().unwrap();
        for index in twice {
            if !order.is_empty() {
                order.push(order[index.index(order.len())]);
            }
        }
        order.push(last);
        let mut assembly = Assembly::new(Default7::Gsm);
        let mut ready = Vec::new();
        for (tag, index) in order.iter().enumerate() {
            ready.extend(assembly.offer(parts[*index].clone(), tag, 0));
        }
        prop_assert_eq!(ready.len(), 1);
        prop_assert_eq!(&ready[0].text, &text);
        prop_assert_eq!(ready[0].tags.len(), order.len());
        prop_assert_eq!(assembly.waiting(), 0);
    }
}
