//! Finding a region by what people type: beginnings of words, in any order, of the region and
//! of what it lies in ("gambir jak", "sukamaju ciamis").

use crate::code::{Code, Level};
use crate::data::{DATA, Data};
use crate::{Region, region};

/// Most words of a query that are looked at.
const WORDS_MAX: usize = 6;

/// Current regions that fit `query`, best first: the whole name begins so, then wider regions
/// before narrower ones, then by code. At most `limit`; nothing for an empty query.
///
/// Every word must begin a word of the region's name or of a region it lies in, and at least
/// one must begin a word of its own. Walks all names (some milliseconds).
pub fn search(query: &str, limit: usize) -> Vec<Region> {
    let query = query.to_lowercase();
    let words: Vec<&str> =
        query.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let words = &words[..words.len().min(WORDS_MAX)];
    if words.is_empty() || limit == 0 {
        return Vec::new();
    }
    let data = &*DATA;
    let mut above = [0u8; 4];
    let all = (1u8 << words.len()) - 1;
    let mut hits: Vec<(bool, Level, usize)> = Vec::new();
    for (position, number) in data.current.numbers.iter().enumerate() {
        let level = Code::from_number(*number).level();
        let name = data.name(&data.current, position);
        let own = matched(name, words);
        let inherited = if level == Level::Province { 0 } else { above[level as usize - 1] };
        above[level as usize] = own | inherited;
        if own != 0 && own | inherited == all {
            hits.push((!begins(name, words[0]), level, position));
        }
    }
    hits.sort_unstable();
    hits.truncate(limit);
    hits.into_iter().map(|(_, _, position)| current(data, position)).collect()
}

fn current(data: &Data, position: usize) -> Region {
    region(Code::from_number(data.current.numbers[position]))
        .expect("invariant: a listed code is known")
}

/// Bit n is set where the nth word begins a word of `name`.
fn matched(name: &str, words: &[&str]) -> u8 {
    let mut bits = 0;
    let mut starts = true;
    for (at, c) in name.char_indices() {
        if starts && c.is_alphanumeric() {
            for (bit, word) in words.iter().enumerate() {
                if begins(&name[at..], word) {
                    bits |= 1 << bit;
                }
            }
        }
        starts = !c.is_alphanumeric();
    }
    bits
}

/// Whether `name` begins with the lower-case `word`, capitals aside.
fn begins(name: &str, word: &str) -> bool {
    name.len() >= word.len() && name.as_bytes()[..word.len()].eq_ignore_ascii_case(word.as_bytes())
}
