// The other ends of the written channels, each a server of its own on loopback: a mail server that
// keeps what it takes, a message centre made of node-smpp, the documented Graph API of WhatsApp,
// and the Telegram emulator that scripts/with-telegram.sh runs.
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { createServer as createHttp } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PATIENCE_MS, ROOT } from "./house.mjs";

const listen = (server) =>
  new Promise((listening) =>
    server.listen(0, "127.0.0.1", () => listening(server.address().port)),
  );

/** Waits until `look` finds something, and gives it. */
export async function until(look, what) {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`not seen in time: ${what}`);
}

/** Words of a message whose lines may be folded in quoted-printable. */
const unfold = (mail) =>
  Buffer.from(
    mail.replaceAll(/=\r\n/g, "").replaceAll(/=([0-9A-F]{2})/g, (_, hex) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    "latin1",
  ).toString("utf8");

/** A mail server: `mails` holds `{to, text}` of each that it took. */
export async function mailServer() {
  const mails = [];
  const server = createServer((socket) => {
    let [to, data, buffer] = ["", undefined, ""];
    const answer = (line) => socket.write(`${line}\r\n`);
    const hear = (line) => {
      if (data !== undefined) {
        if (line !== ".") return void data.push(line.replace(/^\.\./, "."));
        mails.push({ to, text: unfold(data.join("\r\n")) });
        data = undefined;
        return void answer("250 taken");
      }
      const word = line.slice(0, 4).toUpperCase();
      if (word === "EHLO") return void socket.write("250-peer\r\n250 8BITMIME\r\n");
      if (word === "RCPT") to = line.match(/<(.*?)>/)?.[1] ?? "";
      if (word === "DATA") data = [];
      answer(word === "DATA" ? "354 go" : word === "QUIT" ? "221 bye" : "250 ok");
    };
    answer("220 peer");
    socket.setEncoding("latin1");
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      buffer += chunk;
      const lines = buffer.split("\r\n");
      buffer = lines.pop();
      lines.forEach(hear);
    });
  });
  return { port: await listen(server), mails, stop: () => server.close() };
}

/** A message centre: `took` holds every part that it took; `bring` hands one over. */
export async function messageCentre() {
  const script = join(ROOT, "tests/smsc/smsc.mjs");
  const child = spawn(process.execPath, [script, "--receipts"], { stdio: ["pipe", "pipe", "inherit"] });
  const took = [];
  const lines = createInterface({ input: child.stdout });
  const port = await new Promise((said) => lines.once("line", (line) => said(JSON.parse(line).port)));
  lines.on("line", (line) => {
    const told = JSON.parse(line);
    if (told.id) took.push(told);
  });
  const bring = (from, text) => child.stdin.write(`${JSON.stringify({ from, to: "1708", text })}\n`);
  return { port, took, bring, stop: () => child.kill() };
}

/** WhatsApp's Cloud API for one number: `sent` holds what was sent, `call` calls our webhook. */
export async function cloudApi(number, secret) {
  const sent = [];
  const server = createHttp((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      const json = (status, value) => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(value));
      };
      const wrong = { error: { message: "Invalid parameter", type: "OAuthException", code: 100 } };
      const { pathname } = new URL(request.url, "http://graph");
      if (request.headers.authorization !== "Bearer EAAtoken") return json(401, wrong);
      if (request.method !== "POST" || !pathname.endsWith(`/${number}/messages`)) return json(400, wrong);
      const message = JSON.parse(body);
      if (message.type === "text" || message.text) {
        const id = `wamid.out${sent.length}`;
        sent.push({ id, ...message });
        return json(200, {
          messaging_product: "whatsapp",
          contacts: [{ input: message.to, wa_id: message.to }],
          messages: [{ id, message_status: "accepted" }],
        });
      }
      // Whether the person sees that we read.
      json(200, { success: true });
    });
  });
  const port = await listen(server);
  const call = async (url, value) => {
    const body = JSON.stringify({
      object: "whatsapp_business_account",
      entry: [
        {
          id: "1",
          changes: [
            {
              field: "messages",
              value: { messaging_product: "whatsapp", metadata: { phone_number_id: number }, ...value },
            },
          ],
        },
      ],
    });
    const proof = createHmac("sha256", secret).update(body).digest("hex");
    const headers = { "content-type": "application/json", "x-hub-signature-256": `sha256=${proof}` };
    const answer = await fetch(`${url}/kanal/whatsapp/${number}`, { method: "POST", headers, body });
    if (answer.status !== 200) throw new Error(`the webhook said ${answer.status}`);
  };
  return { url: `http://127.0.0.1:${port}/v23.0`, sent, call, stop: () => server.close() };
}

/** A person at the Telegram emulator: writes to a bot, and reads what it answers. */
export function telegramPerson(base, botToken, id, name) {
  const post = async (path, body) => {
    const answer = await fetch(`${base}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return answer.json();
  };
  const chat = { id, type: "private", first_name: name };
  const from = { id, first_name: name };
  return {
    write: (text) =>
      post("/sendMessage", { botToken, chat, from, date: Math.floor(Date.now() / 1000), text }),
    read: async () => {
      const seen = await post("/getUpdates", { token: botToken, chatId: String(id) });
      return (seen.result ?? []).map((update) => update.message.text);
    },
  };
}
