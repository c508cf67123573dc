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
  await page.locator(".pane-list a[rel=next]").click();
  await page.waitForURL("**setelah=*");
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
