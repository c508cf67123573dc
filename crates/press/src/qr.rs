//! QR codes as SVG for pages and as rectangles for PDFs.

use std::fmt;
use std::fmt::Write as _;

use fast_qr::{ECL, QRBuilder, QRCode};

/// Empty modules around a code, which readers need (ISO/IEC 18004).
const QUIET: usize = 4;

/// Why there is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QrError {
    /// More text than a code holds (about 2,300 bytes).
    TooLong,
}

impl fmt::Display for QrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too much text for a QR code")
    }
}

impl std::error::Error for QrError {}

/// A run of dark modules: left, top and width, in modules, without the quiet border.
pub(crate) struct Run {
    pub(crate) x: usize,
    pub(crate) y: usize,
    pub(crate) width: usize,
}

/// The dark modules of a code in horizontal runs, and its width in modules.
pub(crate) fn runs(text: &str) -> Result<(Vec<Run>, usize), QrError> {
    let code = QRBuilder::new(text).ecl(ECL::M).build().map_err(|_| QrError::TooLong)?;
    let runs = (0..code.size).flat_map(|y| row_runs(&code, y)).collect();
    Ok((runs, code.size))
}

fn row_runs(code: &QRCode, y: usize) -> Vec<Run> {
    let row = &code[y][..code.size];
    let mut x = 0;
    let mut runs = Vec::new();
    for modules in row.chunk_by(|a, b| a.value() == b.value()) {
        if modules[0].value() {
            runs.push(Run { x, y, width: modules.len() });
        }
        x += modules.len();
    }
    runs
}

/// `text` as a QR code in SVG, black on white in every theme, named `title` for those who do not
/// see it. It has no size of its own: the page gives it one.
///
/// # Errors
/// [`QrError::TooLong`].
pub fn qr_svg(text: &str, title: &str) -> Result<String, QrError> {
    let (runs, size) = runs(text)?;
    let whole = size + 2 * QUIET;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {whole} {whole}\" role=\"img\" \
         shape-rendering=\"crispEdges\"><title>{}</title>\
         <path fill=\"#fff\" d=\"M0 0h{whole}v{whole}H0z\"/><path fill=\"#000\" d=\"",
        escaped(title)
    );
    for run in runs {
        let (x, y) = (run.x + QUIET, run.y + QUIET);
        // Writing to a String cannot fail.
        let _ = write!(svg, "M{x} {y}h{0}v1h-{0}z", run.width);
    }
    svg.push_str("\"/></svg>");
    Ok(svg)
}

/// Text for XML; characters that XML forbids are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() && c != '\n' && c != '\t' => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn draws_a_named_code() {
        let svg = qr_svg("https://contoh.go.id/lacak/AB12", "Kode <lacak> & PIN").unwrap();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"));
        assert!(svg.contains("<title>Kode &lt;lacak&gt; &amp; PIN</title>"));
        // The finder pattern in the corner: seven dark modules.
        assert!(svg.contains("M4 4h7v1h-7z"));
        assert!(svg.len() < 12_000, "{}", svg.len());
    }

    #[test]
    fn too_long_is_an_error() {
        assert_eq!(qr_svg(&"a".repeat(3_000), ""), Err(QrError::TooLong));
        assert!(qr_svg("", "").is_ok());
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,100}", title in ".{0,20}") {
            let svg = qr_svg(&text, &title).unwrap();
            prop_assert!(!svg.contains('\0'));
        }
    }
}
