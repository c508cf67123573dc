//! Tables that people bring from a spreadsheet: CSV as Excel, LibreOffice and Google write it.
//!
//! With or without a byte order mark, separated by semicolons, commas or tabs, in UTF-8 or in
//! Windows' western code page, lines ending as they like. Columns are known by their names in
//! either language and may stand in any order. What is wrong names its line.

use tanggap_kernel::Locale;
use tanggap_kernel::error::Invalid;
use tanggap_ui::t;

/// The most bytes of a table.
pub const BYTES_MAX: usize = 256 * 1024;
/// Signs of the code page of Windows between 0x80 and 0x9F.
const WINDOWS: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The field that it fills.
    pub field: &'static str,
    /// The key of its name.
    pub key: &'static str,
    /// Whether a table without it is refused.
    pub required: bool,
}

/// A line of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it begins in the file, from 1.
    pub number: u64,
    cells: Vec<(&'static str, String)>,
}

impl Line {
    /// A cell without blanks around it; empty where there is none.
    #[must_use]
    pub fn get(&self, field: &str) -> &str {
        self.cells.iter().find(|(name, _)| *name == field).map_or("", |(_, text)| text)
    }

    /// What is wrong with one of its cells.
    #[must_use]
    pub fn wrong(&self, invalid: Invalid) -> Invalid {
        invalid.arg("line", self.number)
    }
}

/// The text of a file; `None` where it is no text, such as a workbook that was not saved as CSV.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<String> {
    if bytes.contains(&0) || bytes.starts_with(b"PK\x03\x04") {
        return None;
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| western(*byte)).collect(),
    };
    Some(text.trim_start_matches('\u{feff}').to_owned())
}

fn western(byte: u8) -> char {
    match byte {
        0x80..=0x9f => WINDOWS.chars().nth(usize::from(byte - 0x80)).unwrap_or('\u{fffd}'),
        other => char::from(other),
    }
}

/// Reads a table.
///
/// # Errors
/// What is wrong with it: no lines or more than `lines_max`, columns that are missing, twice there
/// or not known, lines with more cells than columns.
pub fn read(text: &str, columns: &[Column], lines_max: usize) -> Result<Vec<Line>, Vec<Invalid>> {
    // The reader counts a line that ends with CR LF only once it has read on.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator(&text))
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut places: Option<Vec<Option<&Column>>> = None;
    let (mut lines, mut problems) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let Ok(record) = record else { return Err(vec![whole("org-import-unread")]) };
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let Some(places) = &places else {
            places = Some(header(&record, columns)?);
            continue;
        };
        let line = line(&record, places);
        if record.iter().skip(places.len()).any(|cell| !cell.trim().is_empty()) {
            problems.push(line.wrong(whole("org-import-cells")));
        }
        lines.push(line);
        if lines.len() > lines_max {
            return Err(vec![whole("org-import-lines").arg("max", lines_max)]);
        }
    }
    match (problems.is_empty(), lines.is_empty()) {
        (false, _) => Err(problems),
        (true, true) => Err(vec![whole("org-import-empty")]),
        (true, false) => Ok(lines),
    }
}

fn whole(key: &'static str) -> Invalid {
    Invalid::new("file", key)
}

/// Whichever sign stands most often in the first line that says something.
fn separator(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |sign: u8| first.bytes().filter(|byte| *byte == sign).count();
    [b',', b'\t', b';'].into_iter().max_by_key(|sign| count(*sign)).unwrap_or(b';')
}

/// Which column stands where.
fn header<'c>(
    record: &csv::StringRecord,
    columns: &'c [Column],
) -> Result<Vec<Option<&'c Column>>, Vec<Invalid>> {
    let mut problems = Vec::new();
    let mut places: Vec<Option<&Column>> = Vec::new();
    for cell in record {
        let name = plain(cell);
        let found = columns.iter().find(|column| is_called(column, &name));
        match found {
            Some(column) if places.iter().flatten().any(|c| c.field == column.field) => {
                problems.push(whole("org-import-column-twice").arg("name", cell.trim()));
            }
            None if !name.is_empty() => {
                problems.push(whole("org-import-column-unknown").arg("name", cell.trim()));
            }
            _ => {}
        }
        places.push(found);
    }
    for column in columns.iter().filter(|column| column.required) {
        if !places.iter().flatten().any(|found| found.field == column.field) {
            let name = t(Locale::Id, column.key);
            problems.push(whole("org-import-column-missing").arg("name", name));
        }
    }
    if problems.is_empty() { Ok(places) } else { Err(problems) }
}

fn is_called(column: &Column, name: &str) -> bool {
    [Locale::Id, Locale::En].iter().any(|locale| plain(&t(*locale, column.key)) == name)
}

/// A name as it is compared: case, blanks and a note such as `*` make no difference.
#[must_use]
pub fn plain(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c == '_' || c == '*').collect();
    words.into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ").to_lowercase()
}

fn line(record: &csv::StringRecord, places: &[Option<&Column>]) -> Line {
    let cells = places.iter().zip(record).filter_map(|(column, cell)| {
        let column = column.as_ref()?;
        Some((column.field, unguarded(cell.trim()).to_owned()))
    });
    let number = record.position().map_or(0, csv::Position::line);
    Line { number, cells: cells.collect() }
}

/// Without the apostrophe that keeps a spreadsheet from running a cell.
fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[
        Column { field: "code", key: "org-import-code", required: true },
        Column { field: "name", key: "org-import-name", required: true },
        Column { field: "phone", key: "org-import-phone", required: false },
    ];

    fn names(bytes: &[u8]) -> Vec<(u64, String, String)> {
        let lines = read(&decode(bytes).unwrap(), COLUMNS, 9).unwrap();
        let told = |l: &Line| (l.number, l.get("name").to_owned(), l.get("phone").to_owned());
        lines.iter().map(told).collect()
    }

    #[test]
    fn files_of_every_spreadsheet_are_understood() {
        let expected = [(2, "Dinas; Satu".to_owned(), "+62 1".to_owned())];
        let excel = "\u{feff}Kode;Nama;Telepon\r\nA;\"Dinas; Satu\";'+62 1\r\n;;\r\n";
        assert_eq!(names(excel.as_bytes()), expected);
        assert_eq!(names(b"name,CODE,phone,\nDinas; Satu,A,+62 1,\n"), expected);
        assert_eq!(names(b" kode \tNAMA*\ttelepon\nA\tDinas; Satu\t+62 1"), expected);
        assert_eq!(names(b"kode;nama\nA;Caf\xe9 \x96 1")[0].1, "Café – 1");
        assert_eq!(names("kode;nama\n\nA;\"dua\nbaris\"\nB;x".as_bytes())[1].0, 5);
    }

    #[test]
    fn what_is_no_table_is_told() {
        assert_eq!(decode(b"PK\x03\x04rest"), None);
        assert_eq!(
            decode(
                "kode;nama"
                    .encode_utf16()
                    .flat_map(u16::to_le_bytes)
                    .collect::<Vec<_>>()
                    .as_slice()
            ),
            None
        );
        let key = |text: &str| {
            let problems = read(text, COLUMNS, 2).unwrap_err();
            problems.iter().map(|p| p.message).collect::<Vec<_>>()
        };
        assert_eq!(key(""), ["org-import-empty"]);
        assert_eq!(key("kode;nama"), ["org-import-empty"]);
        assert_eq!(key("kode;warna"), ["org-import-column-unknown", "org-import-column-missing"]);
        assert_eq!(key("kode;code;nama"), ["org-import-column-twice"]);
        assert_eq!(key("kode;nama\nA;B;C"), ["org-import-cells"]);
        assert_eq!(key("kode;nama\nA;B\nA;B\nA;B"), ["org-import-lines"]);
    }
}
