//! Data in, bytes out: QR codes, letters as PDF, tables as CSV.
//!
//! Pure: no I/O, no clock, and no words of its own: every text that a person reads is passed in,
//! so that it can be in any language. The same input always gives the same bytes.

pub mod csv;
mod font;
mod layout;
mod letter;
mod pdf;
mod qr;

pub use letter::{Letter, LetterQr, PdfError, ROWS_MAX, TEXT_CHARS_MAX, letter_pdf};
pub use qr::{QrError, qr_svg};
