//! SMPP's units as plain data (3.4 and 5.0), read from octets and written to them.
//!
//! Reading is for hostile peers: every length is checked, nothing is taken on trust but the length
//! of the whole unit, which is bounded. A unit whose body cannot be read is still told by its
//! header, so that it can be refused by its number. What a body lacks at its end is empty, because
//! centres leave out what they have nothing to say for.

mod read;
mod write;

pub use read::{Frame, Garbage, Header, frame};

/// Octets of the header.
pub const HEADER_LEN: usize = 16;
/// A unit longer than this is no unit: a message_payload holds 64 kB at most.
pub const PDU_LEN_MAX: usize = 70_000;
/// Marks an answer.
pub const RESPONSE: u32 = 0x8000_0000;

/// What a unit is (SMPP 3.4, 5.1.2.1).
pub mod command {
    /// Refuses what could not be read.
    pub const GENERIC_NACK: u32 = 0x8000_0000;
    /// Opens a session that receives.
    pub const BIND_RECEIVER: u32 = 1;
    /// Opens a session that sends.
    pub const BIND_TRANSMITTER: u32 = 2;
    /// Sends a message.
    pub const SUBMIT_SM: u32 = 4;
    /// Brings a message or a receipt.
    pub const DELIVER_SM: u32 = 5;
    /// Ends a session.
    pub const UNBIND: u32 = 6;
    /// Opens a session that does both.
    pub const BIND_TRANSCEIVER: u32 = 9;
    /// Asks whether the other end is alive.
    pub const ENQUIRE_LINK: u32 = 0x15;
    /// Brings or sends a message whose text is a parameter.
    pub const DATA_SM: u32 = 0x103;
    /// Tells that a device is there again.
    pub const ALERT_NOTIFICATION: u32 = 0x102;
}

/// How a request ended (SMPP 3.4, 5.1.3).
pub mod status {
    /// Well.
    pub const OK: u32 = 0;
    /// The length is not possible.
    pub const INVALID_LENGTH: u32 = 2;
    /// No such command.
    pub const INVALID_COMMAND: u32 = 3;
    /// The centre's queue is full.
    pub const QUEUE_FULL: u32 = 0x14;
    /// Too fast.
    pub const THROTTLED: u32 = 0x58;
    /// The receiver cannot take it now; it is to be brought again.
    pub const TRY_AGAIN: u32 = 0x64;
}

/// Parameters that may follow a body (SMPP 3.4, 5.3.2).
pub mod tag {
    /// The centre's version, in the answer to a bind.
    pub const INTERFACE_VERSION: u16 = 0x0210;
    /// Which message a receipt is about.
    pub const RECEIPTED_MESSAGE_ID: u16 = 0x001e;
    /// What became of it.
    pub const MESSAGE_STATE: u16 = 0x0427;
    /// Which network failed, and how.
    pub const NETWORK_ERROR_CODE: u16 = 0x0423;
    /// The text, where it is longer than the body allows.
    pub const MESSAGE_PAYLOAD: u16 = 0x0424;
    /// Which long message a part belongs to.
    pub const SAR_REFERENCE: u16 = 0x020c;
    /// How many parts it has.
    pub const SAR_TOTAL: u16 = 0x020e;
    /// Which of them this is.
    pub const SAR_INDEX: u16 = 0x020f;
    /// How busy the centre is, 0 to 100 (5.0).
    pub const CONGESTION_STATE: u16 = 0x0428;
    /// The centre's words about an error (5.0 and many of 3.4).
    pub const ADDITIONAL_STATUS: u16 = 0x001d;
}

/// One unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pdu {
    /// What it is.
    pub command: u32,
    /// How it ended, in an answer.
    pub status: u32,
    /// Its number, by which an answer is matched.
    pub sequence: u32,
    /// Its body.
    pub body: Body,
}

/// The body of a unit, by what its command asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// None.
    Empty,
    /// Of a bind.
    Bind(Bind),
    /// Of the answer to a bind (the centre's name) or to a message (the message's id).
    Answer(Answer),
    /// Of submit_sm, deliver_sm and data_sm.
    Message(Box<Message>),
    /// Of a command that we do not know.
    Unknown(Vec<u8>),
}

/// Who wants to be let in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bind {
    /// Account.
    pub system_id: String,
    /// Password.
    pub password: String,
    /// Kind of system, where a centre asks for it.
    pub system_type: String,
    /// 0x34 or 0x50.
    pub version: u8,
    /// Which addresses it serves.
    pub range: Address,
}

/// An answer that has a name in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The centre's name, or the id of the message.
    pub id: String,
    /// What follows.
    pub params: Vec<Param>,
}

/// A number or a name, with its kind.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(default)]
pub struct Address {
    /// Type of number: 0 unknown, 1 international, 2 national, 3 network, 5 alphanumeric.
    pub ton: u8,
    /// Numbering plan: 0 unknown, 1 telephone.
    pub npi: u8,
    /// What it is.
    pub value: String,
}

/// A parameter with its tag, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// Its tag.
    pub tag: u16,
    /// Its octets.
    pub value: Vec<u8>,
}

/// A message or a receipt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Kind of service, where a centre asks for it.
    pub service_type: String,
    /// From whom.
    pub source: Address,
    /// To whom.
    pub destination: Address,
    /// Mode, type and features.
    pub esm_class: u8,
    /// What the network may do with an older one.
    pub protocol_id: u8,
    /// 0 to 3.
    pub priority: u8,
    /// When to deliver it; empty: now.
    pub schedule: String,
    /// Until when to try; empty: as the centre does.
    pub validity: String,
    /// Which receipts are wanted.
    pub registered_delivery: u8,
    /// Whether it takes the place of an older one.
    pub replace: u8,
    /// How its octets are to be read.
    pub data_coding: u8,
    /// One of the centre's own texts.
    pub default_id: u8,
    /// Its octets, with the header of user data where `esm_class` says so; 254 at most.
    pub text: Vec<u8>,
    /// What follows.
    pub params: Vec<Param>,
}

impl Message {
    /// The octets of a parameter.
    #[must_use]
    pub fn param(&self, tag: u16) -> Option<&[u8]> {
        param(&self.params, tag)
    }

    /// Its octets, wherever they are.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        match self.param(tag::MESSAGE_PAYLOAD) {
            Some(payload) if self.text.is_empty() => payload,
            _ => &self.text,
        }
    }
}

/// The octets of the first parameter of that tag.
#[must_use]
pub fn param(params: &[Param], tag: u16) -> Option<&[u8]> {
    params.iter().find(|p| p.tag == tag).map(|p| p.value.as_slice())
}

impl Pdu {
    /// A request or answer without a body.
    #[must_use]
    pub fn bare(command: u32, status: u32, sequence: u32) -> Self {
        Self { command, status, sequence, body: Body::Empty }
    }

    /// The octets of it.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        write::write(self)
    }
}

#[cfg(test)]
mod tests;
