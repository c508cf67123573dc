//! Any bytes are read as a call of each messenger: no panic, and nothing that cannot be kept.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tanggap_channels::exchange::Incoming;
use tanggap_channels::messenger::Kind;

fuzz_target!(|raw: &[u8]| {
    for kind in Kind::ALL {
        let found = kind.read(raw);
        assert!(!found.is_empty());
        for arrived in found {
            if let Incoming::Message(message) = arrived.what {
                assert!(!message.external_id.is_empty());
                assert!(!message.text.contains('\0') && !message.thread.contains('\0'));
            }
        }
    }
});
