//! Any octets are read as units of a message centre: no panic, no NUL in a text, and what was read
//! and written is read the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tanggap_channels::sms::alphabet::Default7;
use tanggap_channels::sms::assembly::Assembly;
use tanggap_channels::sms::hear::{Heard, fingerprint, hear, message_of};
use tanggap_channels::sms::keyword::{Keyword, keyword};
use tanggap_channels::sms::pdu::{Body, frame};
use tanggap_channels::sms::receipt::Ids;

fuzz_target!(|octets: &[u8]| {
    let mut rest = octets;
    let mut assembly = Assembly::new(Default7::Gsm);
    let mut ready = Vec::new();
    while let Ok(Some(unit)) = frame(rest) {
        assert!(unit.len <= rest.len());
        rest = &rest[unit.len..];
        let Some(Body::Message(message)) = unit.pdu.map(|pdu| pdu.body) else { continue };
        assert_eq!(fingerprint(&message).len(), 32);
        if let Heard::Part(part) = hear(&message, Ids::AnswerHex) {
            ready.extend(assembly.offer(part, (), 0));
        }
    }
    ready.extend(assembly.expire(i64::MAX));
    assert_eq!(assembly.waiting(), 0);
    for whole in ready {
        assert!(!whole.text.contains('\0'));
        if let Some(Keyword::Report(said) | Keyword::Status(said)) = keyword(&whole.text) {
            assert!(whole.text.contains(&said));
        }
        let message = message_of(&whole.from, String::new(), whole.text, &whole.octets);
        assert!(whole.octets.is_empty() || !message.text.is_empty() || message.files.len() == 1);
    }
});
