// An agent handles a case by keyboard alone, and nobody ever loses sight of the focus.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { browse, chapters, person, ready, signInAtDemo, t } from "./house.mjs";

const url = process.env.TANGGAP_DEMO;
let browser;
const test = chapters(() => browser);
let page;

before(async () => {
  browser = await browse();
  await ready(url);
  page = await signInAtDemo(await person(browser, url), "agent");
  await page.goto("/meja?antrean=terbuka");
});
after(() => browser?.close());

/** The focus comes to rest on it. */
const focused = async (what) => {
  await page.waitForFunction((what) => document.activeElement?.matches(what), what);
};

test("the first key leads to the skip link, which leads past the menus", async () => {
  await page.keyboard.press("Tab");
  await focused(".skip");
  const box = await page.locator(".skip").boundingBox();
  assert.ok(box.y >= 0 && box.height > 0, "the skip link is seen");
  await page.keyboard.press("Enter");
  await focused("#utama");
});

test("focus is seen on whatever the Tab key reaches", async () => {
  for (let count = 0; count < 25; count += 1) {
    await page.keyboard.press("Tab");
    const seen = await page.evaluate(() => {
      const style = getComputedStyle(document.activeElement);
      const ring = style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) >= 2;
      return ring || style.boxShadow !== "none" || document.activeElement === document.body;
    });
    const what = await page.evaluate(() => document.activeElement.outerHTML.slice(0, 120));
    assert.ok(seen, `no focus ring on ${what}`);
  }
});

let subject;

test("J and K move in the list, Enter opens", async () => {
  await page.evaluate(() => document.activeElement.blur());
  const links = page.locator(".pane-list .case-link");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  assert.ok(await links.nth(1).evaluate((link) => link === document.activeElement));
  subject = (await links.nth(1).locator(".case-subject").innerText()).trim();
  await page.keyboard.press("Enter");
  await page.locator(".pane-case h1").getByText(subject).waitFor();
});

test("R writes, Ctrl+Enter sends; a draft survives a reload", async () => {
  const note = `Catatan dari papan ketik ${Date.now()}`;
  const tab = page.locator(`.pane-case a[href$="langkah=note"]`);
  await tab.focus();
  await page.keyboard.press("Enter");
  await page.locator("#langkah [name=step][value=note]").waitFor({ state: "attached" });
  await page.locator("body").evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("r");
  await focused("#langkah textarea");
  await page.keyboard.type(note);
  await page.locator(".draft-state").getByText(t("ui-draft-saved")).waitFor();
  await page.reload();
  assert.equal(await page.inputValue("#langkah textarea"), note);
  await page.locator("#langkah textarea").focus();
  await page.keyboard.press("Control+Enter");
  await page.locator(".timeline .entry-note").getByText(note).waitFor();
});

test("Ctrl+K goes anywhere", async () => {
  await page.keyboard.press("Control+k");
  await focused("#palette-input");
  await page.keyboard.type(t("desk-queue-lewat"));
  await page.locator(".palette-item").getByText(t("desk-queue-lewat")).first().waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(/antrean=lewat/);
});

test("? shows the keys, Escape leaves, / searches", async () => {
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press("?");
  await page.locator("#shortcuts[open]").waitFor();
  await page.keyboard.press("Escape");
  await page.locator("#shortcuts[open]").waitFor({ state: "detached" });
  await page.keyboard.press("/");
  await focused("[data-search]");
  await page.keyboard.type("jalan");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: t("desk-found"), level: 2 }).waitFor();
  assert.ok((await page.locator(".pane-list .case-link").count()) > 0);
});

test("two agents on one case: the second is told, and nothing typed is lost", async () => {
  // Without the live stream: with it, the page would often know of the change in time.
  await page.context().route("**/arus**", (route) => route.abort());
  await page.goto("/meja?antrean=verifikasi");
  await page.locator(".pane-list .case-link").last().click();
  await page.locator(".case-head").waitFor();
  const other = await page.context().newPage();
  await other.goto(page.url());
  await page.locator(`.pane-case a[href$="langkah=ask"]`).click();
  await page.locator("#langkah [name=step][value=ask]").waitFor({ state: "attached" });
  await page.fill("#langkah textarea", "Mohon sebutkan tanggalnya.");
  await other.locator("button[name=step][value=verify]").click();
  await other.locator("button[name=step][value=verify]").waitFor({ state: "detached" });
  await page.locator("#langkah .composer-foot button").click();
  await page.getByText(t("desk-stale")).waitFor();
  assert.equal(await page.inputValue("#langkah textarea"), "Mohon sebutkan tanggalnya.");
  await other.close();
  await page.context().unroute("**/arus**");
});

test("Ctrl+Enter sends a step from any field; J goes on in its place", async () => {
  await page.goto("/meja?antrean=teruskan");
  const links = page.locator(".pane-list .case-link");
  const next = await links.nth(2).getAttribute("href");
  await links.nth(1).focus();
  await page.keyboard.press("Enter");
  await focused(".case-head h1");
  await page.locator(`.case-head a[href$="langkah=forward"]`).focus();
  await page.keyboard.press("Enter");
  await focused("#langkah [name=unit]");
  if (!(await page.inputValue("#langkah [name=unit]"))) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Control+Enter");
  await page.locator(".toast").getByText(t("desk-flash-forward")).waitFor();
  await focused(".case-head h1");
  await page.locator(`.pane-list .case-link[href="${next}"]:not([aria-current])`).waitFor();
  await page.locator(".pane-list .case-link[aria-current]").waitFor({ state: "detached" });
  await page.keyboard.press("j");
  await focused(`.pane-list .case-link[href="${next}"]`);
});

/** Chooses in the palette what the words find first. */
const command = async (words) => {
  await page.keyboard.press("Control+k");
  await focused("#palette-input");
  await page.keyboard.type(words);
  await page.locator(".palette-item[aria-selected=true]").getByText(words).waitFor();
  await page.keyboard.press("Enter");
};

test("the palette knows every queue, and what is folded away; N begins a report", async () => {
  await command(t("desk-queue-dijawab"));
  await page.waitForURL(/antrean=dijawab/);
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await focused(".case-head h1");
  await command(t("desk-reminder-add"));
  await focused(".pane-aside [name=day]");
  await page.locator(".pane-aside [name=note]").focus();
  await page.keyboard.type("Tanya apakah sudah beres.");
  await page.keyboard.press("Control+Enter");
  await page.locator(".toast").getByText(t("desk-flash-reminder-set")).waitFor();
  await page.waitForFunction(() => document.activeElement?.matches(".pane-aside, .case-head h1"));
  await page.goto("/meja");
  await page.keyboard.press("n");
  await page.waitForURL("**/meja/baru");
  await focused("[name=description]");
});

test("who answers a talk goes on writing, on the shelf they work from", async () => {
  // One that may be answered in one's own words.
  await page.goto("/percakapan?rak=menunggu");
  const talks = page.locator(".pane-list .case-link");
  const links = await talks.evaluateAll((links) => links.map((link) => link.href));
  for (const link of links) {
    await page.goto(link);
    if (await page.locator("#langkah[data-reply]").count()) break;
  }
  await page.keyboard.press("r");
  await focused("#langkah textarea");
  const words = `Sedang kami tanyakan ${Date.now()}`;
  await page.keyboard.type(words);
  await page.keyboard.press("Control+Enter");
  await page.locator(".timeline").getByText(words).waitFor();
  await focused("#langkah textarea");
  const shelf = page.locator(".pane-queues [aria-current]");
  assert.match(await shelf.innerText(), new RegExp(t("talk-shelf-menunggu")));
  await page.keyboard.press("Escape");
  await command(t("talk-action-snooze"));
  await focused(".menu-sheet [name=until]");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/percakapan?rak=menunggu");
});

test("a citizen finds a region while typing, by keyboard, and it stays", async () => {
  const citizen = await (await person(browser, url)).newPage();
  await citizen.goto("/lapor?jenis=complaint&kategori=umum");
  const field = citizen.locator("[name=region_q]");
  await field.focus();
  await citizen.keyboard.type("cikoneng cia");
  await citizen.locator("#wilayah [data-code]").first().waitFor();
  assert.equal(await field.getAttribute("aria-expanded"), "true");
  await citizen.keyboard.press("ArrowDown");
  const chosen = await citizen.locator("[aria-selected=true]").getAttribute("data-whole");
  assert.match(chosen, /^Cikoneng, /);
  await citizen.keyboard.press("Enter");
  assert.equal(await field.inputValue(), chosen);
  await citizen.locator(".picked").getByText(chosen).waitFor();
  await citizen.fill("[name=subject]", "Jalan rusak");
  await citizen.fill("[name=description]", "Jalan rusak di depan balai desa.");
  await citizen.getByRole("button", { name: t("portal-check"), exact: true }).last().click();
  await citizen.locator(".public").getByText(chosen).waitFor();
  await citizen.getByRole("button", { name: t("portal-change"), exact: true }).click();
  await citizen.locator(".picked").getByText(chosen).waitFor();
  // Other words are another place.
  await citizen.locator("[name=region_q]").focus();
  await citizen.keyboard.press("End");
  await citizen.keyboard.type(" x");
  await citizen.locator(".picked").waitFor({ state: "hidden" });
  assert.equal(await citizen.locator("[type=hidden][name=region]").inputValue(), "");
  await citizen.context().close();
});

test("who missed too much is shown everything anew", async () => {
  const storageState = await page.context().storageState();
  const changes = await (await person(browser, url, { storageState })).newPage();
  await changes.route("**/arus?*", (route) =>
    route.fulfill({ contentType: "text/event-stream", body: "event: gap\ndata: 1\n\n" }),
  );
  await changes.goto("/meja?antrean=terbuka");
  await changes.waitForRequest((asked) => new URL(asked.url()).pathname === "/meja");
  await changes.context().close();
});
