//! The embedded fonts and how wide their characters are.
//!
//! Widths come straight from the files' tables (cmap format 4, hmtx), because lines must be
//! broken before they are drawn. Kerning is left out: it moves a line by less than its margin.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The two weights that a letter is set in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

static REGULAR: &[u8] = include_bytes!("../fonts/inter-regular.ttf");
static BOLD: &[u8] = include_bytes!("../fonts/inter-bold.ttf");

static REGULAR_WIDTHS: LazyLock<Widths> = LazyLock::new(|| read(REGULAR));
static BOLD_WIDTHS: LazyLock<Widths> = LazyLock::new(|| read(BOLD));

/// What is printed for a character that the font lacks.
const MISSING: char = '\u{25A1}';

/// Advance of each character in thousandths of the font size.
struct Widths(HashMap<char, f32>);

impl Weight {
    /// The font file.
    pub(crate) fn file(self) -> &'static [u8] {
        match self {
            Self::Regular => REGULAR,
            Self::Bold => BOLD,
        }
    }

    fn widths(self) -> &'static Widths {
        match self {
            Self::Regular => &REGULAR_WIDTHS,
            Self::Bold => &BOLD_WIDTHS,
        }
    }

    /// Width of `text` at `size`, in points.
    pub(crate) fn width(self, text: &str, size: f32) -> f32 {
        let widths = &self.widths().0;
        let thousandths: f32 = text.chars().map(|c| widths.get(&c).copied().unwrap_or(600.0)).sum();
        thousandths * size / 1000.0
    }
}

/// The text in characters that the fonts have: odd spaces become spaces, invisible marks go,
/// the rest that is missing shows as an empty box.
pub(crate) fn printable(text: &str) -> String {
    let widths = &Weight::Regular.widths().0;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_whitespace() && c != '\n' => out.push(' '),
            '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' => {}
            '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{AD}' | '\u{0300}'..='\u{036F}' => {}
            c if c.is_control() && c != '\n' => {}
            c if c == '\n' || widths.contains_key(&c) => out.push(c),
            _ => out.push(MISSING),
        }
    }
    out
}

/// Reads the widths of one of our two files.
fn read(file: &[u8]) -> Widths {
    let font = Reader { file };
    let table = |tag: &[u8; 4]| font.table(tag).expect("invariant: our fonts have this table");
    let (head, hhea, hmtx, cmap) = (table(b"head"), table(b"hhea"), table(b"hmtx"), table(b"cmap"));
    let units = f32::from(font.u16(head + 18));
    let metrics = usize::from(font.u16(hhea + 34)).max(1);
    let advance =
        |glyph: usize| f32::from(font.u16(hmtx + glyph.min(metrics - 1) * 4)) * 1000.0 / units;
    let glyphs = font.format_4(cmap);
    Widths(glyphs.into_iter().map(|(c, glyph)| (c, advance(glyph))).collect())
}

/// Big-endian numbers of a font file; beyond its end everything is 0.
struct Reader<'a> {
    file: &'a [u8],
}

impl Reader<'_> {
    fn u16(&self, at: usize) -> u16 {
        match self.file.get(at..at + 2) {
            Some(bytes) => u16::from_be_bytes([bytes[0], bytes[1]]),
            None => 0,
        }
    }

    fn u32(&self, at: usize) -> usize {
        (usize::from(self.u16(at)) << 16) | usize::from(self.u16(at + 2))
    }

    /// Where a table begins.
    fn table(&self, tag: &[u8; 4]) -> Option<usize> {
        (0..usize::from(self.u16(4)))
            .map(|n| 12 + n * 16)
            .find(|at| self.file.get(*at..*at + 4) == Some(tag))
            .map(|at| self.u32(at + 8))
    }

    /// Characters and glyphs of the first format 4 map.
    fn format_4(&self, cmap: usize) -> Vec<(char, usize)> {
        let maps = (0..usize::from(self.u16(cmap + 2))).map(|n| self.u32(cmap + 4 + n * 8 + 4));
        let Some(map) = maps.map(|offset| cmap + offset).find(|map| self.u16(*map) == 4) else {
            return Vec::new();
        };
        let segments = usize::from(self.u16(map + 6)) / 2;
        let mut pairs = Vec::new();
        for segment in 0..segments {
            let column = |n: usize| map + 14 + n * segments * 2 + segment * 2;
            let end = self.u16(column(0));
            // One reserved number stands between the ends and the starts.
            let start = self.u16(column(1) + 2);
            let delta = self.u16(column(2) + 2);
            let offset_at = column(3) + 2;
            let offset = usize::from(self.u16(offset_at));
            for code in start..=end {
                let glyph = if offset == 0 {
                    code.wrapping_add(delta)
                } else {
                    match self.u16(offset_at + offset + usize::from(code - start) * 2) {
                        0 => 0,
                        glyph => glyph.wrapping_add(delta),
                    }
                };
                if glyph != 0
                    && let Some(c) = char::from_u32(u32::from(code))
                {
                    pairs.push((c, usize::from(glyph)));
                }
            }
        }
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_what_indonesian_needs() {
        let text = "Abcxyz 0123 “kutip” ‘é’ – — … • Rp1.000,00 § ° ½ → ✓ × ≤ ≥ № ñ ü ḍ ḥ";
        for weight in [Weight::Regular, Weight::Bold] {
            for c in text.chars() {
                assert!(weight.widths().0.contains_key(&c), "{c} in {weight:?}");
            }
        }
        assert_eq!(printable(text), text);
    }

    #[test]
    fn widths_are_those_of_the_file() {
        // Inter is 2048 units; its digits and letters are near six tenths of the size.
        assert!((Weight::Regular.width("0", 10.0) - 6.3).abs() < 0.6);
        assert!(Weight::Bold.width("Agencies", 10.0) > Weight::Regular.width("Agencies", 10.0));
        assert_eq!(Weight::Regular.width("", 10.0), 0.0);
    }

    #[test]
    fn replaces_what_is_missing() {
        assert_eq!(printable("a\u{200B}b\u{A0}c\td 🙏 投 \u{7}"), "ab c d □ □ ");
    }
}
