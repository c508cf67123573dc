//! Keyset pages: a page begins after a key, never at an offset, so that page 10,000 costs what
//! page 1 costs and rows that come or go in between are neither skipped nor shown twice.

/// Where a page begins: the sort value and id of the last row already shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The sort column of that row (an instant in microseconds, or another integer).
    pub sort: i64,
    /// The id of that row.
    pub id: i64,
}

impl Cursor {
    /// Before the first row of an ascending list.
    pub const START: Self = Self { sort: i64::MIN, id: i64::MIN };
    /// Before the first row of a descending list.
    pub const END: Self = Self { sort: i64::MAX, id: i64::MAX };

    /// Reads a cursor that [`Cursor::to_text`] wrote; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (sort, id) = text.split_once('.')?;
        let sort = i64::from_str_radix(sort, 16).ok()?;
        Some(Self { sort, id: crate::id::from_text(id)? })
    }

    /// Its text for a link.
    #[must_use]
    pub fn to_text(self) -> String {
        let sign = if self.sort < 0 { "-" } else { "" };
        format!("{sign}{:x}.{}", self.sort.unsigned_abs(), crate::id::to_text(self.id))
    }
}

/// One page of rows and where the next one begins.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows, at most as many as were asked for.
    pub rows: Vec<T>,
    /// The cursor of the next page; `None` on the last.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Makes a page from `rows` of which one more than `limit` was asked for: the extra row only
    /// tells that there is a next page.
    #[must_use]
    pub fn from_rows(mut rows: Vec<T>, limit: usize, key: impl Fn(&T) -> Cursor) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(key) } else { None };
        Self { rows, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cursors_round_trip(sort in (i64::MIN + 1)..=i64::MAX, id in 0..=i64::MAX) {
            let cursor = Cursor { sort, id };
            prop_assert_eq!(Cursor::parse(&cursor.to_text()), Some(cursor));
        }
    }
}
