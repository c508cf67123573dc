// The other ends of the written channels, each a server of its own on loopback: Debian's Postfix
// and Dovecot, a message centre made of node-smpp, the documented Graph API of WhatsApp, and the
// Telegram emulator that scripts/with-telegram.sh runs.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer as createHttp } from "node:http";
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

/**
 * The mail of the world: Debian's Postfix and Dovecot, as scripts/with-postfix.sh runs them. People
 * there write and read with curl, each with the mailbox that their name says.
 */
export function postOffice() {
  const { TANGGAP_TEST_DOVECOT: dovecot, TANGGAP_TEST_POSTFIX: postfix } = process.env;
  assert.ok(postfix, "TANGGAP_TEST_POSTFIX is not set (scripts/with-postfix.sh)");
  const ports = (folder) => readFileSync(join(folder, "ports"), "utf8").trim().split(" ");
  const [imap, smtp] = [ports(dovecot)[1], ports(postfix)[1]];
  const authority = join(dovecot, "ca.pem");
  const curl = (user, rest, input = "") =>
    new Promise((done, failed) => {
      const args = ["-sS", "--max-time", "20", "--cacert", authority, "--user", `${user}:rahasia`, ...rest];
      const child = execFile("curl", args, (error, told) => (error ? failed(error) : done(told)));
      // One that only fetches may have ended before; whether it did its work, its end tells.
      child.stdin.on("error", () => {});
      child.stdin.end(input);
    });
  const box = `imaps://localhost:${imap}/INBOX`;
  return {
    imap,
    smtp,
    authority: readFileSync(authority, "utf8"),
    /** Hands a letter over for `to`, as `user` does. */
    post: (user, to, raw) => {
      const envelope = ["--mail-from", `${user}@contoh.id`, "--mail-rcpt", to, "--upload-file", "-"];
      return curl(user, ["--url", `smtps://localhost:${smtp}`, ...envelope], raw);
    },
    /** All letters in a mailbox, as `{raw, text}`. */
    letters: async (user) => {
      const found = await curl(user, [box, "-X", "UID SEARCH ALL"]);
      const letters = [];
      for (const uid of found.match(/\d+/g) ?? []) {
        const raw = await curl(user, [`${box}/;UID=${uid}`]);
        letters.push({ raw, text: unfold(raw) });
      }
      return letters;
    },
  };
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
