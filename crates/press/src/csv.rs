//! Tables as CSV (RFC 4180) that spreadsheets open without running anything.
//!
//! A cell that a spreadsheet would take for a formula gets an apostrophe before it, which shows
//! as text. Plain numbers, also negative ones, stay numbers.

use std::borrow::Cow;

/// How to write the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CsvOptions {
    /// Between cells. Spreadsheets set to Indonesian expect `;`, since `,` is their decimal sign.
    pub separator: Separator,
    /// Whether to begin with a byte order mark, without which Excel does not expect UTF-8.
    pub bom: bool,
}

/// What stands between two cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
}

impl Default for CsvOptions {
    /// For a spreadsheet set to Indonesian.
    fn default() -> Self {
        Self { separator: Separator::Semicolon, bom: true }
    }
}

/// A table being written. Lines end with CR LF.
pub struct CsvTable {
    writer: csv::Writer<Vec<u8>>,
}

impl CsvTable {
    /// An empty table.
    pub fn new(options: CsvOptions) -> Self {
        let start = if options.bom { "\u{FEFF}".as_bytes().to_vec() } else { Vec::new() };
        let delimiter = match options.separator {
            Separator::Comma => b',',
            Separator::Semicolon => b';',
        };
        let writer = csv::WriterBuilder::new()
            .delimiter(delimiter)
            .terminator(csv::Terminator::CRLF)
            .flexible(true)
            .from_writer(start);
        Self { writer }
    }

    /// Adds a row; the first is usually the header. Cells are guarded against formulas.
    pub fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        for cell in cells {
            self.writer
                .write_field(guarded(cell.as_ref()).as_bytes())
                .expect("invariant: writing to memory does not fail");
        }
        self.writer.write_record(None::<&[u8]>).expect("invariant: rows of any length are allowed");
    }

    /// The whole file.
    pub fn finish(self) -> Vec<u8> {
        self.writer.into_inner().expect("invariant: flushing to memory does not fail")
    }
}

/// The cell, with an apostrophe before it if a spreadsheet would run it.
pub fn guarded(cell: &str) -> Cow<'_, str> {
    let risky = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if risky && !is_number(cell) { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

/// An optional minus, digits, and single dots or commas between digits.
fn is_number(cell: &str) -> bool {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    digits
        .split(['.', ','])
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(options: CsvOptions, rows: &[&[&str]]) -> String {
        let mut table = CsvTable::new(options);
        for row in rows {
            table.row(*row);
        }
        String::from_utf8(table.finish()).unwrap()
    }

    #[test]
    fn quotes_what_needs_it() {
        let plain = CsvOptions { separator: Separator::Comma, bom: false };
        let rows: &[&[&str]] = &[&["kode", "uraian"], &["A1", "jalan, \"rusak\"\nparah"], &[""]];
        assert_eq!(
            text(plain, rows),
            "kode,uraian\r\nA1,\"jalan, \"\"rusak\"\"\nparah\"\r\n\"\"\r\n"
        );
        assert_eq!(text(CsvOptions::default(), &[&["a", "b;c"]]), "\u{FEFF}a;\"b;c\"\r\n");
    }

    #[test]
    fn guards_formulas_and_spares_numbers() {
        for (cell, written) in [
            ("=1+1", "'=1+1"),
            ("+62812", "'+62812"),
            ("-", "'-"),
            ("-SUM(A1)", "'-SUM(A1)"),
            ("@cmd", "'@cmd"),
            ("\tx", "'\tx"),
            ("\rx", "'\rx"),
            ("＝1", "'＝1"),
            ("-12,5", "-12,5"),
            ("-1.234,56", "-1.234,56"),
            ("-1..2", "'-1..2"),
            ("a=b", "a=b"),
            ("", ""),
        ] {
            assert_eq!(guarded(cell), written);
        }
    }

    /// Cells as they come, with those that need care more often than chance would have them.
    fn rows() -> impl Strategy<Value = Vec<Vec<String>>> {
        let cell = "\\PC{0,8}|[=@,;\"\r\n]{0,4}";
        prop::collection::vec(prop::collection::vec(cell, 1..4), 0..5)
    }

    proptest! {
        #[test]
        fn reads_back_as_written(rows in rows()) {
            let options = CsvOptions { separator: Separator::Semicolon, bom: false };
            let mut table = CsvTable::new(options);
            for row in &rows {
                table.row(row);
            }
            let bytes = table.finish();
            let mut reader = csv::ReaderBuilder::new();
            reader.delimiter(b';').has_headers(false).flexible(true);
            let strings = |row: csv::StringRecord| row.iter().map(str::to_owned).collect();
            let read: Vec<Vec<String>> =
                reader.from_reader(&bytes[..]).records().map(|row| strings(row.unwrap())).collect();
            let guard = |row: &Vec<String>| row.iter().map(|c| guarded(c).into_owned()).collect();
            let expected: Vec<Vec<String>> = rows.iter().map(guard).collect();
            prop_assert_eq!(read, expected);
        }
    }
}
