//! A message of ours as the units that carry it: one for each part, or one for all of them where
//! the centre cuts by itself.

use sha2::{Digest, Sha256};

use super::alphabet::{Alphabet, Default7, lighten, to_gsm, to_latin1, to_ucs2};
use super::hear::address;
use super::parts::{PARTS_MAX, split};
use super::pdu::{Address, Message, Param, tag};
use super::udh::{self, Long};
use crate::exchange::{NotSent, Outgoing};

/// `data_coding` of the alphabets.
const DEFAULT: u8 = 0;
const UCS2: u8 = 8;
/// `registered_delivery`: a receipt at the end, whatever the end is. Every part of a long message
/// asks for one: it has arrived when all have.
const RECEIPT_WANTED: u8 = 1;
/// The default alphabet's letters of one message without parts.
const TEXT_LEN_MAX: usize = 254;

/// How a centre takes long messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Concat {
    /// A header in front of the text, with a number of eight bits: what every centre knows.
    #[default]
    Udh8,
    /// The same with sixteen bits.
    Udh16,
    /// As parameters.
    Sar,
    /// Uncut; the centre does it.
    Payload,
}

/// What composing needs to know about an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Whom messages come from.
    pub source: Address,
    /// Kind of service.
    pub service_type: String,
    /// How the centre reads its default alphabet.
    pub default: Default7,
    /// How it takes long messages.
    pub concat: Concat,
}

/// The units of a message, in their order. The number of a long message follows from its key, so
/// that a part that is sent once more is the same part to the phone.
///
/// # Errors
/// [`NotSent::Never`] where there is no text, a file, no number, or too much text.
pub fn compose(out: &Outgoing, form: &Form) -> Result<Vec<Message>, NotSent> {
    let never = |why: &str| NotSent::Never { code: None, why: why.to_owned() };
    let destination = address(&out.to).ok_or_else(|| never("no telephone number"))?;
    if !out.files.is_empty() {
        return Err(never("an SMS carries no files"));
    }
    let text = lighten(&out.text);
    if text.trim().is_empty() {
        return Err(never("no text"));
    }
    let whole = split(&text);
    let total = u8::try_from(whole.parts.len())
        .map_err(|_| never(&format!("more than {PARTS_MAX} parts")))?;
    let message = |octets: Vec<u8>, data_coding: u8| Message {
        service_type: form.service_type.clone(),
        source: form.source.clone(),
        destination: destination.clone(),
        registered_delivery: RECEIPT_WANTED,
        data_coding,
        text: octets,
        ..Message::default()
    };
    let (octets, coding) = encode(&text, whole.alphabet, form.default);
    if total == 1 && octets.len() <= TEXT_LEN_MAX {
        return Ok(vec![message(octets, coding)]);
    }
    if form.concat == Concat::Payload || total == 1 {
        let mut all = message(Vec::new(), coding);
        all.params.push(Param { tag: tag::MESSAGE_PAYLOAD, value: octets });
        return Ok(vec![all]);
    }
    let reference = reference(&out.key);
    let parts = (1..=total).zip(&whole.parts).map(|(index, text)| {
        let (octets, _) = encode(text, whole.alphabet, form.default);
        part(message(octets, coding), Long { reference, total, index }, form.concat)
    });
    Ok(parts.collect())
}

fn encode(text: &str, alphabet: Alphabet, default: Default7) -> (Vec<u8>, u8) {
    let latin = match (alphabet, default) {
        (Alphabet::Gsm7, Default7::Gsm) => Some(to_gsm(text)),
        (Alphabet::Gsm7, Default7::Latin1) => to_latin1(text),
        (Alphabet::Ucs2, _) => None,
    };
    latin.map_or_else(|| (to_ucs2(text), UCS2), |octets| (octets, DEFAULT))
}

fn part(mut message: Message, long: Long, concat: Concat) -> Message {
    if concat == Concat::Sar {
        let param = |tag, value: &[u8]| Param { tag, value: value.to_vec() };
        message.params.extend([
            param(tag::SAR_REFERENCE, &long.reference.to_be_bytes()),
            param(tag::SAR_TOTAL, &[long.total]),
            param(tag::SAR_INDEX, &[long.index]),
        ]);
        return message;
    }
    let mut text = udh::write(long, concat == Concat::Udh16);
    text.append(&mut message.text);
    Message { esm_class: udh::UDHI, text, ..message }
}

fn reference(key: &str) -> u16 {
    let hash = Sha256::digest(key);
    u16::from_be_bytes([hash[0], hash[1]])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::assembly::Assembly;
    use super::super::hear::{Heard, hear};
    use super::super::receipt::Ids;
    use super::*;

    fn outgoing(text: &str) -> Outgoing {
        Outgoing {
            key: "k1".to_owned(),
            to: "+6281234567890".to_owned(),
            text: text.to_owned(),
            ..Outgoing::default()
        }
    }

    #[test]
    fn what_cannot_go_by_sms_is_refused_at_once() {
        let form = Form::default();
        let refused = |out: Outgoing| matches!(compose(&out, &form), Err(NotSent::Never { .. }));
        assert!(refused(outgoing(" ")));
        assert!(refused(outgoing(&"a".repeat(153 * 256))));
        assert!(refused(Outgoing { to: "Telkomsel".to_owned(), ..outgoing("a") }));
        let file = crate::exchange::OutFile {
            name: String::new(),
            media_type: String::new(),
            bytes: Vec::new(),
        };
        assert!(refused(Outgoing { files: vec![file], ..outgoing("a") }));
        assert_eq!(compose(&outgoing("Baik"), &form).unwrap()[0].text, b"Baik");
    }

    #[test]
    fn latin_letters_of_a_latin_centre_stand_for_themselves() {
        let form = Form { default: Default7::Latin1, ..Form::default() };
        let units = compose(&outgoing("a@b_c"), &form).unwrap();
        assert_eq!((units[0].text.as_slice(), units[0].data_coding), (&b"a@b_c"[..], 0));
        let units = compose(&outgoing("10 €"), &form).unwrap();
        assert_eq!(units[0].data_coding, 8);
    }

    proptest! {
        #[test]
        fn what_goes_out_would_come_in_again(
            text in "[a-zA-Z0-9 @€\\[\\]éü🙏ก]{1,700}",
            concat in prop::sample::select(
                &[Concat::Udh8, Concat::Udh16, Concat::Sar, Concat::Payload][..]),
            default in prop::sample::select(&[Default7::Gsm, Default7::Latin1][..]),
        ) {
            prop_assume!(!text.trim().is_empty());
            let form = Form { concat, default, ..Form::default() };
            let mut assembly = Assembly::new(default);
            let mut ready = Vec::new();
            for unit in compose(&outgoing(&text), &form).unwrap() {
                prop_assert!(unit.text.len() <= TEXT_LEN_MAX);
                let Heard::Part(part) = hear(&unit, Ids::Same) else { panic!("no part") };
                ready.extend(assembly.offer(part, (), 0));
            }
            prop_assert_eq!(ready.len(), 1);
            prop_assert_eq!(&ready[0].text, &text);
        }
    }
}
