//! Where everything of a letter stands: lines broken, rows set, pages filled from the top.
//!
//! Knows nothing of PDF; positions are points (1/72 inch) from the top left corner of the page,
//! texts by their baseline. Each item says which part of the document's structure it belongs to,
//! so that the same order can be read out aloud.

use crate::font::Weight;
use crate::letter::{Letter, LetterQr};

/// A4 (ISO 216).
pub(crate) const PAGE_WIDTH: f32 = 595.28;
/// A4 (ISO 216).
pub(crate) const PAGE_HEIGHT: f32 = 841.89;
/// Left, right and top: two centimetres.
const MARGIN: f32 = 56.7;
/// Where the text ends; the footer stands below.
const BOTTOM: f32 = PAGE_HEIGHT - 76.0;
const WIDTH: f32 = PAGE_WIDTH - 2.0 * MARGIN;
/// Width of the column of labels.
const LABELS: f32 = 150.0;
const QR_SIDE: f32 = 96.0;
const BODY: Style = Style { size: 10.0, leading: 13.5, weight: Weight::Regular, shade: INK };
const SMALL: Style = Style { size: 8.5, leading: 11.5, weight: Weight::Regular, shade: GREY };
const LABEL: Style = Style { size: 9.5, leading: 13.5, weight: Weight::Regular, shade: GREY };

/// Most pages of one letter; what does not fit is left out.
pub(crate) const PAGES_MAX: usize = 60;

/// Grey levels, 0 black to 255 white; print and screen alike, contrast at least 4.5 to 1.
pub(crate) const INK: u8 = 24;
const GREY: u8 = 92;
const LINE: u8 = 205;
const TINT: u8 = 243;

/// How a text is set.
#[derive(Clone, Copy)]
struct Style {
    size: f32,
    leading: f32,
    weight: Weight,
    shade: u8,
}

impl Style {
    /// The style, smaller where a word (a code) would break in this width otherwise; never
    /// smaller than what is read beside it.
    fn unbroken(self, text: &str, width: f32) -> Self {
        let of_word = |word: &str| self.weight.width(word, self.size);
        let widest = text.split_whitespace().map(of_word).fold(width, f32::max);
        // A hair less than fits, since widths are sums of rounded ones.
        let size = (self.size * width / widest * 0.99).max(BODY.size);
        if widest > width { Self { size, ..self } } else { self }
    }
}

/// A part of the document that is read as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Heading,
    Paragraph,
    /// One row of the table; its items name the cell.
    Row,
    Figure,
    /// Not read: lines, tints, page numbers.
    Ornament,
}

/// What is drawn.
pub(crate) enum Shape {
    Text { text: String, size: f32, weight: Weight },
    Rect { width: f32, height: f32 },
    Qr { side: f32 },
}

/// A drawn thing, its place and what it belongs to.
pub(crate) struct Item {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) shade: u8,
    pub(crate) shape: Shape,
    /// Position in [`Layout::parts`].
    pub(crate) part: usize,
    /// For rows: 0 the label, 1 the value.
    pub(crate) cell: usize,
}

/// A letter set in pages.
pub(crate) struct Layout {
    pub(crate) pages: Vec<Vec<Item>>,
    pub(crate) parts: Vec<Part>,
    y: f32,
}

/// Sets a letter.
pub(crate) fn set(letter: &Letter) -> Layout {
    let mut layout = Layout { pages: vec![Vec::new()], parts: vec![Part::Ornament], y: MARGIN };
    layout.head(letter);
    layout.highlights(&letter.highlights);
    layout.paragraphs(&letter.intro);
    layout.table(&letter.rows);
    layout.paragraphs(&letter.paragraphs);
    if let Some(qr) = &letter.qr {
        layout.code(qr);
    }
    layout.feet(letter);
    layout
}

impl Layout {
    /// Letterhead, line, title.
    fn head(&mut self, letter: &Letter) {
        let first = Style { size: 14.0, leading: 18.0, weight: Weight::Bold, shade: INK };
        for (n, line) in letter.head.iter().enumerate() {
            let style = if n == 0 { first } else { SMALL };
            self.block(Part::Paragraph, line, MARGIN, WIDTH, style);
        }
        if !letter.head.is_empty() {
            self.y += 5.0;
            self.rect(MARGIN, self.y, WIDTH, 1.6, INK);
            self.y += 20.0;
        }
        let title = Style { size: 17.0, leading: 22.0, weight: Weight::Bold, shade: INK };
        self.block(Part::Heading, &letter.title, MARGIN, WIDTH, title);
        self.y += 6.0;
    }

    /// What matters most (a code, a date) in tinted boxes side by side.
    fn highlights(&mut self, pairs: &[(String, String)]) {
        let pairs = &pairs[..pairs.len().min(3)];
        if pairs.is_empty() {
            return;
        }
        let gap = 10.0;
        let width = (WIDTH - gap * (pairs.len() - 1) as f32) / pairs.len() as f32;
        let value = Style { size: 15.0, leading: 19.0, weight: Weight::Bold, shade: INK };
        let value = |text: &str| value.unbroken(text, width - 20.0);
        let lines = |text: &str, style| wrap(text, style, width - 20.0).len().min(3) as f32;
        let height = pairs.iter().fold(0.0, |most: f32, (label, text)| {
            let own = value(text);
            most.max(lines(label, SMALL) * SMALL.leading + lines(text, own) * own.leading)
        }) + 16.0;
        self.room(height);
        let top = self.y;
        for (n, (label, text)) in pairs.iter().enumerate() {
            let x = MARGIN + n as f32 * (width + gap);
            self.rect(x, top, width, height, TINT);
            let part = self.part(Part::Paragraph);
            self.y = top + 9.0;
            for (text, style) in [(label, SMALL), (text, value(text))] {
                for line in wrap(text, style, width - 20.0).into_iter().take(3) {
                    self.line(line, x + 10.0, style, part, 0);
                }
            }
        }
        self.y = top + height + 16.0;
    }

    fn paragraphs(&mut self, texts: &[String]) {
        for text in texts {
            self.block(Part::Paragraph, text, MARGIN, WIDTH, BODY);
            self.y += 6.0;
        }
    }

    /// Labels and values, with a line under each row.
    fn table(&mut self, rows: &[(String, String)]) {
        if rows.is_empty() {
            return;
        }
        self.y += 4.0;
        self.rect(MARGIN, self.y, WIDTH, 0.6, LINE);
        for (label, value) in rows {
            if self.is_full() {
                return;
            }
            let labels = wrap(label, LABEL, LABELS - 12.0);
            let values = wrap(value, BODY, WIDTH - LABELS);
            let part = self.part(Part::Row);
            self.room(BODY.leading + 7.0);
            self.y += 3.0;
            for n in 0..labels.len().max(values.len()) {
                self.room(BODY.leading);
                let top = self.y;
                if let Some(line) = labels.get(n) {
                    self.line(line.clone(), MARGIN, LABEL, part, 0);
                }
                self.y = top;
                if let Some(line) = values.get(n) {
                    self.line(line.clone(), MARGIN + LABELS, BODY, part, 1);
                }
                self.y = top + BODY.leading;
            }
            self.y += 3.0;
            self.rect(MARGIN, self.y, WIDTH, 0.6, LINE);
        }
        self.y += 14.0;
    }

    /// The QR code with its caption at the right.
    fn code(&mut self, qr: &LetterQr) {
        self.y += 6.0;
        let captions = wrap(&qr.caption, BODY, WIDTH - QR_SIDE - 16.0);
        self.room(QR_SIDE.max(captions.len() as f32 * BODY.leading).min(BOTTOM - MARGIN));
        let top = self.y;
        let part = self.part(Part::Figure);
        self.push(MARGIN, top, INK, Shape::Qr { side: QR_SIDE }, part, 0);
        let part = self.part(Part::Paragraph);
        for line in captions {
            self.room(BODY.leading);
            self.line(line, MARGIN + QR_SIDE + 16.0, BODY, part, 0);
        }
        self.y = self.y.max(top + QR_SIDE) + 10.0;
    }

    /// Footer and page number at the foot of every page.
    fn feet(&mut self, letter: &Letter) {
        let total = self.pages.len();
        let lines: Vec<String> =
            letter.footer.iter().flat_map(|l| wrap(l, SMALL, WIDTH - 90.0)).take(4).collect();
        for page in 0..total {
            let number = letter
                .page_label
                .replace("{page}", &(page + 1).to_string())
                .replace("{pages}", &total.to_string());
            let right = MARGIN + WIDTH - SMALL.weight.width(&number, SMALL.size);
            let text = |text: &str, x: f32, y: f32| Item {
                x,
                y,
                shade: GREY,
                shape: Shape::Text {
                    text: text.to_owned(),
                    size: SMALL.size,
                    weight: Weight::Regular,
                },
                part: 0,
                cell: 0,
            };
            let mut y = BOTTOM + 22.0;
            let first = y;
            for line in &lines {
                self.pages[page].push(text(line, MARGIN, y));
                y += SMALL.leading;
            }
            if !number.trim().is_empty() {
                self.pages[page].push(text(&number, right.max(MARGIN), first));
            }
        }
    }

    /// A text of its own part, broken into lines and over pages.
    fn block(&mut self, kind: Part, text: &str, x: f32, width: f32, style: Style) {
        if self.is_full() {
            return;
        }
        let lines = wrap(text, style, width);
        if lines.iter().all(String::is_empty) {
            return;
        }
        let part = self.part(kind);
        for line in lines {
            self.room(style.leading);
            self.line(line, x, style, part, 0);
        }
    }

    /// One line of text below the last.
    fn line(&mut self, text: String, x: f32, style: Style, part: usize, cell: usize) {
        let baseline = self.y + style.size;
        self.y += style.leading;
        if !text.is_empty() {
            let shape = Shape::Text { text, size: style.size, weight: style.weight };
            self.push(x, baseline, style.shade, shape, part, cell);
        }
    }

    fn rect(&mut self, x: f32, y: f32, width: f32, height: f32, shade: u8) {
        self.push(x, y, shade, Shape::Rect { width, height }, 0, 0);
    }

    fn push(&mut self, x: f32, y: f32, shade: u8, shape: Shape, part: usize, cell: usize) {
        // Past the last page things are left out.
        if y <= BOTTOM
            && let Some(page) = self.pages.last_mut()
        {
            page.push(Item { x, y, shade, shape, part, cell });
        }
    }

    fn part(&mut self, part: Part) -> usize {
        self.parts.push(part);
        self.parts.len() - 1
    }

    /// Whether nothing more can be set, so that no work goes into it.
    fn is_full(&self) -> bool {
        self.pages.len() == PAGES_MAX && self.y > BOTTOM
    }

    /// Starts a page if `height` does not fit on this one.
    fn room(&mut self, height: f32) {
        if self.y + height > BOTTOM && self.pages.len() < PAGES_MAX {
            self.pages.push(Vec::new());
            self.y = MARGIN;
        }
    }
}

/// Lines of at most `width`; a word that is wider is broken anywhere.
fn wrap(text: &str, style: Style, width: f32) -> Vec<String> {
    let measure = |text: &str| style.weight.width(text, style.size);
    let space = measure(" ");
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let (mut line, mut used) = (String::new(), 0.0);
        for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
            let wide = measure(word);
            if !line.is_empty() && used + space + wide > width {
                lines.push(std::mem::take(&mut line));
                used = 0.0;
            }
            if !line.is_empty() {
                line.push(' ');
                used += space;
            }
            if wide <= width {
                line.push_str(word);
                used += wide;
                continue;
            }
            for c in word.chars() {
                let wide = measure(c.encode_utf8(&mut [0; 4]));
                if !line.is_empty() && used + wide > width {
                    lines.push(std::mem::take(&mut line));
                    used = 0.0;
                }
                line.push(c);
                used += wide;
            }
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn breaks_at_words_and_keeps_paragraphs() {
        assert_eq!(wrap("satu dua\n\ntiga", BODY, 500.0), ["satu dua", "", "tiga"]);
        let lines = wrap(&"kata ".repeat(60), BODY, 200.0);
        assert!(lines.len() > 5 && lines.iter().all(|l| BODY.weight.width(l, 10.0) <= 200.0));
        assert!(wrap(&"x".repeat(300), BODY, 200.0).len() > 5);
    }

    #[test]
    fn a_code_in_a_box_never_breaks() {
        let pair = |label: &str, value: &str| (label.to_owned(), value.to_owned());
        let letter = Letter {
            // The widest signs that a code can have.
            highlights: vec![
                pair("Kode lacak", "TGP-WWW-MMM-WMW"),
                pair("PIN", "204861"),
                pair("Diterima", "23 November 2026 pukul 09.00 WIB"),
            ],
            ..Letter::default()
        };
        let layout = set(&letter);
        let said = layout.pages[0].iter().filter_map(|item| match &item.shape {
            Shape::Text { text, .. } => Some(text.as_str()),
            _ => None,
        });
        let said: Vec<&str> = said.collect();
        assert!(said.contains(&"TGP-WWW-MMM-WMW") && said.contains(&"204861"), "{said:?}");
        let large = Style { size: 15.0, ..BODY };
        assert!((large.unbroken("204861", 134.0).size - 15.0).abs() < 0.01, "what fits stays");
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_no_letter_lost(text in "[a-zW ]{0,200}", width in 30f32..300.0) {
            let lines = wrap(&text, BODY, width);
            for line in &lines {
                prop_assert!(BODY.weight.width(line, BODY.size) <= width + 0.1, "{}", line);
            }
            let letters = |t: &str| t.chars().filter(|c| *c != ' ').count();
            prop_assert_eq!(lines.iter().map(|l| letters(l)).sum::<usize>(), letters(&text));
        }
    }
}
