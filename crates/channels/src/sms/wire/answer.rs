//! What the status of an answer means for the message (SMPP 3.4, 5.1.3; 5.0, 4.7.6).

use super::super::pdu::{Answer, param, tag};
use crate::exchange::NotSent;

/// Whether an error is of the account, of the message, or passes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Account,
    Message,
    Passing,
}

/// What is not here passes: the queue's own bound on tries ends it.
const KNOWN: &[(u32, &str, Kind)] = &[
    (0x01, "ESME_RINVMSGLEN", Kind::Message),
    (0x02, "ESME_RINVCMDLEN", Kind::Message),
    (0x03, "ESME_RINVCMDID", Kind::Account),
    (0x04, "ESME_RINVBNDSTS", Kind::Passing),
    (0x05, "ESME_RALYBND", Kind::Passing),
    (0x06, "ESME_RINVPRTFLG", Kind::Message),
    (0x07, "ESME_RINVREGDLVFLG", Kind::Message),
    (0x08, "ESME_RSYSERR", Kind::Passing),
    (0x0a, "ESME_RINVSRCADR", Kind::Account),
    (0x0b, "ESME_RINVDSTADR", Kind::Message),
    (0x0c, "ESME_RINVMSGID", Kind::Message),
    (0x0d, "ESME_RBINDFAIL", Kind::Account),
    (0x0e, "ESME_RINVPASWD", Kind::Account),
    (0x0f, "ESME_RINVSYSID", Kind::Account),
    (0x14, "ESME_RMSGQFUL", Kind::Passing),
    (0x15, "ESME_RINVSERTYP", Kind::Account),
    (0x33, "ESME_RINVNUMDESTS", Kind::Message),
    (0x40, "ESME_RINVDESTFLAG", Kind::Message),
    (0x43, "ESME_RINVESMCLASS", Kind::Message),
    (0x45, "ESME_RSUBMITFAIL", Kind::Passing),
    (0x48, "ESME_RINVSRCTON", Kind::Account),
    (0x49, "ESME_RINVSRCNPI", Kind::Account),
    (0x50, "ESME_RINVDSTTON", Kind::Message),
    (0x51, "ESME_RINVDSTNPI", Kind::Message),
    (0x53, "ESME_RINVSYSTYP", Kind::Account),
    (0x58, "ESME_RTHROTTLED", Kind::Passing),
    (0x64, "ESME_RX_T_APPN", Kind::Passing),
    (0x65, "ESME_RX_P_APPN", Kind::Message),
    (0x66, "ESME_RX_R_APPN", Kind::Message),
    (0xc0, "ESME_RINVOPTPARSTREAM", Kind::Message),
    (0xc1, "ESME_ROPTPARNOTALLWD", Kind::Message),
    (0xc2, "ESME_RINVPARLEN", Kind::Message),
    (0xc3, "ESME_RMISSINGOPTPARAM", Kind::Message),
    (0xc4, "ESME_RINVOPTPARAMVAL", Kind::Message),
    (0xfe, "ESME_RDELIVERYFAILURE", Kind::Message),
    (0xff, "ESME_RUNKNOWNERR", Kind::Passing),
    (0x100, "ESME_RSERTYPUNAUTH", Kind::Account),
    (0x101, "ESME_RPROHIBITED", Kind::Message),
    (0x102, "ESME_RSERTYPUNAVAIL", Kind::Passing),
    (0x104, "ESME_RINVDCS", Kind::Message),
];

/// What the standard calls a status.
pub(super) fn name(status: u32) -> &'static str {
    KNOWN.iter().find(|(known, ..)| *known == status).map_or("error", |(_, name, _)| name)
}

/// A refusal as every channel speaks of it, with the centre's own words where it has some.
pub(super) fn refusal(status: u32, answer: Option<&Answer>) -> NotSent {
    let kind = KNOWN.iter().find(|(known, ..)| *known == status).map(|(_, _, kind)| *kind);
    let words = answer.and_then(|a| param(&a.params, tag::ADDITIONAL_STATUS)).unwrap_or_default();
    let words: String =
        words.iter().copied().map(char::from).filter(|c| !c.is_control()).take(200).collect();
    let why = match words.trim() {
        "" => name(status).to_owned(),
        words => format!("{}: {words}", name(status)),
    };
    match kind {
        Some(Kind::Account) => NotSent::Account { why },
        Some(Kind::Message) => NotSent::Never { code: Some(format!("0x{status:04x}")), why },
        Some(Kind::Passing) | None => {
            NotSent::Later { after: None, why: format!("{why} (0x{status:04x})") }
        }
    }
}

/// Whether a bind that ended so is worth trying again soon.
pub(super) fn refuses_account(status: u32) -> bool {
    KNOWN.iter().any(|(known, _, kind)| *known == status && *kind == Kind::Account)
}
