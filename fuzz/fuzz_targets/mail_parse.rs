//! Any bytes are read as a mail: no panic, no NUL in a text, and the report can be made.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tanggap_channels::email::parse::{parse, safe_html, split_reply};
use tanggap_channels::email::report::MailReport;

fuzz_target!(|raw: &[u8]| {
    let mail = parse(raw);
    let report = MailReport::from(&mail);
    assert_eq!(report.attachments.len(), mail.attachments.len());
    assert!(!mail.text.contains('\0'));
    assert!(!mail.subject.as_deref().unwrap_or_default().contains(['\0', '\n', '\r']));
    assert!(mail.attachments.iter().all(|file| !file.name.is_empty()));
    split_reply(&mail.text);
    let safe = safe_html(mail.html.as_deref().unwrap_or_default(), true).html;
    assert!(!safe.to_lowercase().contains("<script"));
});
