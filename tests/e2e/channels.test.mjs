// One citizen, five channels, one case: a mail opens it; web chat, SMS, WhatsApp and Telegram
// become part of it at the desk; each is answered there, and each answer is seen where it arrives.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { browse, chapters, openAgency, openChat, PHONE, person, ready, start, t } from "./house.mjs";
import { cloudApi, messageCentre, postOffice, telegramPerson, until } from "./peers.mjs";

const NUMBER = "1122334455667";
const PHONE_NUMBER = "6281234567890";
const OFFICE = "lapor@lembahjati.example";
const BOT = "123456:percakapan";
const THANKS = "Baik, saya tunggu di depan kios 7.";
/** What is written on each channel, and what is answered. */
const SAID = {
  email: ["Lampu jalan di depan pasar padam sejak Senin.", "Terima kasih, Ibu Ani. Petugas kami ke sana besok pagi."],
  webchat: ["Saya Ani yang kirim surel soal lampu pasar.", "Baik, Ibu Ani, sudah kami gabungkan."],
  sms: ["Lampu pasar msh padam, tiang no 14", "Nomor tiang 14 kami catat, Bu. Terima kasih."],
  whatsapp: ["Ini foto lokasinya nanti saya kirim ya.", "Silakan, Bu. Kami tunggu fotonya."],
  telegram: ["Sudah menyala, terima kasih!", "Sama-sama, Bu Ani. Laporan ini kami selesaikan."],
};

const telegram = process.env.TANGGAP_TEST_TELEGRAM;
let browser, node, mail, centre, cloud, ani, admin, agent, visitor;
let code = "";
const test = chapters(() => browser);
const button = (page, key) => page.getByRole("button", { name: t(key), exact: true });

before(async () => {
  assert.ok(telegram, "TANGGAP_TEST_TELEGRAM is not set (scripts/with-telegram.sh)");
  mail = postOffice();
  [browser, centre, cloud] = await Promise.all([
    browse(),
    messageCentre(),
    cloudApi(NUMBER, "rahasia-aplikasi"),
  ]);
  ani = telegramPerson(telegram, BOT, 5, "Ani");
  node = await start("serve", {
    TANGGAP_MESSENGERS_GRAPH: cloud.url,
    TANGGAP_MESSENGERS_TELEGRAM: telegram,
    TANGGAP_ACCOUNT_NETWORKS: "127.0.0.0/8,::1",
  });
  await ready(node.url);
});
after(async () => {
  await browser?.close();
  await node?.stop();
  for (const peer of [centre, cloud]) peer?.stop();
  if (node?.told().trim()) console.error(node.told());
});

async function save(page) {
  await button(page, "ui-save").click();
  await page.waitForURL((place) => !place.pathname.includes("/baru"));
}

test("an administrator sets up the agency and its accounts", async () => {
  ({ admin, agent } = await openAgency(browser, node.url, [["agent", "Sari Agen"]]));

  await admin.goto("/pengaturan/kanal/surel/baru");
  await admin.fill("[name=name]", "Surel Lembah Jati");
  await admin.fill("[name=address]", OFFICE);
  await admin.fill("[name=host]", "localhost");
  await admin.fill("[name=port]", mail.imap);
  await admin.fill("[name=user]", "lapor");
  await admin.fill("[name=password_mailbox]", "rahasia");
  await admin.fill("[name=smtp_host]", "localhost");
  await admin.fill("[name=smtp_port]", mail.smtp);
  await admin.selectOption("[name=smtp_tls]", "tls");
  await admin.check("[name=reply_tags]");
  await admin.fill("[name=authority]", mail.authority);
  await save(admin);
  await button(admin, "kanal-test-now").click();
  await admin.getByText(t("kanal-flash-works")).waitFor();

  await admin.goto("/pengaturan/kanal/sms/baru");
  await admin.fill("[name=name]", "SMS 1708");
  await admin.fill("[name=address]", "1708");
  await admin.fill("[name=price]", "350");
  await admin.fill("[name=host]", "127.0.0.1");
  await admin.fill("[name=port]", String(centre.port));
  await admin.fill("[name=system_id]", "tanggap");
  await admin.fill("[name=password_centre]", "rahasia");
  await save(admin);

  await admin.goto("/pengaturan/kanal/baru/whatsapp");
  await admin.fill("[name=name]", "WhatsApp Lembah Jati");
  await admin.fill("[name=address]", NUMBER);
  await admin.fill("[name=password_token]", "EAAtoken");
  await admin.fill("[name=password_app_secret]", "rahasia-aplikasi");
  await save(admin);

  await admin.goto("/pengaturan/kanal/baru/telegram");
  await admin.fill("[name=name]", "Bot Lembah Jati");
  await admin.fill("[name=address]", "TestNameBot");
  await admin.fill("[name=password_token]", BOT);
  await admin.check("[name=polling]");
  await save(admin);

  await openChat(admin);
});

/** Ani's letter: from her mail program, by way of her provider. */
function write(to, subject, id, text) {
  const head = ["From: Ani <ani@contoh.id>", `To: ${to}`, `Subject: ${subject}`, `Message-ID: <${id}@contoh.id>`];
  return mail.post("ani", to, [...head, "", text, ""].join("\r\n"));
}

/** The letter in Ani's mailbox that has these words in it. */
const letter = (words, what) =>
  until(async () => (await mail.letters("ani")).find((one) => one.text.includes(words)), what);

test("a mail opens the case, is answered by mail, and the answer to that comes home", async () => {
  await write(OFFICE, "Lampu pasar padam", "ani-1", SAID.email[0]);
  const receipt = await letter("TGP-", "the receipt by mail");
  code = receipt.text.match(/TGP-[0-9A-Z-]+/)[0];
  await agent.goto(`/meja/${code}?langkah=reply`);
  await agent.fill("#langkah [name=text]", SAID.email[1]);
  await agent.locator("#langkah .composer-foot button").first().click();
  await agent.getByText(SAID.email[1]).first().waitFor();
  const answer = await letter(SAID.email[1], "the answer by mail");
  // Nothing but the address that the answer asks to be answered at leads back to the case.
  const [, back] = answer.raw.match(/^Reply-To:.*?([^\s<]+@[^\s>]+)/im);
  await write(back, "terima kasih", "ani-2", THANKS);
  await agent.locator(".timeline").getByText(THANKS).waitFor();
});

/** Finds what was said among the talks, makes it part of the case, and answers. */
async function answerAt(channel) {
  const [said, answer] = SAID[channel];
  const row = agent.locator(".case-row").filter({ hasText: said }).getByRole("link").first();
  await until(async () => {
    await agent.goto("/percakapan?rak=terbuka");
    return row.isVisible();
  }, `the talk on ${channel}`);
  await row.click();
  await agent.locator(".timeline").getByText(said).waitFor();
  const menu = agent.locator("details.menu-steps").filter({ has: agent.locator("[name=code]") });
  await menu.locator("summary").click();
  await menu.locator("[name=code]").fill(code);
  await menu.locator("[name=same_person]").check();
  await menu.locator("form button").click();
  await agent.locator(`.pane-aside a[href="/meja/${code}"]`).waitFor();
  await agent.locator("#langkah [name=text]").fill(answer);
  await agent.locator("#langkah .composer-foot button").first().click();
  await agent.locator(".timeline").getByText(answer).waitFor();
}

/** The desk says that the last answer has reached the person. */
async function arrived(channel) {
  const told = t("sending-told-delivered", { channel: t(`case-channel-${channel}`), at: "" });
  await until(async () => {
    await agent.reload();
    return (await agent.locator(".timeline .entry-out").last().innerText()).includes(told.trim());
  }, `that it arrived by ${channel}`);
}

test("web chat joins the case and is answered on the visitor's page", async () => {
  visitor = await (await person(browser, node.url, { viewport: PHONE })).newPage();
  await visitor.goto("/obrolan");
  await visitor.locator("textarea#chat-text").fill(SAID.webchat[0]);
  await visitor.keyboard.press("Enter");
  await visitor.getByText(SAID.webchat[0]).first().waitFor();
  await answerAt("webchat");
  await visitor.getByText(SAID.webchat[1]).first().waitFor();
});

test("SMS joins the case and is answered by SMS, with its receipt", async () => {
  centre.bring(PHONE_NUMBER, SAID.sms[0]);
  await answerAt("sms");
  const part = await until(() => centre.took.find((one) => one.text === SAID.sms[1]), "the SMS");
  assert.equal(part.to, PHONE_NUMBER);
  await arrived("sms");
});

test("WhatsApp joins the case and is answered there, with its receipt", async () => {
  const at = String(Math.floor(Date.now() / 1000));
  await cloud.call(node.url, {
    contacts: [{ profile: { name: "Ani" }, wa_id: PHONE_NUMBER }],
    messages: [{ from: PHONE_NUMBER, id: "wamid.in1", timestamp: at, type: "text", text: { body: SAID.whatsapp[0] } }],
  });
  await answerAt("whatsapp");
  const sent = await until(() => cloud.sent.find((one) => one.text.body === SAID.whatsapp[1]), "the message");
  assert.equal(sent.to, PHONE_NUMBER);
  await cloud.call(node.url, {
    statuses: [
      { id: sent.id, status: "delivered", timestamp: at, recipient_id: PHONE_NUMBER, biz_opaque_callback_data: sent.biz_opaque_callback_data },
    ],
  });
  await arrived("whatsapp");
});

test("Telegram joins the case and is answered there", async () => {
  await ani.write(SAID.telegram[0]);
  await answerAt("telegram");
  const seen = await until(async () => {
    const texts = await ani.read();
    return texts.length > 0 && texts;
  }, "the answer at Telegram");
  assert.ok(seen.includes(SAID.telegram[1]), seen.join("\n"));
});

test("all of it is one case with one history", async () => {
  await agent.goto(`/meja/${code}`);
  const history = await agent.locator(".pane-case").innerText();
  for (const [channel, words] of Object.entries(SAID)) {
    for (const text of words) assert.ok(history.includes(text), `${channel}: ${text}`);
  }
  assert.ok(history.includes(THANKS), "the second mail");
  await agent.goto("/meja?antrean=terbuka");
  assert.equal(await agent.locator(".pane-list .case-link").count(), 1, "no other case was opened");
  const out = {
    email: (await mail.letters("ani")).map((one) => one.text),
    sms: centre.took.map((one) => one.text),
    whatsapp: cloud.sent.map((one) => one.text.body),
  };
  for (const [channel, texts] of Object.entries(out)) {
    const count = texts.filter((text) => text.includes(SAID[channel][1])).length;
    assert.equal(count, 1, `the answer by ${channel} went out once`);
  }
});
