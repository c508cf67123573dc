//! The embedded data, unpacked at the first use into arrays that are searched by halving.
//!
//! About 1.2 MB of names and 1.5 MB of positions stay resident once a region has been asked for;
//! before that nothing. Format: see `data/build.mjs`.

use std::io::Read;
use std::sync::LazyLock;

use flate2::read::GzDecoder;

use crate::code::{Code, Level};

/// Current and retired codes with their names.
static PACKED: &[u8] = include_bytes!("../data/regions.txt.gz");

/// The unpacked data.
pub(crate) static DATA: LazyLock<Data> = LazyLock::new(unpack);

/// Sorted arrays over one text.
pub(crate) struct Data {
    names: String,
    pub(crate) current: Sorted,
    pub(crate) retired: Sorted,
    /// Beside `retired`: the successor's number, 0 for none.
    pub(crate) successors: Vec<u64>,
}

/// Codes in order, and where their names begin and end.
#[derive(Default)]
pub(crate) struct Sorted {
    pub(crate) numbers: Vec<u64>,
    starts: Vec<u32>,
    ends: Vec<u32>,
}

impl Sorted {
    fn with_room(rows: usize) -> Self {
        Self {
            numbers: Vec::with_capacity(rows),
            starts: Vec::with_capacity(rows),
            ends: Vec::with_capacity(rows),
        }
    }

    fn push(&mut self, number: u64, name: &str, names: &mut String) {
        self.numbers.push(number);
        self.starts.push(names.len() as u32);
        names.push_str(name);
        self.ends.push(names.len() as u32);
    }

    /// Where `code` stands.
    pub(crate) fn position(&self, code: Code) -> Option<usize> {
        self.numbers.binary_search(&code.number()).ok()
    }

    /// The first position whose number is `number` or more.
    pub(crate) fn at_least(&self, number: u64) -> usize {
        self.numbers.partition_point(|known| *known < number)
    }
}

impl Data {
    /// The name at a position of one of the two lists.
    pub(crate) fn name(&self, list: &Sorted, position: usize) -> &str {
        &self.names[list.starts[position] as usize..list.ends[position] as usize]
    }
}

/// Unpacks and reads the file. It is part of the program, so what is wrong with it is a bug that
/// the tests find.
fn unpack() -> Data {
    let mut text = String::with_capacity(1_300_000);
    GzDecoder::new(PACKED)
        .read_to_string(&mut text)
        .expect("invariant: the embedded regions unpack");
    let (current, retired) =
        text.split_once("\n\n").expect("invariant: retired codes follow an empty line");
    let mut data = Data {
        names: String::with_capacity(text.len()),
        current: Sorted::with_room(current.lines().count()),
        retired: Sorted::with_room(retired.lines().count()),
        successors: Vec::new(),
    };
    read_current(current, &mut data);
    for line in retired.lines() {
        let mut cells = line.split('\t');
        let mut cell = || cells.next().expect("invariant: three cells");
        let (code, successor, name) = (cell(), cell(), cell());
        data.retired.push(padded(code), name, &mut data.names);
        data.successors.push(if successor.is_empty() { 0 } else { padded(successor) });
    }
    data.names.shrink_to_fit();
    data
}

/// Reads the tree: each line says its level and, where it is not the next, its last digits.
fn read_current(text: &str, data: &mut Data) {
    let mut parts = [0u64; 4];
    for line in text.lines() {
        let (head, name) = line.split_once('\t').expect("invariant: a tab in each line");
        let level = match head.as_bytes()[0] {
            b'p' => Level::Province,
            b'r' => Level::Regency,
            b'd' => Level::District,
            _ => Level::Village,
        } as usize;
        parts[level] = match &head[1..] {
            "" => parts[level] + 1,
            digits => digits.parse().expect("invariant: digits after the level"),
        };
        parts[level + 1..].fill(0);
        let number = ((parts[0] * 100 + parts[1]) * 100 + parts[2]) * 10_000 + parts[3];
        data.current.push(number, name, &mut data.names);
    }
}

/// Digits of a code, right-filled to ten.
fn padded(digits: &str) -> u64 {
    let number: u64 = digits.parse().expect("invariant: a code is digits");
    number * 10u64.pow(10u32.saturating_sub(digits.len() as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_is_sorted_and_every_parent_there() {
        for list in [&DATA.current, &DATA.retired] {
            assert!(list.numbers.is_sorted_by(|a, b| a < b));
            for number in &list.numbers {
                let code = Code::from_number(*number);
                assert_eq!(Code::parse(&code.digits()), Ok(code));
            }
        }
        for number in &DATA.current.numbers {
            if let Some(parent) = Code::from_number(*number).parent() {
                assert!(DATA.current.position(parent).is_some(), "{parent}");
            }
        }
        for successor in DATA.successors.iter().filter(|number| **number != 0) {
            assert!(DATA.current.position(Code::from_number(*successor)).is_some());
        }
        assert!(DATA.names.len() < 2_000_000);
    }

    #[test]
    fn counts_are_those_of_the_decree() {
        let mut counts = [0; 4];
        for number in &DATA.current.numbers {
            counts[Code::from_number(*number).level() as usize] += 1;
        }
        // Kepmendagri 300.2.2-2430/2025.
        assert_eq!(counts, [38, 514, 7_285, 83_762]);
    }
}
