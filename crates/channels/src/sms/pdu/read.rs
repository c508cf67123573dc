//! Octets to units.

use super::{Address, Answer, Bind, Body, HEADER_LEN, Message, PDU_LEN_MAX, Param, RESPONSE};
use super::{Pdu, command};

/// Characters of a name or number that are kept; what is longer is no name.
const NAME_CHARS_MAX: usize = 255;

/// The four words that every unit begins with, without its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What it is.
    pub command: u32,
    /// How it ended, in an answer.
    pub status: u32,
    /// Its number.
    pub sequence: u32,
}

/// One unit, taken from the front of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// How many octets it took.
    pub len: usize,
    /// Its header.
    pub header: Header,
    /// All of it; `None` where its body makes no sense.
    pub pdu: Option<Pdu>,
}

/// The stream is no SMPP, or no longer: where the next unit begins is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a unit of {len} octets is impossible")]
pub struct Garbage {
    /// The length that it claims.
    pub len: u32,
}

/// Takes a unit from the front of `octets`; `None` where it has not all come yet.
///
/// # Errors
/// [`Garbage`] where its length is impossible.
pub fn frame(octets: &[u8]) -> Result<Option<Frame>, Garbage> {
    let mut head = Reader { rest: octets };
    let Some(claimed) = head.word() else { return Ok(None) };
    let len = usize::try_from(claimed).unwrap_or(usize::MAX);
    if !(HEADER_LEN..=PDU_LEN_MAX).contains(&len) {
        return Err(Garbage { len: claimed });
    }
    let Some(whole) = octets.get(..len) else { return Ok(None) };
    let mut reader = Reader { rest: &whole[4..] };
    let mut word = || reader.word().expect("invariant: a unit holds its header");
    let header = Header { command: word(), status: word(), sequence: word() };
    let pdu = body(header, reader).map(|body| {
        let Header { command, status, sequence } = header;
        Pdu { command, status, sequence, body }
    });
    Ok(Some(Frame { len, header, pdu }))
}

fn body(header: Header, mut reader: Reader<'_>) -> Option<Body> {
    use command as c;
    match header.command {
        c::BIND_RECEIVER | c::BIND_TRANSMITTER | c::BIND_TRANSCEIVER => reader.bind(),
        c::SUBMIT_SM | c::DELIVER_SM => reader.message(),
        c::DATA_SM => reader.data(),
        c::UNBIND | c::ENQUIRE_LINK | c::GENERIC_NACK => Some(Body::Empty),
        answer if answer & RESPONSE != 0 => match answer & !RESPONSE {
            c::UNBIND | c::ENQUIRE_LINK => Some(Body::Empty),
            c::BIND_RECEIVER
            | c::BIND_TRANSMITTER
            | c::BIND_TRANSCEIVER
            | c::SUBMIT_SM
            | c::DELIVER_SM
            | c::DATA_SM => reader.answer(),
            _ => Some(Body::Unknown(reader.rest.to_vec())),
        },
        _ => Some(Body::Unknown(reader.rest.to_vec())),
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken)
    }

    fn word(&mut self) -> Option<u32> {
        let four = self.take(4)?;
        Some(u32::from_be_bytes([four[0], four[1], four[2], four[3]]))
    }

    fn half(&mut self) -> Option<u16> {
        let two = self.take(2)?;
        Some(u16::from_be_bytes([two[0], two[1]]))
    }

    /// One octet; nought where the body ends before it.
    fn octet(&mut self) -> u8 {
        self.take(1).map_or(0, |one| one[0])
    }

    /// Octets to the next nought or to the end; `None` where there are too many.
    fn name(&mut self) -> Option<String> {
        let len = self.rest.iter().position(|o| *o == 0).unwrap_or(self.rest.len());
        let octets = self.take(len)?;
        self.take(1);
        (len <= NAME_CHARS_MAX)
            .then(|| octets.iter().copied().map(char::from).filter(|c| !c.is_control()).collect())
    }

    fn address(&mut self) -> Option<Address> {
        Some(Address { ton: self.octet(), npi: self.octet(), value: self.name()? })
    }

    /// What follows a body; half a parameter at the end is nothing.
    fn params(&mut self) -> Vec<Param> {
        let mut params = Vec::new();
        while let (Some(tag), Some(len)) = (self.half(), self.half()) {
            let Some(value) = self.take(usize::from(len)) else { break };
            params.push(Param { tag, value: value.to_vec() });
        }
        params
    }

    fn bind(&mut self) -> Option<Body> {
        Some(Body::Bind(Bind {
            system_id: self.name()?,
            password: self.name()?,
            system_type: self.name()?,
            version: self.octet(),
            range: self.address()?,
        }))
    }

    fn answer(&mut self) -> Option<Body> {
        if self.rest.is_empty() {
            return Some(Body::Empty);
        }
        Some(Body::Answer(Answer { id: self.name()?, params: self.params() }))
    }

    fn message(&mut self) -> Option<Body> {
        let mut message = Message {
            service_type: self.name()?,
            source: self.address()?,
            destination: self.address()?,
            esm_class: self.octet(),
            protocol_id: self.octet(),
            priority: self.octet(),
            schedule: self.name()?,
            validity: self.name()?,
            registered_delivery: self.octet(),
            replace: self.octet(),
            data_coding: self.octet(),
            default_id: self.octet(),
            ..Message::default()
        };
        let len = usize::from(self.octet());
        message.text = self.take(len)?.to_vec();
        message.params = self.params();
        Some(Body::Message(Box::new(message)))
    }

    fn data(&mut self) -> Option<Body> {
        Some(Body::Message(Box::new(Message {
            service_type: self.name()?,
            source: self.address()?,
            destination: self.address()?,
            esm_class: self.octet(),
            registered_delivery: self.octet(),
            data_coding: self.octet(),
            params: self.params(),
            ..Message::default()
        })))
    }
}
