//! HTML of a letter, made safe to be shown: written anew from what is known to be harmless.
//!
//! **Invariant: nothing runs, nothing is submitted, nothing leads where it does not say, and
//! nothing is fetched unless remote pictures are asked for.** Only the tags and attributes below
//! are written, each attribute once, quoted and escaped; there is no style, so nothing can cover or
//! hide another thing. Linear in the input, and nested no deeper than any real letter.

use super::html::{after_closing, tag_end, tag_name};

/// Tags that are written; what they hold is written in any case.
const TAGS: &[&str] = &[
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "caption",
    "center",
    "code",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "li",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
];
/// Tags without an end.
const VOID: &[&str] = &["br", "hr", "img"];
/// Tags that are left out with what they hold.
const LEFT_OUT: &[&str] = &[
    "script", "style", "title", "template", "iframe", "object", "svg", "math", "noscript",
    "textarea", "select", "xmp", "noembed", "noframes", "applet", "audio", "video",
];
/// Attributes that are written, whatever they say.
const PLAIN: &[&str] = &["alt", "title", "dir", "lang", "colspan", "rowspan", "start"];
/// Bytes of an attribute's value.
const VALUE_MAX: usize = 4_000;
/// Attributes of one tag.
const ATTRIBUTES_MAX: usize = 40;
/// Tags that are open at a time; what would lie deeper is shown without its tags.
const OPEN_MAX: usize = 100;

/// A letter's HTML that may be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Safe {
    /// The HTML, without `html` and `body`.
    pub html: String,
    /// Pictures that lie elsewhere; they are in `html` only where they were asked for.
    pub remote_pictures: usize,
}

/// Makes HTML safe; `remote` says whether pictures from elsewhere are left in it.
#[must_use]
pub fn safe_html(html: &str, remote: bool) -> Safe {
    safe_html_with(html, remote, &mut |_| None)
}

/// The same, with the letter's own pictures: `inline` gives the address at which one is shown,
/// by its Content-ID (RFC 2392). It is asked each time that a picture is shown.
#[must_use]
pub fn safe_html_with(
    html: &str,
    remote: bool,
    inline: &mut dyn FnMut(&str) -> Option<String>,
) -> Safe {
    let mut safe = Safe::default();
    let mut open: Vec<String> = Vec::new();
    let mut believe_quotes = true;
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        text(&mut safe.html, &rest[..at]);
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let is_tag = rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c));
        if !is_tag {
            safe.html.push_str("&lt;");
            rest = &rest[1..];
            continue;
        }
        let Some(end) = tag_end(rest, &mut believe_quotes) else { break };
        let (tag, name) = (&rest[1..end], tag_name(&rest[1..end]));
        rest = &rest[end + 1..];
        match name.strip_prefix('/') {
            _ if LEFT_OUT.contains(&name.as_str()) => rest = after_closing(rest, &name),
            Some(closed) => close(&mut safe.html, &mut open, closed),
            None if TAGS.contains(&name.as_str()) => {
                begin(&mut safe, &mut open, (tag, &name), remote, inline);
            }
            None => {}
        }
    }
    if !rest.starts_with('<') {
        text(&mut safe.html, rest);
    }
    while let Some(name) = open.pop() {
        safe.html.push_str(&format!("</{name}>"));
    }
    safe
}

fn begin(
    safe: &mut Safe,
    open: &mut Vec<String>,
    (tag, name): (&str, &str),
    remote: bool,
    inline: &mut dyn FnMut(&str) -> Option<String>,
) {
    let is_void = VOID.contains(&name);
    if !is_void && open.len() >= OPEN_MAX {
        return;
    }
    let mut written = format!("<{name}");
    let mut shown = name != "img";
    let mut seen: Vec<String> = Vec::new();
    for (key, value) in attributes(&tag[name.len()..]) {
        if seen.contains(&key) {
            continue;
        }
        let value = unescape(&value);
        match (name, key.as_str()) {
            ("a", "href") if leads_out(&value) => {
                attribute(&mut written, "href", &value);
                written.push_str(" rel=\"noopener noreferrer nofollow\" target=\"_blank\"");
            }
            ("img", "src") if is_web(&value) => {
                safe.remote_pictures += 1;
                if remote {
                    attribute(&mut written, "src", &value);
                    shown = true;
                }
            }
            ("img", "src") => {
                if let Some(address) = content_id(&value).and_then(|id| inline(&id)) {
                    written.push_str(" src=\"");
                    escape(&mut written, &address);
                    written.push('"');
                    shown = true;
                }
            }
            (_, plain) if PLAIN.contains(&plain) => attribute(&mut written, plain, &value),
            _ => {}
        }
        seen.push(key);
    }
    if shown {
        written.push('>');
        safe.html.push_str(&written);
        if !is_void {
            open.push(name.to_owned());
        }
    }
}

/// Ends what was begun, so that nothing of the letter ends anything of the page around it.
fn close(out: &mut String, open: &mut Vec<String>, name: &str) {
    let Some(at) = open.iter().rposition(|known| known == name) else { return };
    for name in open.drain(at..).rev() {
        out.push_str(&format!("</{name}>"));
    }
}

/// The Content-ID that a `cid:` address names.
fn content_id(value: &str) -> Option<String> {
    let value = value.trim();
    let named = value.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("cid:"));
    let mut rest = value.get(4..).filter(|_| named)?.as_bytes();
    let mut id = Vec::with_capacity(rest.len());
    while let Some((first, after)) = rest.split_first() {
        let escaped = after.get(..2).filter(|_| *first == b'%');
        let escaped = escaped.and_then(|two| hex::decode(two).ok());
        rest = if escaped.is_some() { &after[2..] } else { after };
        id.push(escaped.map_or(*first, |byte| byte[0]));
    }
    String::from_utf8(id).ok()
}

fn is_web(value: &str) -> bool {
    let lower = value.trim_start().to_ascii_lowercase();
    lower.starts_with("https://") || lower.starts_with("http://")
}

fn leads_out(value: &str) -> bool {
    let lower = value.trim_start().to_ascii_lowercase();
    is_web(value) || lower.starts_with("mailto:") || lower.starts_with("tel:")
}

fn attribute(out: &mut String, name: &str, value: &str) {
    let value: String = value.trim().chars().filter(|c| !c.is_control()).take(VALUE_MAX).collect();
    out.push_str(&format!(" {name}=\""));
    escape(out, &value);
    out.push('"');
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\0' => {}
            c => out.push(c),
        }
    }
}

/// Text between tags: decoded and written anew.
fn text(out: &mut String, text: &str) {
    escape(out, &unescape(text));
}

fn unescape(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    super::html::decoded(text)
}

/// The attributes of a tag, names in lower case.
fn attributes(tag: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = tag.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
    while !rest.is_empty() && found.len() < ATTRIBUTES_MAX {
        let end = rest.find(|c: char| c.is_whitespace() || "=/".contains(c)).unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
            let (from, until) = match quote {
                Some(quote) => {
                    let inner = &after[1..];
                    (inner, inner.find(quote).unwrap_or(inner.len()))
                }
                None => (after, after.find(char::is_whitespace).unwrap_or(after.len())),
            };
            value = &from[..until];
            rest = &from[until..];
            rest = quote.map_or(rest, |quote| rest.strip_prefix(quote).unwrap_or(rest));
        }
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || "/=".contains(c));
        if !name.is_empty() {
            found.push((name, value.to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_harmless_stays_and_nothing_else() {
        for (html, kept) in [
            ("<p>Lampu <b>mati</b> &amp; gelap</p>", "<p>Lampu <b>mati</b> &amp; gelap</p>"),
            ("a<script>alert(1)</script>b<style>p{}</style>c", "abc"),
            ("<p onclick=\"x()\" style='position:fixed'>a", "<p>a</p>"),
            ("<a href='javascript:x'>a</a>", "<a>a</a>"),
            ("<a href=\" java&#10;script:x\">a</a>", "<a>a</a>"),
            ("<iframe src=https://x></iframe><form action=x><input>a</form>", "a"),
            ("</div></body></html>a", "a"),
            ("<div><b>a</div>b", "<div><b>a</b></div>b"),
            ("<img src=x onerror=alert(1)>", ""),
            ("<img src=\"cid:a\"><img src='data:image/svg+xml,x'>", ""),
            ("1 < 2 &lt;script&gt;", "1 &lt; 2 &lt;script&gt;"),
            ("<svg><script>alert(1)</script></svg>a", "a"),
            ("<a title='\" onmouseover=x'>a</a>", "<a title=\"&quot; onmouseover=x\">a</a>"),
            ("<!--><script>x</script>-->a", "a"),
            ("<p", ""),
        ] {
            assert_eq!(safe_html(html, true).html, kept, "{html}");
        }
        let link = safe_html("<a HREF=https://contoh.id/?a=1&b=2>a</a>", false).html;
        assert!(link.contains("href=\"https://contoh.id/?a=1&amp;b=2\""), "{link}");
        assert!(link.contains("noreferrer"), "{link}");
    }

    #[test]
    fn pictures_of_the_letter_are_shown_where_they_are_known() {
        let html = "<img src='CID:logo%40contoh' alt=a><img src=cid:lain><img src='data:x'>\
            <img src='cid:%zz' src=cid:logo@contoh>";
        let mut asked = Vec::new();
        let safe = safe_html_with(html, false, &mut |id| {
            asked.push(id.to_owned());
            (id == "logo@contoh").then(|| "data:image/png;base64,\"AA".to_owned())
        });
        assert_eq!(safe.html, "<img src=\"data:image/png;base64,&quot;AA\" alt=\"a\">");
        assert_eq!(asked, ["logo@contoh", "lain", "%zz"]);
        assert_eq!(safe.remote_pictures, 0);
    }

    #[test]
    fn what_is_nested_without_end_is_shown_without_its_tags() {
        let begun = std::time::Instant::now();
        let many = 200_000;
        let deep = format!("{}isi{}", "<b>".repeat(many), "</i></u>".repeat(many));
        let safe = safe_html(&deep, false).html;
        assert_eq!(safe, format!("{}isi{}", "<b>".repeat(100), "</b>".repeat(100)));
        // Nobody waits for a letter: it took minutes while every end was looked for everywhere.
        assert!(begun.elapsed() < std::time::Duration::from_secs(10));
    }

    #[test]
    fn what_was_made_safe_once_stays_as_it_is() {
        for html in [
            "<a href=https://x.id title=a href=javascript:y onclick=z>a",
            "<a href='https://x.id/?a=%22&quot;' title='&amp;lt;'>&amp;lt;script></a>",
            "<td colspan=2 colspan=3>1 < 2<!-- <b> --><p title=\"<b>\">",
        ] {
            let once = safe_html(html, true).html;
            assert_eq!(safe_html(&once, true).html, once, "{html}");
        }
    }

    #[test]
    fn pictures_from_elsewhere_are_there_only_when_asked_for() {
        let html = "<img src='https://mata-mata.id/a.gif?x' alt=logo width=1>";
        let hidden = safe_html(html, false);
        assert_eq!((hidden.html.as_str(), hidden.remote_pictures), ("", 1));
        let shown = safe_html(html, true).html;
        assert_eq!(shown, "<img src=\"https://mata-mata.id/a.gif?x\" alt=\"logo\">");
    }
}
