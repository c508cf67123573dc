//! Any HTML is made safe: only known tags with known attributes, closed in order, no deeper than
//! they may be; what was made safe once stays as it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tanggap_channels::email::parse::{safe_html, safe_html_with};

const ATTRIBUTES: [&str; 13] = [
    "href", "rel", "target", "src", "alt", "title", "dir", "lang", "colspan", "rowspan", "start",
    "", "/",
];

/// Walks what must be plain enough to be walked so.
fn check(html: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        assert!(!rest[..at].contains('>'), "an end without a beginning");
        let tag = &rest[at + 1..];
        let end = tag.find('>').expect("a tag ends");
        let (inner, after) = (&tag[..end], &tag[end + 1..]);
        rest = after;
        if let Some(name) = inner.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closed in order");
            continue;
        }
        let (name, attributes) = inner.split_once(' ').unwrap_or((inner, ""));
        assert!(name.bytes().all(|b| b.is_ascii_alphanumeric()), "{name:?}");
        for forbidden in ["script", "style", "iframe", "form", "meta", "link", "base", "svg"] {
            assert_ne!(name, forbidden);
        }
        let parts: Vec<&str> = attributes.split('"').collect();
        assert_eq!(parts.len() % 2, 1, "quotes in pairs: {inner:?}");
        for pair in parts.chunks(2) {
            let key = pair[0].trim().trim_end_matches('=');
            assert!(ATTRIBUTES.contains(&key), "{key:?}");
            if let (Some(value), "href" | "src") = (pair.get(1), key) {
                let lower = value.to_lowercase();
                let fine = ["http://", "https://", "mailto:", "tel:", "/gambar/"];
                assert!(fine.iter().any(|start| lower.starts_with(start)), "{value:?}");
            }
        }
        if !["br", "hr", "img"].contains(&name) {
            open.push(name);
            assert!(open.len() <= 100);
        }
    }
    assert!(open.is_empty() && !rest.contains('>'));
}

fuzz_target!(|html: &str| {
    for remote in [false, true] {
        let once = safe_html(html, remote).html;
        check(&once);
        assert_eq!(safe_html(&once, true).html, once);
    }
    let mut given = 0;
    let shown = safe_html_with(html, false, &mut |cid| {
        given += 1;
        Some(format!("/gambar/{given}\"><script>{}", cid.len()))
    });
    check(&shown.html);
});
