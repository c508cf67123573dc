// A message centre made of node-smpp, for tests and measuring: an implementation that is not ours.
//
//   node smsc.mjs [--port 2775] [--throttle N] [--delay MS] [--receipts] [--quiet]
//     [--key FILE --cert FILE]
//
// Says {"port": …} on its first line, then every message that it took as one line of JSON. Each
// line on its input is a message for whoever is bound: {"from", "to", "text", "coding"?, "parts"?, "sar"?}.
// Letters are read and written by node-smpp, so that a mistake of ours in them is seen.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import smpp from "smpp";

const { values: options } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    password: { type: "string", default: "rahasia" },
    throttle: { type: "string", default: "0" },
    delay: { type: "string", default: "0" },
    receipts: { type: "boolean", default: false },
    quiet: { type: "boolean", default: false },
    key: { type: "string" },
    cert: { type: "string" },
  },
});
const say = (line) => {
  if (!options.quiet) process.stdout.write(`${JSON.stringify(line)}\n`);
};
let throttled = Number(options.throttle);
let count = 0;
let reference = 0;
const bound = new Set();
const waiting = [];

const header = (udh) => {
  const element = udh?.[0];
  return element && { reference: element[2], total: element[3], index: element[4] };
};
const words = (message) => (typeof message === "string" ? message : (message?.message ?? ""));

function receipt(session, pdu, id) {
  const stamp = "2611220915";
  session.deliver_sm({
    esm_class: 4,
    source_addr: pdu.destination_addr,
    destination_addr: pdu.source_addr,
    short_message:
      `id:${id} sub:001 dlvrd:001 submit date:${stamp} done date:${stamp} ` +
      `stat:DELIVRD err:000 text:${words(pdu.short_message).slice(0, 20)}`,
    receipted_message_id: id,
    message_state: 2,
  });
}

function submitted(session, pdu) {
  if (throttled > 0) {
    throttled -= 1;
    session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
    return;
  }
  count += 1;
  const id = `n${count}`;
  // Taken at once; who asked hears of it later.
  setTimeout(() => answer(session, pdu, id), Number(options.delay));
  const payload = pdu.message_payload ? words(pdu.message_payload) : "";
  say({
    id,
    from: pdu.source_addr,
    to: pdu.destination_addr,
    ton: pdu.dest_addr_ton,
    coding: pdu.data_coding,
    text: words(pdu.short_message) + payload,
    part: header(pdu.short_message?.udh),
    sar: pdu.sar_msg_ref_num,
  });
}

function answer(session, pdu, id) {
  session.send(pdu.response({ message_id: id }));
  if (options.receipts && pdu.registered_delivery) receipt(session, pdu, id);
}

function deliver({ from, to, text, parts, sar, coding }) {
  const session = [...bound].find((one) => one.receives);
  if (!session) {
    waiting.push({ from, to, text, parts, sar, coding });
    return;
  }
  const send = (fields) =>
    session.deliver_sm(
      { source_addr_ton: 1, source_addr: from, destination_addr: to, ...fields },
      (answer) => say({ answered: answer.command_status, text }),
    );
  const pieces = parts ?? [text];
  if (pieces.length === 1) {
    send({ short_message: pieces[0], ...(coding === undefined ? {} : { data_coding: coding }) });
    return;
  }
  reference += 1;
  pieces.forEach((piece, at) => {
    const of = [reference & 255, pieces.length, at + 1];
    if (sar) {
      send({
        short_message: piece,
        sar_msg_ref_num: reference,
        sar_total_segments: pieces.length,
        sar_segment_seqnum: at + 1,
      });
    } else {
      const udh = Buffer.from([5, 0, 3, ...of]);
      send({ esm_class: 0x40, short_message: { udh, message: piece } });
    }
  });
}

const bind = (session, receives) => (pdu) => {
  if (pdu.password !== options.password) {
    session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }));
    session.close();
    return;
  }
  session.receives = receives;
  session.send(pdu.response({ system_id: "node" }));
  bound.add(session);
  while (receives && waiting.length > 0) deliver(waiting.shift());
};

const secure = options.key
  ? { key: readFileSync(options.key), cert: readFileSync(options.cert) }
  : {};
const server = smpp.createServer(secure, (session) => {
  session.on("bind_transceiver", bind(session, true));
  session.on("bind_receiver", bind(session, true));
  session.on("bind_transmitter", bind(session, false));
  session.on("submit_sm", (pdu) => submitted(session, pdu));
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => {
    session.send(pdu.response());
    session.close();
    say({ unbound: true });
  });
  session.on("error", () => session.destroy());
  session.on("close", () => bound.delete(session));
});
server.listen(Number(options.port), "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`);
});
createInterface({ input: process.stdin })
  .on("line", (line) => deliver(JSON.parse(line)))
  .on("close", () => process.exit(0));
