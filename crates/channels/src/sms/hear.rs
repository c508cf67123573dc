//! What a centre brought: a receipt, or a part of somebody's message (most are their only part).
//!
//! Numbers are written as the world writes them (`+62812…`), so that one person is one thread
//! whichever way a centre writes them; short codes and names stay as they are.

use sha2::{Digest, Sha256};

use super::alphabet::{Default7, from_ascii, from_gsm, from_latin1, from_ucs2};
use super::pdu::{Address, Message, tag};
use super::receipt::{self, Ids};
use super::udh::{self, Long};
use crate::exchange::FileSource;
use crate::exchange::{InFile, InKind, InMessage, InReceipt, Peer, PeerKind};

/// `esm_class`: which type a message is.
const TYPE_MASK: u8 = 0x3c;
const TYPE_RECEIPT: u8 = 0x04;
const TYPE_INTERMEDIATE: u8 = 0x20;
/// Fewer digits than this are a short code, whatever they begin with.
const NUMBER_DIGITS_MIN: usize = 9;
const COUNTRY: &str = "62";
const ALPHANUMERIC: u8 = 5;

/// How the octets of a message are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// In the centre's default alphabet.
    Default,
    /// ASCII, or what a centre takes for it.
    Ascii,
    /// ISO 8859-1.
    Latin1,
    /// UTF-16, big end first.
    Ucs2,
    /// Not as letters.
    Octets,
}

impl Coding {
    /// By `data_coding` (SMPP 3.4, 5.2.19, and the groups of GSM 03.38).
    #[must_use]
    pub fn of(data_coding: u8) -> Self {
        match data_coding {
            0 | 0x10..=0x13 | 0xc0..=0xdf | 0xf0..=0xf3 => Self::Default,
            1 => Self::Ascii,
            3 => Self::Latin1,
            8 | 0x18..=0x1b | 0xe0..=0xef => Self::Ucs2,
            _ => Self::Octets,
        }
    }
}

/// What a centre brought.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// What became of a message of ours.
    Receipt(InReceipt),
    /// Somebody's words, or some of them.
    Part(Part),
    /// A receipt that does not say about which message.
    Other,
}

/// A part of a message, or all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Who wrote.
    pub from: Address,
    /// To which of our numbers.
    pub to: Address,
    /// Which part it is, of a long message.
    pub long: Option<Long>,
    /// How its octets are to be read.
    pub coding: Coding,
    /// Its octets, without a header.
    pub octets: Vec<u8>,
}

/// Understands what a centre brought.
#[must_use]
pub fn hear(message: &Message, ids: Ids) -> Heard {
    let kind = message.esm_class & TYPE_MASK;
    let tells = message.param(tag::RECEIPTED_MESSAGE_ID).is_some()
        && message.param(tag::MESSAGE_STATE).is_some();
    if kind == TYPE_RECEIPT || kind == TYPE_INTERMEDIATE || tells {
        return receipt::read(message, ids).map_or(Heard::Other, Heard::Receipt);
    }
    let octets = message.octets();
    let (long, octets) = match message.esm_class & udh::UDHI {
        0 => (by_params(message), octets),
        _ => udh::read(octets),
    };
    Heard::Part(Part {
        from: message.source.clone(),
        to: message.destination.clone(),
        long,
        coding: Coding::of(message.data_coding),
        octets: octets.to_vec(),
    })
}

fn by_params(message: &Message) -> Option<Long> {
    let &[high, low] = message.param(tag::SAR_REFERENCE)? else { return None };
    let &[total] = message.param(tag::SAR_TOTAL)? else { return None };
    let &[index] = message.param(tag::SAR_INDEX)? else { return None };
    Long { reference: u16::from_be_bytes([high, low]), total, index }.checked()
}

/// What makes two deliveries the same: everything but the number of the unit.
#[must_use]
pub fn fingerprint(message: &Message) -> String {
    hex::encode(&Sha256::digest(super::inbox::octets(message))[..16])
}

/// The text of parts in their order. Parts of one coding are joined before they are read, because
/// phones cut surrogate pairs and escapes in two.
#[must_use]
pub fn text_of<'a>(
    parts: impl IntoIterator<Item = (Coding, &'a [u8])>,
    default: Default7,
) -> String {
    let mut runs: Vec<(Coding, Vec<u8>)> = Vec::new();
    for (coding, octets) in parts {
        match runs.last_mut() {
            Some((last, run)) if *last == coding => run.extend(octets),
            _ => runs.push((coding, octets.to_vec())),
        }
    }
    let text: String = runs.iter().map(|(coding, run)| decode(*coding, run, default)).collect();
    text.replace("\r\n", "\n").replace(['\r', '\u{c}'], "\n").replace('\0', "")
}

fn decode(coding: Coding, octets: &[u8], default: Default7) -> String {
    match (coding, default) {
        (Coding::Default, Default7::Gsm) => from_gsm(octets),
        (Coding::Default, Default7::Latin1) | (Coding::Latin1, _) => from_latin1(octets),
        (Coding::Ascii, _) => from_ascii(octets),
        (Coding::Ucs2, _) => from_ucs2(octets),
        (Coding::Octets, _) => std::str::from_utf8(octets).unwrap_or_default().to_owned(),
    }
}

/// Somebody's whole message, as every channel speaks of it.
#[must_use]
pub fn message_of(from: &Address, external_id: String, text: String, octets: &[u8]) -> InMessage {
    let value = number(from);
    let unread = text.is_empty() && !octets.is_empty();
    InMessage {
        external_id,
        thread: value.clone(),
        from: Peer {
            kind: if from.ton == ALPHANUMERIC { PeerKind::Handle } else { PeerKind::Phone },
            value,
            name: None,
        },
        text,
        kind: if unread { InKind::Unknown { name: "data".to_owned() } } else { InKind::Words },
        files: unread
            .then(|| InFile {
                name: None,
                media_type: None,
                source: FileSource::Bytes(octets.to_vec()),
            })
            .into_iter()
            .collect(),
        ..InMessage::default()
    }
}

/// A number as the world writes it; a short code or a name as it is.
#[must_use]
pub fn number(address: &Address) -> String {
    let value = address.value.trim();
    let digits = value.trim_start_matches('+');
    // Zeros alone are nobody's number.
    let all_digits =
        digits.bytes().all(|b| b.is_ascii_digit()) && digits.bytes().any(|b| b != b'0');
    if address.ton == ALPHANUMERIC || !all_digits || digits.len() < NUMBER_DIGITS_MIN {
        return value.to_owned();
    }
    match digits.strip_prefix('0') {
        Some(international) if international.starts_with('0') => {
            format!("+{}", international.trim_start_matches('0'))
        }
        Some(national) => format!("+{COUNTRY}{national}"),
        None if digits.starts_with('8') && address.ton == 2 => format!("+{COUNTRY}{digits}"),
        None => format!("+{digits}"),
    }
}

/// Where a message goes, with its kind: what [`number`] wrote, or what an agent typed.
#[must_use]
pub fn address(to: &str) -> Option<Address> {
    let value: String = to.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    let written = number(&Address { ton: 0, npi: 1, value });
    let digits = written.trim_start_matches('+');
    if digits.is_empty() || digits.len() > 20 || digits.contains('+') {
        return None;
    }
    let ton = u8::from(written.starts_with('+'));
    Some(Address { ton, npi: 1, value: digits.to_owned() })
}

#[cfg(test)]
mod tests;
