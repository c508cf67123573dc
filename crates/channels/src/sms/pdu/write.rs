//! Units to octets.

use super::{Address, Bind, Body, Message, Param, Pdu, command};

/// Octets of an address, of a service's name and of a time, without the nought at the end.
const ADDRESS_LEN_MAX: usize = 20;
const SERVICE_LEN_MAX: usize = 5;
const TIME_LEN_MAX: usize = 16;
/// Names of accounts and ids of messages; centres take longer ones than the standard allows.
const NAME_LEN_MAX: usize = 64;
/// Octets of a text in the body.
const TEXT_LEN_MAX: usize = 254;

pub(super) fn write(pdu: &Pdu) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    for word in [0, pdu.command, pdu.status, pdu.sequence] {
        out.extend(word.to_be_bytes());
    }
    match &pdu.body {
        Body::Empty => {}
        Body::Bind(bind) => write_bind(&mut out, bind),
        Body::Answer(answer) => {
            name(&mut out, &answer.id, NAME_LEN_MAX);
            params(&mut out, &answer.params);
        }
        Body::Message(message) if pdu.command == command::DATA_SM => data(&mut out, message),
        Body::Message(message) => write_message(&mut out, message),
        Body::Unknown(octets) => out.extend(octets),
    }
    let len = u32::try_from(out.len()).unwrap_or(u32::MAX);
    out[..4].copy_from_slice(&len.to_be_bytes());
    out
}

fn write_bind(out: &mut Vec<u8>, bind: &Bind) {
    for text in [&bind.system_id, &bind.password, &bind.system_type] {
        name(out, text, NAME_LEN_MAX);
    }
    out.push(bind.version);
    address(out, &bind.range, NAME_LEN_MAX);
}

fn write_message(out: &mut Vec<u8>, message: &Message) {
    name(out, &message.service_type, SERVICE_LEN_MAX);
    address(out, &message.source, ADDRESS_LEN_MAX);
    address(out, &message.destination, ADDRESS_LEN_MAX);
    out.extend([message.esm_class, message.protocol_id, message.priority]);
    name(out, &message.schedule, TIME_LEN_MAX);
    name(out, &message.validity, TIME_LEN_MAX);
    out.extend([message.registered_delivery, message.replace]);
    out.extend([message.data_coding, message.default_id]);
    let text = &message.text[..message.text.len().min(TEXT_LEN_MAX)];
    out.push(u8::try_from(text.len()).unwrap_or(0));
    out.extend(text);
    params(out, &message.params);
}

fn data(out: &mut Vec<u8>, message: &Message) {
    name(out, &message.service_type, SERVICE_LEN_MAX);
    address(out, &message.source, NAME_LEN_MAX);
    address(out, &message.destination, NAME_LEN_MAX);
    out.extend([message.esm_class, message.registered_delivery, message.data_coding]);
    params(out, &message.params);
}

fn address(out: &mut Vec<u8>, address: &Address, len_max: usize) {
    out.extend([address.ton, address.npi]);
    name(out, &address.value, len_max);
}

/// Latin letters, cut at the longest that there may be, ended by a nought.
fn name(out: &mut Vec<u8>, text: &str, len_max: usize) {
    let letters = text.chars().filter(|c| !c.is_control());
    out.extend(letters.filter_map(|c| u8::try_from(u32::from(c)).ok()).take(len_max));
    out.push(0);
}

fn params(out: &mut Vec<u8>, params: &[Param]) {
    for param in params {
        let Ok(len) = u16::try_from(param.value.len()) else { continue };
        out.extend(param.tag.to_be_bytes());
        out.extend(len.to_be_bytes());
        out.extend(&param.value);
    }
}
