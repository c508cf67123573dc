//! An official letter as PDF: letterhead, title, what matters in boxes, a table of labels and
//! values, paragraphs, a QR code, footer and page numbers on A4.
//!
//! Tagged and checked against PDF/UA-1, so that a screen reader can read it: title, language,
//! headings, a table with row headers, a name for the code. No date is written into the file,
//! so the same letter is the same bytes.

use std::fmt;

use crate::font::printable;
use crate::layout::set;
use crate::pdf;
use crate::qr::{QrError, runs};

/// Longest single text of a letter that is set, in characters; the rest is cut off.
pub const TEXT_CHARS_MAX: usize = 40_000;

/// Most rows of the table.
pub const ROWS_MAX: usize = 2_000;

/// What a letter says. All texts are ready for the reader; line breaks in them are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letter {
    /// Language of the texts (BCP 47, `id` or `en`).
    pub language: String,
    /// Letterhead: the agency, then its unit, address, telephone. The first line is bold.
    pub head: Vec<String>,
    /// Title of the letter and of the document.
    pub title: String,
    /// Up to three (label, value) in boxes: a code, a PIN, a date.
    pub highlights: Vec<(String, String)>,
    /// Paragraphs before the table.
    pub intro: Vec<String>,
    /// (label, value), one row each.
    pub rows: Vec<(String, String)>,
    /// Paragraphs after the table.
    pub paragraphs: Vec<String>,
    /// A code to scan.
    pub qr: Option<LetterQr>,
    /// At the foot of every page, up to four lines.
    pub footer: Vec<String>,
    /// Page number, with `{page}` and `{pages}` in it; empty for none.
    pub page_label: String,
}

/// A QR code in a letter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LetterQr {
    /// What a scan gives, usually an address.
    pub content: String,
    /// Beside the code.
    pub caption: String,
    /// What the code is, for those who do not see it.
    pub alt: String,
}

/// Why there is no PDF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PdfError {
    /// Too much text for the QR code.
    Qr(QrError),
    /// The PDF could not be written; the text says what the writer minded.
    Writer(String),
}

impl fmt::Display for PdfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Qr(error) => error.fmt(f),
            Self::Writer(what) => write!(f, "the PDF could not be written: {what}"),
        }
    }
}

impl std::error::Error for PdfError {}

/// The letter as PDF/UA-1, or as plain tagged PDF should its texts not allow that.
///
/// # Errors
/// [`PdfError`]. Characters that the font lacks show as empty boxes; texts, rows and pages
/// beyond the bounds are left out.
pub fn letter_pdf(letter: &Letter) -> Result<Vec<u8>, PdfError> {
    let letter = bounded(letter);
    let code = letter.qr.as_ref().map(|qr| runs(&qr.content)).transpose().map_err(PdfError::Qr)?;
    let layout = set(&letter);
    pdf::write(&letter, &layout, code.as_ref(), true)
        .or_else(|_| pdf::write(&letter, &layout, code.as_ref(), false))
}

/// The letter in printable characters and within the bounds.
fn bounded(letter: &Letter) -> Letter {
    let text = |text: &String| -> String {
        let cut = text.char_indices().nth(TEXT_CHARS_MAX).map_or(text.len(), |(at, _)| at);
        printable(&text[..cut])
    };
    let texts = |all: &[String]| all.iter().take(ROWS_MAX).map(text).collect();
    let pairs = |all: &[(String, String)]| {
        all.iter().take(ROWS_MAX).map(|(label, value)| (text(label), text(value))).collect()
    };
    Letter {
        language: letter.language.clone(),
        head: texts(&letter.head),
        title: text(&letter.title),
        highlights: pairs(&letter.highlights),
        intro: texts(&letter.intro),
        rows: pairs(&letter.rows),
        paragraphs: texts(&letter.paragraphs),
        qr: letter.qr.as_ref().map(|qr| LetterQr {
            content: qr.content.clone(),
            caption: text(&qr.caption),
            alt: text(&qr.alt),
        }),
        footer: texts(&letter.footer),
        page_label: text(&letter.page_label),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pair(label: &str, value: &str) -> (String, String) {
        (label.to_owned(), value.to_owned())
    }

    fn sample() -> Letter {
        Letter {
            language: "id".to_owned(),
            head: vec![
                "Pemerintah Kabupaten Contoh".to_owned(),
                "Dinas Komunikasi dan Informatika".to_owned(),
                "Jalan Merdeka Nomor 1, Contoh · (021) 5265888 · pengaduan@contoh.go.id".to_owned(),
            ],
            title: "Tanda terima laporan".to_owned(),
            highlights: vec![pair("Kode lacak", "K7M4-Q2XP"), pair("PIN", "4821")],
            intro: vec!["Laporan Anda sudah kami terima dan catat.".to_owned()],
            rows: vec![
                pair("Diterima", "13 Maret 2026, 14.30 WIB"),
                pair("Pokok laporan", "Jalan berlubang di depan “SDN 2” – dekat jembatan"),
                pair("Uraian", &"Jalan rusak sejak banjir bulan lalu. ".repeat(12)),
                pair("Tenggat", "27 Maret 2026 (10 hari kerja, Pasal 50 UU 25/2009)"),
            ],
            paragraphs: vec!["Simpan surat ini. Kode dan PIN diperlukan untuk melacak.".to_owned()],
            qr: Some(LetterQr {
                content: "https://contoh.go.id/lacak/K7M4-Q2XP".to_owned(),
                caption: "Pindai untuk melihat perkembangan laporan.".to_owned(),
                alt: "Kode QR halaman pelacakan".to_owned(),
            }),
            footer: vec!["Surat ini dibuat oleh sistem.".to_owned()],
            page_label: "Halaman {page} dari {pages}".to_owned(),
        }
    }

    #[test]
    fn makes_a_tagged_pdf_in_its_language() {
        let pdf = letter_pdf(&sample()).unwrap();
        let has = |text: &str| pdf.windows(text.len()).any(|w| w == text.as_bytes());
        assert!(pdf.starts_with(b"%PDF-1.") && has("%%EOF"));
        assert!(has("/StructTreeRoot") && has("/Lang") && has("pdfuaid"), "tagged as PDF/UA");
        assert!(pdf.len() < 60_000, "{} bytes", pdf.len());
        assert_eq!(pdf, letter_pdf(&sample()).unwrap(), "the same bytes again");
    }

    #[test]
    fn flows_over_pages_up_to_the_bound() {
        let mut letter = sample();
        letter.rows = (0..120).map(|n| pair(&format!("Baris {n}"), "isi")).collect();
        assert!((3..10).contains(&set(&bounded(&letter)).pages.len()));
        letter.paragraphs = vec!["kata ".repeat(8_000); 12];
        assert_eq!(set(&bounded(&letter)).pages.len(), crate::layout::PAGES_MAX);
        assert!(letter_pdf(&letter).is_ok());
    }

    #[test]
    fn empty_and_odd_letters_are_fine() {
        assert!(letter_pdf(&Letter::default()).is_ok());
        let mut letter = sample();
        letter.title = "🙏 \u{7} \u{202E} ٣ 投诉".to_owned();
        letter.language = String::new();
        assert!(letter_pdf(&letter).is_ok());
        letter.qr = Some(LetterQr { content: "a".repeat(5_000), ..LetterQr::default() });
        assert_eq!(letter_pdf(&letter), Err(PdfError::Qr(QrError::TooLong)));
    }

    /// Writes the sample to the folder named in `TANGGAP_PRESS_OUT`, to be looked at.
    #[test]
    fn sample_to_look_at() {
        if let Some(folder) = std::env::var_os("TANGGAP_PRESS_OUT") {
            let path = std::path::Path::new(&folder).join("letter.pdf");
            std::fs::write(path, letter_pdf(&sample()).unwrap()).unwrap();
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn any_text_makes_a_letter(a in "\\PC{0,60}", b in ".{0,200}", c in "[a-z\n ]{0,300}") {
            let mut letter = sample();
            letter.title = a.clone();
            letter.rows = vec![(b.clone(), c.clone()), (c, a)];
            letter.highlights = vec![(b.clone(), b)];
            prop_assert!(letter_pdf(&letter).is_ok());
        }
    }
}
