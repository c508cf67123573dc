// The desk keeps people where they are: nothing is lost between a list and its cases, the focus
// goes on with the work, and whatever does not come is told.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { browse, chapters, PHONE, person, ready, signInAtDemo, t } from "./house.mjs";

const url = process.env.TANGGAP_DEMO;
let browser, page;
const test = chapters(() => browser);
const rows = () => page.locator(".pane-list .case-link");
const button = (key) => page.getByRole("button", { name: t(key), exact: true });
const focused = (what) =>
  page.waitForFunction((what) => document.activeElement?.matches(what), what);

/** Opens a case of the list beside it. */
async function open(row) {
  const href = await row.getAttribute("href");
  await row.click();
  await page.waitForURL(`**${href}`);
  await page.locator(".case-head h1").waitFor();
  return href;
}

/** The case beside the list is fetched anew, as its live stream does it. */
const refresh = () =>
  Promise.all([
    page.waitForResponse((answer) => answer.request().headers()["turbo-frame"] === "laporan"),
    page.evaluate(() => {
      const stream = document.createElement("turbo-stream");
      stream.setAttribute("action", "reload");
      stream.setAttribute("target", document.querySelector(".pane-case").id);
      stream.append(document.createElement("template"));
      document.body.append(stream);
    }),
  ]);

before(async () => {
  browser = await browse();
  await ready(url);
  page = await signInAtDemo(await person(browser, url), "agent");
});
after(() => browser?.close());

test("a part that does not come is told in the reader's language", async () => {
  await page.goto("/meja?antrean=terbuka");
  const broken = (route) => route.fulfill({ contentType: "text/html", body: "<p>?</p>" });
  await page.route("**/meja/TGP-*", broken);
  await rows().first().focus();
  await page.keyboard.press("Enter");
  await page.getByText(t("ui-frame-missing"), { exact: true }).waitFor();
  await focused(".notice");
  await page.unroute("**/meja/TGP-*", broken);
  await page.getByRole("link", { name: t("ui-frame-again"), exact: true }).click();
  await page.locator(".case-head h1").waitFor();
});

test("a case that is gone is told beside the list", async () => {
  await page.goto("/meja?antrean=terbuka");
  await rows().first().evaluate((link) => {
    link.href = "/meja/TGP-222-222-222";
  });
  await rows().first().click();
  await page.getByText(t("ui-frame-gone"), { exact: true }).waitFor();
  assert.ok((await rows().count()) > 1, "the list stays");
});

test("who was signed out is led to sign-in, and back to the case", async () => {
  await page.goto("/meja?antrean=terbuka");
  const signedOut = () => page.context().clearCookies();
  const again = async () => {
    await page.waitForURL((place) => place.pathname === "/masuk");
    const agents = page.locator("section.card").filter({ hasText: t("org-role-agent") });
    await agents.locator("button[name=who]").first().click();
  };
  await signedOut();
  const href = await rows().nth(1).getAttribute("href");
  await rows().nth(1).click();
  await again();
  await page.waitForURL(`**${href}`);
  // A form has nothing to come back to but the page it stood on.
  await page.locator(`.pane-case a[href$="langkah=note"]`).click();
  await page.locator("#langkah [name=step][value=note]").waitFor({ state: "attached" });
  await signedOut();
  await page.fill("#langkah textarea", "Catatan singkat.");
  await page.locator("#langkah .composer-foot button").first().click();
  await again();
  await page.waitForURL((place) => place.pathname === href);
  await page.locator(".case-head h1").waitFor();
});

test("a list is found again where it was left: back, and after a reload", async () => {
  const top = () => page.locator(".pane-list").evaluate((pane) => pane.scrollTop);
  const near = async (wanted) => {
    await page.waitForFunction(
      (wanted) => Math.abs(document.querySelector(".pane-list").scrollTop - wanted) < 40,
      wanted,
    );
  };
  // The second page of a queue.
  await page.goto("/meja?antrean=terbuka");
  await page.goto(await page.locator(".pane-list a[rel=next]").getAttribute("href"));
  const list = page.url();
  await rows().nth(30).scrollIntoViewIfNeeded();
  const before = await top();
  assert.ok(before > 0, "the list is longer than the screen");
  const href = await open(rows().nth(30));
  await page.reload();
  await page.locator(`.pane-list .case-link[href="${href}"][aria-current]`).waitFor();
  await near(before);
  await page.goBack();
  await page.waitForURL(list);
  await focused(`.case-link[href="${href}"]`);
  await near(before);
});

test("more rows come below the list, and are there again", async () => {
  await page.goto("/meja?antrean=terbuka");
  const shown = async (wanted) => {
    await page.waitForFunction(
      (wanted) => document.querySelectorAll(".pane-list .case-link").length === wanted,
      wanted,
    );
  };
  const first = await rows().count();
  const more = page.locator(".pane-list a[rel=next]");
  await more.focus();
  await page.keyboard.press("Enter");
  await shown(2 * first);
  const href = await rows().nth(first).getAttribute("href");
  await focused(`.pane-list .case-link[href="${href}"]`);
  assert.match(page.url(), /antrean=terbuka$/);
  await page.keyboard.press("Enter");
  await focused(".case-head h1");
  await page.reload();
  await shown(2 * first);
  await page.locator(`.pane-list .case-link[href="${href}"][aria-current]`).waitFor();
  await page.goBack();
  await page.waitForURL("**/meja?antrean=terbuka");
  await shown(2 * first);
  await focused(`.pane-list .case-link[href="${href}"]`);
  // To the end, none twice.
  for (let pages = 3; await more.count(); pages += 1) {
    const before = await rows().count();
    await more.click();
    await page.waitForFunction(
      (before) => document.querySelectorAll(".pane-list .case-link").length > before,
      before,
    );
    assert.ok(pages < 20);
  }
  const all = await rows().evaluateAll((links) => links.map((link) => link.pathname));
  assert.equal(new Set(all).size, all.length);
});

test("on a telephone too, by the link above the case", async () => {
  const { page: phone, list, href, before } = await leaveOnAPhone();
  await phone.locator("a.pane-back").click();
  await phone.waitForURL(list);
  await phone.waitForFunction(
    ([href, top]) =>
      document.activeElement?.getAttribute("href") === href && Math.abs(scrollY - top) < 60,
    [href, before],
  );
  await phone.goBack();
  await phone.waitForURL(`**${href}`);
  await phone.goBack();
  await phone.waitForURL(list);
  await phone.waitForFunction((top) => Math.abs(scrollY - top) < 60, before);
  await phone.close();
});

async function leaveOnAPhone() {
  const phone = await page.context().newPage();
  await phone.setViewportSize(PHONE);
  await phone.goto("/meja?antrean=terbuka");
  const row = phone.locator(".pane-list .case-link").nth(20);
  await row.scrollIntoViewIfNeeded();
  const before = await phone.evaluate(() => scrollY);
  assert.ok(before > 0);
  const list = phone.url();
  const href = await row.getAttribute("href");
  await row.click();
  await phone.locator(".case-head h1").waitFor();
  return { page: phone, list, href, before };
}

test("the focus goes on with the work and never gets lost", async () => {
  await page.goto("/meja?antrean=verifikasi");
  await rows().first().focus();
  await page.keyboard.press("Enter");
  await focused(".case-head h1");
  // Into the form of a step, out of it by Escape, and back to the button that opened it.
  await page.locator(`.case-head a[href$="langkah=assign"]`).focus();
  await page.keyboard.press("Enter");
  await focused("#langkah select");
  await page.locator("#langkah a.button-quiet").focus();
  await page.keyboard.press("Enter");
  await focused(`.case-head a[href$="langkah=assign"]`);
  await page.locator(`.pane-case .tabs a[href$="langkah=note"]`).focus();
  await page.keyboard.press("Enter");
  await focused("#langkah textarea");
  await page.keyboard.type("Catatan singkat.");
  await page.keyboard.press("Control+Enter");
  await page.locator(".toast").getByText(t("desk-flash-note")).waitFor();
  await focused(".case-head h1");
  // A step by its button.
  await page.locator("button[name=step][value=verify]").focus();
  await page.keyboard.press("Enter");
  await page.locator("button[name=step][value=verify]").waitFor({ state: "detached" });
  await focused(".case-head h1");
  // Beside the case.
  await page.locator(`.pane-case .tabs a[href$="langkah=note"]`).click();
  await focused("#langkah textarea");
  await page.keyboard.press("Escape");
  await focused(".case-head h1");
  await page.keyboard.press("Escape");
  // It left the list by being verified.
  await focused(".pane-list .case-link");
  await page.goto("/meja?antrean=teruskan");
  await rows().nth(1).focus();
  await page.keyboard.press("Enter");
  await focused(".case-head h1");
  await page.keyboard.press("Escape");
  await focused(".pane-list .case-link[aria-current]");
  await page.keyboard.press("Enter");
  await focused(".case-head h1");
});

test("a refused form leads to what is wrong with it", async () => {
  await page.locator(`.menu-steps a[href$="langkah=refer"]`).evaluate((link) => link.click());
  await focused("#langkah [name=target]");
  await page.locator("#langkah [name=text]").fill("Bukan kewenangan kami.");
  await page.keyboard.press("Control+Enter");
  await focused(".pane-case .error-summary");
  await page.locator(".pane-case .error-summary a").focus();
  await page.keyboard.press("Enter");
  await focused("#langkah [name=target]");
  await refresh();
  await focused("#langkah [name=target]");
  assert.equal(await page.inputValue("#langkah [name=text]"), "Bukan kewenangan kami.");
  await page.keyboard.press("Escape");
  await focused(".case-head h1");
});

test("who looks beside the case stays there; menu and dialog give the focus back", async () => {
  await page.goto("/meja?antrean=terbuka");
  for (let at = 0; at < 10; at += 1) {
    await open(rows().nth(at));
    if (await button("desk-reveal").count()) break;
  }
  await button("desk-reveal").focus();
  await page.keyboard.press("Enter");
  await page.getByText(t("desk-revealed"), { exact: true }).waitFor();
  await focused(".pane-aside");
  await page.locator(".menu-steps > summary").focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await focused(".menu-steps > summary");
  await page.keyboard.press("?");
  await page.keyboard.press("Escape");
  await focused(".menu-steps > summary");
  // What is fetched again takes nobody away from where they are.
  await refresh();
  await focused(".menu-steps > summary");
});

test("a case opens at its newest entry, its head in sight; nothing jumps meanwhile", async () => {
  await page.goto("/meja?antrean=lewat");
  const pane = page.locator(".pane-case");
  const top = () => pane.evaluate((pane) => pane.scrollTop);
  const newest = page.locator(".timeline > .entry").last();
  for (let at = 0; at < 10; at += 1) {
    await open(rows().nth(at));
    if ((await top()) > 100) break;
  }
  const seen = async () => {
    const [entry, head, foot] = await Promise.all(
      [newest, page.locator(".case-head h1"), page.locator(".composer-wrap")].map((part) =>
        part.boundingBox(),
      ),
    );
    return head.y > 0 && entry.y > head.y + head.height && entry.y < foot.y;
  };
  assert.ok((await top()) > 100, "the case is longer than the screen");
  assert.ok(await seen(), "the newest entry stands between the head and the composer");
  // Somebody reads further up while a colleague writes.
  await pane.evaluate((pane) => {
    pane.scrollTop = 40;
  });
  const colleague = await page.context().newPage();
  await colleague.goto(page.url());
  const write = async (words) => {
    await colleague.locator(`.pane-case .tabs a[href$="langkah=note"]`).click();
    await colleague.locator("#langkah [name=step][value=note]").waitFor({ state: "attached" });
    await colleague.fill("#langkah textarea", words);
    await colleague.locator("#langkah .composer-foot button").first().click();
    await colleague.locator(".timeline").getByText(words, { exact: true }).waitFor();
    await page.locator(".timeline").getByText(words, { exact: true }).waitFor();
  };
  await write("Sudah saya telepon.");
  assert.equal(await top(), 40);
  // Whoever looks at the end goes on looking at it, and sees what they write themselves.
  await pane.evaluate((pane) => {
    pane.scrollTop = pane.scrollHeight;
  });
  await write("Jawabannya menyusul.");
  await page.waitForFunction(() => {
    const entry = [...document.querySelectorAll(".timeline > .entry")].at(-1);
    const foot = document.querySelector(".composer-wrap");
    return entry.getBoundingClientRect().bottom <= foot.getBoundingClientRect().top;
  });
  await colleague.close();
});

test("on a telephone a case begins at its head", async () => {
  const { page: phone } = await leaveOnAPhone();
  const head = await phone.locator(".case-head").boundingBox();
  assert.ok(head.y > 0 && head.y < 200, `${head.y}`);
  // Its end is one touch away, and so is the field to write in.
  const jump = phone.locator(".case-jump a");
  await jump.first().click();
  const newest = phone.locator(".timeline > .entry").last();
  await phone.waitForFunction(() => document.activeElement?.matches(".entry:last-child"));
  const [entry, bar] = await Promise.all([newest.boundingBox(), jump.first().boundingBox()]);
  assert.ok(entry.y > 0 && entry.y < bar.y, `${entry.y} above ${bar.y}`);
  await jump.last().click();
  await phone.waitForFunction(() => document.activeElement?.matches("#langkah textarea"));
  await phone.close();
});

test("the palette offers what can be done with the case first", async () => {
  await page.goto("/meja?antrean=teruskan");
  await open(rows().first());
  await page.keyboard.press("Control+k");
  await focused("#palette-input");
  const first = page.locator(".palette-item").first();
  const code = await page.locator(".case-head .code").innerText();
  await first.getByText(t("case-action-forward")).waitFor();
  await first.getByText(code, { exact: true }).waitFor();
  // What is folded away, found by its name; what the server finds comes below.
  await page.keyboard.type(t("case-action-refer"));
  await first.getByText(t("case-action-refer")).waitFor();
  const search = t("desk-palette-search", { q: t("case-action-refer") });
  await page.locator(".palette-item").last().getByText(search).waitFor();
  assert.equal(await first.getAttribute("aria-selected"), "true");
  await page.keyboard.press("Enter");
  await focused("#langkah [name=target]");
  // Without a case, the pages.
  await page.goto("/meja?antrean=teruskan");
  await page.keyboard.press("Control+k");
  await page.locator(".palette-item").first().waitFor();
  assert.equal(await page.getByText(t("case-action-forward"), { exact: true }).count(), 0);
  await page.keyboard.press("Escape");
});

test("whom a case was given to is taken back by a key, unless somebody changed it", async () => {
  await page.goto("/meja?antrean=verifikasi");
  await open(rows().first());
  const owner = page.locator(".pane-aside dd").filter({ hasText: t("desk-no-owner") });
  await owner.waitFor();
  const noted = () => page.locator(".timeline > .entry-event").count();
  const before = await noted();
  const take = async () => {
    await page.locator(".case-head button[name=step][value=assign]").focus();
    await page.keyboard.press("Enter");
    await owner.waitFor({ state: "detached" });
    await page.locator(".toast [data-undo]").waitFor();
    await focused(".case-head h1");
  };
  await take();
  await page.keyboard.press("Control+z");
  await owner.waitFor();
  await focused(".case-head h1");
  assert.equal(await noted(), before + 2, "both are noted");
  await page.locator(".toast [data-undo]").waitFor();
  await take();
  const colleague = await page.context().newPage();
  await colleague.goto(page.url());
  await colleague.locator("button[name=step][value=verify]").click();
  await colleague.locator("button[name=step][value=verify]").waitFor({ state: "detached" });
  await page.locator("button[name=step][value=verify]").waitFor({ state: "detached" });
  await page.keyboard.press("Control+z");
  await focused(".pane-case [role=alert]");
  await page.getByText(t("desk-stale"), { exact: true }).waitFor();
  assert.equal(await owner.count(), 0, "it stays as the colleague saw it");
  await colleague.close();
});
