// The citizen's whole way with JavaScript switched off: report with a photo, preview, receipt,
// track, reply; errors lose nothing.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { browse, chapters, PHONE, person, photo, ready, t } from "./house.mjs";

const url = process.env.TANGGAP_DEMO;
/** A form without proof of work is looked at for at least so long. */
const READING_MS = 5_000;
let browser;
const test = chapters(() => browser);
let page;
let picture;
const told = {};

before(async () => {
  browser = await browse();
  const drawing = await browser.newPage();
  picture = { name: "jalan.jpg", mimeType: "image/jpeg", buffer: await photo(drawing) };
  await drawing.close();
  await ready(url);
  const context = await person(browser, url, { viewport: PHONE, javaScriptEnabled: false });
  page = await context.newPage();
});
after(() => browser?.close());

const button = (key) => page.getByRole("button", { name: t(key), exact: true });
const problems = () => page.locator(".error:visible, .error-summary, [role=alert]");

test("from the home page to the form by words", async () => {
  await page.goto("/");
  await page.fill("[name=q]", "jalan rusak");
  await page.getByRole("button", { name: t("ui-search") }).click();
  await page.getByRole("heading", { name: t("portal-results") }).waitFor();
  await page.getByRole("link", { name: new RegExp(t("portal-report-this")) }).first().click();
  await page.locator("[name=subject]").waitFor();
});

test("an error loses neither words nor files", async () => {
  await page.fill("[name=description]", "Lubang besar di tengah jalan, membahayakan.");
  await page.fill("[name=email]", "bukan-surel");
  await page.setInputFiles("[name=files]", picture);
  await button("portal-check").last().click();
  assert.ok((await problems().count()) > 0);
  assert.equal(
    await page.inputValue("[name=description]"),
    "Lubang besar di tengah jalan, membahayakan.",
  );
  assert.equal(await page.locator("[name=kept]").count(), 1, "the photo is kept");
});

test("a region is found without scripts", async () => {
  const started = Date.now();
  await page.fill("[name=subject]", "Jalan berlubang di depan sekolah");
  await page.fill("[name=email]", "");
  await page.fill("[name=region_q]", "Sukamaju");
  await button("portal-region-search").click();
  await page.locator("[name=region]").first().waitFor();
  await page.locator("[name=region]").nth(1).check();
  for (const group of await required()) await group();
  await button("portal-check").last().click();
  await page.getByRole("heading", { name: t("portal-preview"), exact: true }).waitFor();
  // Whoever has no proof of work is asked to read for a moment: a person does.
  const left = READING_MS - (Date.now() - started);
  if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
});

/** Answers the category's own questions that must be answered. */
async function required() {
  const fields = await page.locator("form [required]").all();
  return fields.map((field) => async () => {
    const [kind, value] = await field.evaluate((e) => [e.type ?? e.tagName, e.value]);
    if (kind === "radio") await field.check();
    else if (kind === "select-one") await field.selectOption({ index: 1 });
    else if (!value) await field.fill(kind === "date" ? "2026-01-05" : "Satu");
  });
}

test("the report is sent and the receipt shown", async () => {
  await button("portal-send").click();
  await page.waitForURL("**/lapor/terima");
  const secrets = await page.locator(".receipt-code").allInnerTexts();
  [told.code, told.pin] = secrets.map((secret) => secret.replace(/\s/g, ""));
  assert.match(told.pin, /^\d{6}$/);
});

test("back after the receipt shows the preview, and sends no second report", async () => {
  await page.goBack();
  await page.getByRole("heading", { name: t("portal-preview"), exact: true }).waitFor();
  await button("portal-send").click();
  await page.waitForURL("**/lapor/terima");
  const secrets = await page.locator(".receipt-code").allInnerTexts();
  assert.equal(secrets[0].replace(/\s/g, ""), told.code);
});

test("it is tracked by code and PIN, and replied to", async () => {
  await page.context().clearCookies();
  await page.goto("/lacak");
  await page.fill("[name=kode]", told.code.toLowerCase());
  await page.fill("[name=pin]", told.pin);
  await button("portal-track-open").click();
  await page.waitForURL(`**/lacak/${told.code}`);
  await page.fill("[name=balas]", "Lubangnya bertambah besar.");
  await button("portal-do-write-send").click();
  await page.locator("#pesan").getByText("Lubangnya bertambah besar.").waitFor();
  await page
    .locator("#tenggat")
    .getByRole("link", { name: new RegExp(t("portal-why")) })
    .first()
    .click();
  assert.ok((await page.locator("table.days tbody tr").count()) > 0, "day by day");
});

test("language and theme are changed without scripts", async () => {
  await page.goto("/");
  await page.getByRole("button", { name: "English" }).click();
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
  await page.getByRole("button", { name: t("ui-theme-dark", {}, "en") }).click();
  assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
  await page.getByRole("button", { name: "Indonesia" }).click();
});

test("the deadline calculator answers", async () => {
  await page.goto("/tenggat");
  await page.fill("[name=from]", "2026-03-13T09:00");
  await page.fill("[name=limit]", "10");
  await button("portal-count").click();
  assert.ok((await page.locator("table.days tbody tr").count()) >= 10);
});
