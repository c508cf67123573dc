//! Any text is split: no panic, and every word is in one of the three parts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tanggap_channels::email::parse::split_reply;

fuzz_target!(|text: &str| {
    let reply = split_reply(text);
    let parts = [&reply.visible, &reply.quoted, &reply.signature];
    let count: usize = parts.iter().map(|part| part.split_whitespace().count()).sum();
    assert_eq!(count, text.split_whitespace().count());
});
