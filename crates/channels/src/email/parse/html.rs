//! HTML to the text that a person would see, and text to HTML. No rendering, no sanitising.
//!
//! One pass, linear in the input: tags that begin a block begin a line, script, style and title
//! are left out, white space is folded except in `<pre>`.

use mail_parser::decoders::html::add_html_token;

/// Longest tag that is believed; a quote that stays open longer is a typing error.
const TAG_BYTES_MAX: usize = 32 * 1024;
/// Quote marks before one line.
const QUOTES_MAX: usize = 5;

/// The charset that a page states in its first kilobytes.
pub(super) fn charset(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(2048)]).to_ascii_lowercase();
    let (_, rest) = head.split_once("charset=")?;
    let rest = rest.trim_start_matches(['"', '\'', ' ']);
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"-_:".contains(c));
    let label = &rest[..end.unwrap_or(rest.len())];
    (!label.is_empty()).then(|| label.to_owned())
}

/// Text as an HTML fragment.
pub(super) fn from_text(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<pre>{escaped}</pre>")
}

/// The visible text of an HTML page or fragment.
pub fn to_text(html: &str) -> String {
    convert(html, false)
}

/// The visible text, with `>` before each line of a quote (`<blockquote>`), so that an answer in
/// HTML is split as one in plain text.
pub fn to_text_quoted(html: &str) -> String {
    convert(html, true)
}

fn convert(html: &str, mark_quotes: bool) -> String {
    let out = String::with_capacity(html.len() / 2);
    let mut writer = Writer { out, mark_quotes, ..Writer::default() };
    let mut believe_quotes = true;
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        writer.text(&rest[..open]);
        rest = &rest[open..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let is_tag = rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c));
        if !is_tag {
            writer.text("<");
            rest = &rest[1..];
            continue;
        }
        let Some(end) = tag_end(rest, &mut believe_quotes) else { break };
        let name = tag_name(&rest[1..end]);
        rest = &rest[end + 1..];
        if matches!(name.as_str(), "script" | "style" | "title" | "template") {
            rest = after_closing(rest, &name);
        } else {
            writer.tag(&name);
        }
    }
    if !rest.starts_with('<') {
        writer.text(rest);
    }
    writer.out.trim().to_owned()
}

/// Position of the `>` that ends the tag at the start of `text`.
pub(super) fn tag_end(text: &str, believe_quotes: &mut bool) -> Option<usize> {
    if *believe_quotes {
        let mut quote = None;
        for (at, byte) in text.bytes().enumerate().take(TAG_BYTES_MAX) {
            match (quote, byte) {
                (None, b'>') => return Some(at),
                (None, b'"' | b'\'') => quote = Some(byte),
                (Some(open), _) if open == byte => quote = None,
                _ => {}
            }
        }
        // Said once, the page's quotes are not asked again: else the walk would be quadratic.
        *believe_quotes = false;
    }
    text.find('>')
}

/// The tag's name in lower case, `/` before it where it closes.
pub(super) fn tag_name(tag: &str) -> String {
    let (slash, tag) = tag.strip_prefix('/').map_or(("", tag), |tag| ("/", tag));
    let end = tag.find(|c: char| !c.is_ascii_alphanumeric() && c != ':').unwrap_or(tag.len());
    format!("{slash}{}", tag[..end.min(16)].to_ascii_lowercase())
}

/// What follows `</name…>`; nothing where it is never closed.
pub(super) fn after_closing<'a>(text: &'a str, name: &str) -> &'a str {
    let mut from = 0;
    while let Some(found) = text[from..].find("</") {
        let at = from + found + 2;
        let same = text.as_bytes().get(at..at + name.len());
        if same.is_some_and(|same| same.eq_ignore_ascii_case(name.as_bytes())) {
            return text[at..].find('>').map_or("", |end| &text[at + end + 1..]);
        }
        from = at;
    }
    ""
}

#[derive(Default)]
struct Writer {
    out: String,
    space: bool,
    pre: usize,
    mark_quotes: bool,
    quotes: usize,
}

impl Writer {
    fn text(&mut self, text: &str) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if c == '&'
                && let Some(end) = entity_end(rest)
            {
                let mut decoded = String::new();
                add_html_token(&mut decoded, &rest.as_bytes()[..=end], false);
                decoded.chars().for_each(|c| self.char(c, false));
                rest = &rest[end + 1..];
                continue;
            }
            self.char(c, true);
            rest = &rest[c.len_utf8()..];
        }
    }

    fn char(&mut self, c: char, written: bool) {
        match c {
            '\0' | '\u{200b}' | '\u{feff}' => {}
            '\n' if self.pre > 0 && written => self.line(),
            '\u{a0}' => self.out.push(' '),
            _ if c.is_whitespace() => self.space = true,
            _ => {
                let at_start = self.out.is_empty() || self.out.ends_with(['\n', ' ']);
                if self.quotes > 0 && (self.out.is_empty() || self.out.ends_with('\n')) {
                    self.out.push_str(&">".repeat(self.quotes.min(QUOTES_MAX)));
                    self.out.push(' ');
                } else if self.space && !at_start {
                    self.out.push(' ');
                }
                self.space = false;
                self.out.push(c);
            }
        }
    }

    fn tag(&mut self, name: &str) {
        match name {
            "pre" => self.pre += 1,
            "/pre" => self.pre = self.pre.saturating_sub(1),
            "blockquote" if self.mark_quotes => {
                self.fresh();
                self.quotes += 1;
            }
            "/blockquote" => {
                self.fresh();
                self.quotes = self.quotes.saturating_sub(1);
            }
            _ => {}
        }
        match name.trim_start_matches('/') {
            "br" if name == "br" => self.line(),
            "td" | "th" => self.space = true,
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "blockquote" | "table" | "ul"
            | "ol" | "dl" => self.paragraph(),
            "div" | "tr" | "li" | "hr" | "pre" | "section" | "article" | "header" | "footer"
            | "address" | "dt" | "dd" | "center" | "body" | "form" | "fieldset" => self.fresh(),
            _ => {}
        }
    }

    /// Ends the line, always.
    fn line(&mut self) {
        let len = self.out.trim_end_matches(' ').len();
        self.out.truncate(len);
        self.out.push('\n');
        self.space = false;
    }

    /// Ends the line unless one has just begun.
    fn fresh(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.line();
        }
        self.space = false;
    }

    /// Leaves one empty line.
    fn paragraph(&mut self) {
        self.fresh();
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }
}

/// Text with its character references decoded.
pub(super) fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match entity_end(rest) {
            Some(end) => {
                add_html_token(&mut out, &rest.as_bytes()[..=end], false);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// Position of the `;` of a character reference at the start of `text`.
fn entity_end(text: &str) -> Option<usize> {
    let end = text.bytes().take(34).position(|b| b == b';')?;
    let inner = &text[1..end];
    let fine = inner.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'#');
    (fine && !inner.is_empty()).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_sees() {
        for (html, text) in [
            (
                "<p>Jalan&nbsp;rusak &amp; gelap</p><p>Mohon <b>segera</b></p>",
                "Jalan rusak & gelap\n\nMohon segera",
            ),
            ("a<br>b<BR/>c<script>alert('<p>')</script><style>p{}</style>d", "a\nb\ncd"),
            (
                "<html><head><title>x</title></head><body>isi<!-- <p>tak --> tampak</body>",
                "isi tampak",
            ),
            (
                "<a title=\"a > b\" href='x'>tautan</a> 1 < 2 &lt;3 &unknown; &#233;",
                "tautan 1 < 2 <3 &unknown; é",
            ),
            ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
            ("<pre>a\n  b</pre>", "a\nb"),
            ("<div>a</div><div><br></div><div>b</div>", "a\n\nb"),
            ("rusak <a href=\"x>y</a> z", "rusak y z"),
            ("<", "<"),
        ] {
            assert_eq!(to_text(html), text, "{html}");
        }
    }

    #[test]
    fn a_page_names_its_charset() {
        assert_eq!(charset(b"<meta charset='Big5'>").as_deref(), Some("big5"));
        assert_eq!(charset(b"<p>"), None);
    }
}
