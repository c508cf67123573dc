// A supervisor beside a talk, three people at three devices: silent monitoring, a whisper, and
// taking over. The visitor of the chat sees none of it, and their talk goes on unbroken.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { browse, chapters, openAgency, openChat, PHONE, person, ready, start, t } from "./house.mjs";

const SUPERVISOR = "Umi Penyelia";
const WHISPER = "Tawarkan zirkonium: loket keliling hari Kamis.";

let browser, node, admin, agent, supervisor, visitor;
/** Everything that ever came to the visitor's browser. */
const heard = [];
const said = [];
const test = chapters(() => browser);
const button = (page, key) => page.getByRole("button", { name: t(key), exact: true });
const composer = (page) => page.locator("#langkah [name=text]");
const shown = (page, words) => page.locator(".timeline").getByText(words, { exact: true }).waitFor();

before(async () => {
  browser = await browse();
  node = await start("serve");
  await ready(node.url);
});
after(async () => {
  await browser?.close();
  await node?.stop();
  if (node?.told().trim()) console.error(node.told());
});

async function listen(page) {
  const client = await page.context().newCDPSession(page);
  await client.send("Network.enable");
  client.on("Network.eventSourceMessageReceived", ({ data }) => heard.push(data));
  page.on("response", async (answer) => heard.push(await answer.text().catch(() => "")));
}

/** The visitor writes, and sees that it is there. */
async function writes(words) {
  said.push(words);
  await visitor.locator("textarea#chat-text").fill(words);
  await visitor.keyboard.press("Enter");
  await visitor.getByText(words, { exact: true }).waitFor();
}

/** Somebody at the desk answers, and the visitor sees it. */
async function answers(page, words) {
  said.push(words);
  await composer(page).fill(words);
  await page.locator("#langkah .composer-foot button").first().click();
  await visitor.getByText(words, { exact: true }).waitFor();
}

test("a visitor and an agent talk", async () => {
  ({ admin, agent, supervisor } = await openAgency(browser, node.url, [
    ["agent", "Sari Agen"],
    ["supervisor", SUPERVISOR],
  ]));
  await openChat(admin);
  visitor = await (await person(browser, node.url, { viewport: PHONE })).newPage();
  await listen(visitor);
  await visitor.goto("/obrolan");
  await writes("Kapan loket buka?");
  await agent.goto("/percakapan?rak=menunggu");
  await agent.locator(".case-row").getByRole("link").first().click();
  await button(agent, "talk-action-take").click();
  await button(agent, "talk-action-release").waitFor();
  await answers(agent, "Pukul delapan, Bu.");
});

test("what is just being sent is not broken off by what happens meanwhile", async () => {
  const second = await (await person(browser, node.url, { viewport: PHONE })).newPage();
  await second.goto("/obrolan");
  await agent.goto("/percakapan?rak=saya");
  await agent.locator(".case-row").getByRole("link").first().click();
  const hold = async (route) => {
    // By then this page has been told as well.
    await second.locator("textarea#chat-text").fill("Permisi");
    await second.keyboard.press("Enter");
    await supervisor.locator(".case-row").filter({ hasText: "Permisi" }).waitFor();
    await route.continue();
  };
  await supervisor.goto("/percakapan?rak=terbuka");
  await agent.route("**/langkah", hold, { times: 1 });
  await answers(agent, "Senin sampai Jumat, Bu.");
  await second.context().close();
});

test("a supervisor looks on, and neither the visitor nor the agent can tell", async () => {
  await supervisor.goto(new URL(agent.url()).pathname);
  await supervisor.getByRole("heading", { name: t("aside-watching"), exact: true }).waitFor();
  assert.equal(await composer(supervisor).count(), 0, "who looks on has no composer");
  await supervisor.fill("[name=aside]", "Tawarkan");
  // What happens is seen there as it happens.
  await writes("Saya bekerja sampai sore.");
  await shown(supervisor, "Saya bekerja sampai sore.");
  await shown(agent, "Saya bekerja sampai sore.");
  assert.equal(await supervisor.inputValue("[name=aside]"), "Tawarkan", "what is begun stays");
  for (const page of [agent, visitor]) {
    const seen = await page.locator("body").innerText();
    assert.ok(!seen.includes(SUPERVISOR), `${page.url()}: ${seen}`);
  }
});

test("a whisper reaches the agent alone", async () => {
  await supervisor.fill("[name=aside]", WHISPER);
  await button(supervisor, "aside-whisper-send").click();
  await shown(supervisor, WHISPER);
  await agent.locator(".toast").getByText(t("aside-toast-whispered")).waitFor();
  await shown(agent, WHISPER);
  await answers(agent, "Hari Kamis ada loket keliling sampai malam.");
});

test("the supervisor takes over: the agent is told, and the talk goes on", async () => {
  await button(supervisor, "aside-takeover").click();
  await composer(supervisor).waitFor();
  assert.equal(await supervisor.locator("[name=aside]").count(), 1, "a colleague may be asked");
  await agent.locator(".toast").getByText(t("aside-toast-taken-over")).waitFor();
  await agent.getByText(t("talk-owner", { name: SUPERVISOR })).waitFor();
  await agent.locator("summary").filter({ hasText: t("talk-action-take") }).waitFor();
  assert.equal(await button(agent, "talk-action-release").count(), 0, "it is not theirs any more");
  await writes("Terima kasih, di mana?");
  await shown(supervisor, "Terima kasih, di mana?");
  await answers(supervisor, "Di balai desa, Bu. Saya catatkan nama Ibu.");
  await shown(agent, "Di balai desa, Bu. Saya catatkan nama Ibu.");
});

test("the visitor has one unbroken talk and never heard of the rest", async () => {
  const words = visitor.locator(".log:not(.waiting) .words");
  assert.deepEqual(await words.allInnerTexts(), said);
  await visitor.reload();
  await words.nth(said.length - 1).waitFor();
  assert.deepEqual(await words.allInnerTexts(), said);
  const all = heard.join("\n") + (await visitor.content());
  assert.ok(all.includes("Hari Kamis ada loket keliling"), "what came is written down");
  assert.ok(!/zirkonium/i.test(all), "the whisper");
  assert.ok(!/mengambil alih/i.test(all), "taking over");
});
