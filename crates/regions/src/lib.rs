//! Administrative regions of Indonesia by their Kemendagri codes: province, regency or city,
//! district, village.
//!
//! Codes as of Kepmendagri 300.2.2-2430/2025, embedded; codes that were retired before keep
//! their last name and, where it is clear, their successor, so that an address stored years ago
//! stays readable. Pure: no I/O; the data unpacks in memory at the first question (some 30 ms).
//!
//! Invariant: a current region's ancestors are all current. BPS codes are another numbering and
//! unknown here.

mod code;
mod data;
mod search;

use std::fmt;

pub use code::{Code, CodeError, Kind, Level};
pub use search::search;

use data::{DATA, Sorted};

/// A region and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its code.
    pub code: Code,
    /// Its name without the word for its kind, save "Kabupaten" and "Kota", which are part of it.
    pub name: &'static str,
    /// Whether the code is in force.
    pub current: bool,
    /// For a retired code, the current one of the same place, where that is clear.
    pub successor: Option<Code>,
}

impl Region {
    /// How deep it lies.
    pub fn level(&self) -> Level {
        self.code.level()
    }

    /// What it is called by law.
    pub fn kind(&self) -> Kind {
        self.code.kind()
    }

    /// The code of what it lies in; `None` for a province.
    pub fn parent(&self) -> Option<Code> {
        self.code.parent()
    }
}

/// Why nothing was found under a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookupError {
    /// The text is no code.
    Code(CodeError),
    /// No such code, now or in the releases we know; the nearest region above it, if any.
    Unknown {
        /// The deepest known region that the code would lie in.
        nearest: Option<Region>,
    },
}

/// Finds the region of a code as typed or stored (`31.71.01.1001` or `3171011001`).
///
/// ```
/// let gambir = tanggap_regions::lookup("31.71.01.1001").unwrap();
/// assert_eq!(gambir.name, "Gambir");
/// ```
pub fn lookup(text: &str) -> Result<Region, LookupError> {
    let code = Code::parse(text).map_err(LookupError::Code)?;
    region(code).ok_or_else(|| LookupError::Unknown {
        nearest: std::iter::successors(code.parent(), |code| code.parent()).find_map(region),
    })
}

/// The region of a code, current or retired.
pub fn region(code: Code) -> Option<Region> {
    let data = &*DATA;
    if let Some(position) = data.current.position(code) {
        let name = data.name(&data.current, position);
        return Some(Region { code, name, current: true, successor: None });
    }
    let position = data.retired.position(code)?;
    let successor = Some(data.successors[position]).filter(|number| *number != 0);
    Some(Region {
        code,
        name: data.name(&data.retired, position),
        current: false,
        successor: successor.map(Code::from_number),
    })
}

/// The region and all it lies in, from the province down. Regions in between that nobody knows
/// any more are left out; empty only for a code of which nothing is known.
pub fn chain(code: Code) -> Vec<Region> {
    let mut chain: Vec<Region> =
        std::iter::successors(Some(code), |code| code.parent()).filter_map(region).collect();
    chain.reverse();
    chain
}

/// All current provinces, by code.
pub fn provinces() -> Vec<Region> {
    below(&DATA.current, Level::Province, 0, u64::MAX)
}

/// The current regions one level below, by code; empty for a village and a retired code.
pub fn children(code: Code) -> Vec<Region> {
    let level = match code.level() {
        Level::Province => Level::Regency,
        Level::Regency => Level::District,
        Level::District => Level::Village,
        Level::Village => return Vec::new(),
    };
    if DATA.current.position(code).is_none() {
        return Vec::new();
    }
    below(&DATA.current, level, code.number() + 1, code.end())
}

/// Current regions of `level` with numbers from `from` up to `end`; skips what lies in each.
fn below(list: &'static Sorted, level: Level, from: u64, end: u64) -> Vec<Region> {
    let mut found = Vec::new();
    let mut position = list.at_least(from);
    while let Some(number) = list.numbers.get(position).filter(|number| **number < end) {
        let code = Code::from_number(*number);
        if code.level() == level {
            found.extend(region(code));
            position = list.at_least(code.end());
        } else {
            position += 1;
        }
    }
    found
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(error) => error.fmt(f),
            Self::Unknown { .. } => f.write_str("no region has this code"),
        }
    }
}

impl std::error::Error for LookupError {}

#[cfg(test)]
mod tests;
