// No page has a fault that axe-core can find, in either language, on a phone and on a desk, light
// and dark; none scrolls sideways on a phone, none shows the name of a text instead of the text,
// and none is heavier than promised.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import {
  browse,
  DESK,
  keys,
  PHONE,
  person,
  photo,
  prefers,
  ready,
  signInAtDemo,
  t,
} from "./house.mjs";

const url = process.env.TANGGAP_DEMO;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** Dark is the same page in other colours. */
const COLOURS = ["color-contrast", "link-in-text-block"];
/** So many pages are looked at beside each other. */
const LANES = 2;
/** Compressed, with everything that a first visit loads. */
const FIRST_VIEW_BYTES_MAX = 50_000;
const PAGE_BYTES_MAX = 100_000;

let browser;
/** Who may see what: a context in each language. */
const people = new Map();
/** Pages that come by sending a form are kept as they were answered. */
const answered = new Map();

before(async () => {
  browser = await browse();
  await ready(url);
});
after(() => browser?.close());

async function context(who, locale) {
  const name = `${who} ${locale}`;
  if (!people.has(name)) people.set(name, enter(who, locale));
  return people.get(name);
}

async function enter(who, locale) {
  const context = await person(browser, url);
  if (!["citizen", "reporter", "follower"].includes(who)) {
    const page = await signInAtDemo(context, who);
    await page.close();
  }
  await context.addCookies(prefers(url, locale));
  return context;
}

const visit = (path) => async (page) => {
  await page.goto(path);
};
/** Opens a list and follows the first link that fits. */
const follow = (path, selector) => async (page) => {
  await page.goto(path);
  await page.goto(await page.locator(selector).first().getAttribute("href"));
};

async function category(page, locale) {
  await page.goto("/lapor?jenis=complaint");
  await page.goto(await page.locator(".topics a").first().getAttribute("href"));
  return locale;
}

const submit = (page, key, locale) =>
  page
    .getByRole("button", { name: t(key, {}, locale), exact: true })
    .last()
    .click();

/** A desk whose stream does not come: on a bad line it says so. */
async function cutOff(page) {
  await page.route("**/arus?*", (route) => route.abort());
  await page.goto("/meja");
  await page.locator("html[data-stale] .live-state").waitFor();
}

async function toFollowUp(page) {
  await page.goto("/tindak-lanjut");
  await page.goto(await page.locator(".pick-row a.small").first().getAttribute("href"));
}

async function fromTalk(page) {
  await page.goto("/percakapan");
  const talk = await page.locator(".pane-list .case-link").first().getAttribute("href");
  await page.goto(`${talk.split("?")[0]}/laporan`);
}

async function faulty(page, locale) {
  await category(page, locale);
  await page.fill("[name=email]", "bukan-surel");
  await page.fill("[name=phone]", "123");
  await submit(page, "portal-check", locale);
  await page.locator(".error").first().waitFor();
}

async function preview(page, locale) {
  await page.goto("/lapor?jenis=complaint&kategori=umum");
  await page.fill("[name=subject]", "Pagar taman rusak");
  await page.fill("[name=description]", "Pagar taman kota rusak, telepon saya 081234567890.");
  await page.fill("[name=name]", "Dewi Anggraini");
  await page.setInputFiles("[name=files]", {
    name: "pagar.jpg",
    mimeType: "image/jpeg",
    buffer: await photo(page),
  });
  await submit(page, "portal-check", locale);
  await page.getByRole("heading", { name: t("portal-preview", {}, locale), exact: true }).waitFor();
}

async function receipt(page, locale) {
  await preview(page, locale);
  await submit(page, "portal-send", locale);
  await page.waitForURL("**/lapor/terima");
  const told = await page.locator(".receipt-code").allInnerTexts();
  answered.set(locale, told[0].replace(/\s/g, ""));
}

/** Who has sent a report may look at it on the same device. */
async function tracking(page, locale, more = "") {
  if (!answered.has(locale)) await receipt(page, locale);
  await page.goto(`/lacak/${answered.get(locale)}${more}`);
}

async function why(page, locale) {
  await tracking(page, locale);
  const link = page.locator("#tenggat a").first();
  await page.goto(await link.getAttribute("href"));
}

/** The PIN of every case of the demo. */
const PIN = "135790";

/** The citizen's page of a case of the demo that lies in a queue of the desk. */
const followed = (queue) => async (page, locale) => {
  const desk = await (await context("agent", locale)).newPage();
  await desk.goto(`/meja?antrean=${queue}`);
  const href = await desk.locator(".pane-list .case-link").first().getAttribute("href");
  await desk.close();
  await page.goto(`/lacak?kode=${href.split("/").pop()}`);
  await page.fill("[name=pin]", PIN);
  await submit(page, "portal-track-open", locale);
  await page.locator("#keadaan").waitFor();
  for (const closed of await page.locator("#tindakan summary").all()) await closed.click();
};

async function suggestions(page) {
  await page.goto("/lapor?jenis=complaint&kategori=umum");
  await page.locator("[name=region_q]").pressSequentially("sukamaju");
  await page.locator("#wilayah li").first().waitFor();
  await page.keyboard.press("ArrowDown");
}

async function deskCase(page, step = "") {
  await page.goto("/meja?antrean=terbuka");
  const href = await page.locator(".pane-list .case-link").nth(2).getAttribute("href");
  await page.goto(href + step);
}

/** The first open talk that shows something. */
const talkWith = (selector) => async (page) => {
  await page.goto("/percakapan?rak=terbuka");
  const talks = await page
    .locator(".pane-list .case-link")
    .evaluateAll((links) => links.map((link) => link.getAttribute("href")));
  for (const href of talks) {
    await page.goto(href);
    if (await page.locator(selector).count()) return;
  }
  throw new Error(`no open talk of the demo shows ${selector}`);
};
/** A letter to somebody outside, looked at before it goes out. */
async function asked(page) {
  await deskCase(page, "/pihak-lain");
  await page.fill("[name=name]", "PT Aspal Jaya");
  await page.fill("[name=address]", "proyek@aspal.example");
  await page.fill("[name=subject]", "Perbaikan jalan");
  await page.fill("[name=text]", "Mohon keterangan kapan pekerjaan ini selesai.");
  await page.locator("[name=messages]").first().check();
  await page.locator("button[value=lihat]").click();
  await page.locator("button[value=kirim]").waitFor();
}

/** What the reporter of the first case that names one has reported. */
async function history(page) {
  await page.goto("/meja?antrean=terbuka");
  const cases = await page
    .locator(".pane-list .case-link")
    .evaluateAll((links) => links.map((link) => link.getAttribute("href")));
  const theirs = page.locator(".pane-aside a[href*='/meja/warga/']");
  for (const href of cases) {
    await page.goto(href);
    // A reporter may have stayed anonymous.
    if (await theirs.count()) return page.goto(await theirs.first().getAttribute("href"));
  }
  throw new Error("no open case of the demo names its reporter");
}

async function paletteOpen(page) {
  await page.goto("/meja");
  await page.keyboard.press("Control+k");
  await page.locator("#palette-input").waitFor();
}

async function wrongPin(page, locale) {
  await page.goto("/lacak");
  await submit(page, "portal-track-open", locale);
  await page.locator(".error").first().waitFor();
}

/** Each page: who looks, what it is, how one gets there. */
const PAGES = [
  ["citizen", "home", visit("/")],
  ["citizen", "search", visit("/cari?q=jalan")],
  ["citizen", "search without results", visit("/cari?q=zzzzqq")],
  ["citizen", "category step", visit("/lapor?jenis=complaint")],
  ["citizen", "form", category],
  ["citizen", "form of a question", visit("/lapor?jenis=information_request&kategori=umum")],
  ["citizen", "form with errors", faulty],
  ["citizen", "form with regions", suggestions],
  ["citizen", "track", visit("/lacak")],
  ["citizen", "track with errors", wrongPin],
  ["citizen", "receipt that is gone", visit("/lapor/terima")],
  ["citizen", "calculator", visit("/tenggat")],
  [
    "citizen",
    "calculator's answer",
    visit(
      "/tenggat?from=2026-03-13T09%3A00&limit=10&unit=working_day" +
        "&calendar=government&zone=Asia%2FJakarta",
    ),
  ],
  ["citizen", "managers", visit("/pengelola")],
  ["citizen", "help", visit("/bantuan")],
  ["citizen", "sign-in", visit("/masuk")],
  ["citizen", "API", visit("/api/docs")],
  ["citizen", "not found", visit("/tidak-ada")],
  ["reporter", "preview", preview],
  ["reporter", "receipt", receipt],
  ["reporter", "tracking", tracking],
  ["reporter", "why this date", why],
  ["follower", "tracking, answered", followed("dijawab")],
  ["follower", "tracking, incomplete", followed("kelengkapan")],
  ["follower", "tracking, ended", followed("selesai")],
  ["agent", "desk", visit("/meja?antrean=terbuka")],
  ["agent", "desk, ended", visit("/meja?antrean=selesai")],
  ["agent", "desk, search", visit("/meja?q=jalan")],
  ["agent", "desk, nothing found", visit("/meja?q=zzzzqq")],
  ["agent", "case", (page) => deskCase(page)],
  ["agent", "case, note", (page) => deskCase(page, "?langkah=note")],
  ["agent", "case, classify", (page) => deskCase(page, "?langkah=reclassify")],
  ["agent", "case, printed", (page) => deskCase(page, "/cetak")],
  ["agent", "case, deadlines", (page) => deskCase(page, "/tenggat")],
  ["agent", "person", history],
  ["citizen", "my reports", visit("/laporan-saya")],
  ["agent", "quick answers", visit("/pengaturan/jawaban-cepat")],
  ["agent", "quick answer, new", visit("/pengaturan/jawaban-cepat/baru?milik=saya")],
  ["administrator", "reply targets", visit("/antrean/atur/balasan")],
  ["agent", "new report", visit("/meja/baru")],
  ["agent", "palette", paletteOpen],
  ["agent", "account", visit("/akun")],
  ["agent", "authenticator", visit("/akun/autentikator")],
  ["agent", "not allowed", visit("/pengaturan")],
  ["unit-officer", "unit", visit("/unit")],
  ["supervisor", "board", visit("/penyelia")],
  ["administrator", "settings", visit("/pengaturan")],
  ["administrator", "agency", visit("/pengaturan/instansi")],
  ["administrator", "units", visit("/pengaturan/unit")],
  ["administrator", "unit", follow("/pengaturan/unit", "tbody a")],
  ["administrator", "new unit", visit("/pengaturan/unit/baru")],
  ["administrator", "units from a table", visit("/pengaturan/unit/impor")],
  ["administrator", "people", visit("/pengaturan/orang")],
  ["administrator", "people from a table", visit("/pengaturan/orang/impor")],
  ["administrator", "person", follow("/pengaturan/orang", "tbody a")],
  ["administrator", "new person", visit("/pengaturan/orang/baru")],
  ["administrator", "calendars", visit("/pengaturan/kalender")],
  ["administrator", "calendar", follow("/pengaturan/kalender", "tbody a")],
  ["administrator", "new calendar", visit("/pengaturan/kalender/baru")],
  ["administrator", "categories", visit("/pengaturan/kategori")],
  ["administrator", "category", follow("/pengaturan/kategori", "tbody a")],
  ["administrator", "new category", visit("/pengaturan/kategori/baru")],
  ["administrator", "law", visit("/pengaturan/aturan")],
  ["administrator", "erasure of personal data", visit("/pengaturan/penghapusan")],
  ["administrator", "law of a kind", follow("/pengaturan/aturan", "tbody a")],
  ["administrator", "agencies", visit("/pengaturan/naungan")],
  ["administrator", "new agency", visit("/pengaturan/naungan/baru")],
  ["administrator", "tokens", visit("/pengaturan/token")],
  ["agent", "desk cut off", cutOff],
  ["agent", "letter to a third party", (page) => deskCase(page, "/pihak-lain")],
  ["agent", "letter to a third party, checked", asked],
  ["agent", "third parties", visit("/pihak-lain")],
  ["agent", "a letter to register", (page) => deskCase(page, "/kontak")],
  ["agent", "talks", visit("/percakapan")],
  ["agent", "a talk", follow("/percakapan?rak=terbuka", ".pane-list .case-link")],
  ["agent", "a talk to be noted", follow("/percakapan?rak=dicatat", ".pane-list .case-link")],
  ["agent", "a talk that is over", follow("/percakapan?rak=selesai", ".pane-list .case-link")],
  ["agent", "a case from a talk", fromTalk],
  ["agent", "a talk whose time is over", talkWith("#templat-dipilih")],
  ["supervisor", "a talk that is watched", talkWith(".watching")],
  ["agent", "what waits to be taken", visit("/antrean/ambil")],
  ["agent", "one's follow-ups", visit("/tindak-lanjut")],
  ["agent", "a follow-up date", toFollowUp],
  ["supervisor", "queues now", visit("/antrean")],
  ["supervisor", "screens on walls", visit("/antrean/papan")],
  ["supervisor", "one's presence", visit("/kehadiran")],
  ["administrator", "queues and skills", visit("/antrean/atur")],
  ["administrator", "accounts of channels", visit("/pengaturan/kanal")],
  ["administrator", "a new mailbox", visit("/pengaturan/kanal/surel/baru")],
  ["administrator", "a new SMS account", visit("/pengaturan/kanal/sms/baru")],
  ["administrator", "an SMS account", follow("/pengaturan/kanal", "tbody a[href*='/sms/']")],
  ...["whatsapp", "telegram", "messenger", "instagram", "x"].map((kind) => [
    "administrator",
    `a new account at ${kind}`,
    visit(`/pengaturan/kanal/baru/${kind}`),
  ]),
  [
    "administrator",
    "an account at a messenger",
    follow("/pengaturan/kanal", "tbody a[href^='/pengaturan/kanal/']:not([href*='/sms/'])"),
  ],
  ["administrator", "chats", visit("/pengaturan/obrolan")],
  ["administrator", "a new chat", visit("/pengaturan/obrolan/baru")],
  ["administrator", "a new queue", visit("/antrean/atur/baru")],
  ["administrator", "a queue", follow("/antrean/atur", "ul.stack a[href^='/antrean/atur/']")],
  ["administrator", "sending", visit("/pengaturan/kiriman")],
  ["administrator", "failed messages", visit("/pengaturan/kiriman?saluran=email&keadaan=failed")],
  ["administrator", "rules of a channel", visit("/pengaturan/kiriman/aturan/sms")],
  ["administrator", "addresses not written to", visit("/pengaturan/kiriman/alamat")],
  ["administrator", "jobs", visit("/pengaturan/pekerjaan")],
  ["administrator", "audit", visit("/audit")],
  ["inspector", "case to inspect", follow("/meja?antrean=terbuka", ".pane-list .case-link")],
  ["inspector", "audit of an inspector", visit("/audit")],
];

/** What axe finds, in a line each. */
async function faults(page, run) {
  const found = await page.evaluate(
    // Nothing that floats by for a moment, and the top of the page.
    async (run) => {
      for (const toast of document.querySelectorAll(".toast")) toast.remove();
      scrollTo(0, 0);
      const { violations } = await axe.run(document, {
        ...run,
        resultTypes: ["violations"],
      });
      return violations.map(({ id, impact, nodes }) => ({
        id,
        impact,
        nodes: nodes.map(({ html, any, all }) => {
          const told = [...any, ...all].map(({ message }) => message).join("; ");
          return `${html.slice(0, 160)} (${told.slice(0, 240)})`;
        }),
      }));
    },
    run,
  );
  return found.flatMap(({ id, impact, nodes }) => [
    `${id} (${impact}, ${nodes.length} times): ${nodes[0]}`,
  ]);
}

const names = new Set(keys().filter((key) => key.includes("-")));
const untranslated = (text) =>
  (text.match(/\b[a-z]+(?:-[a-z0-9]+)+\b/g) ?? []).filter((word) => names.has(word));

const sideways = (page) =>
  page.evaluate(() => {
    const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    if (wide <= 0) return "";
    const over = [...document.querySelectorAll("body *")].filter(
      (e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1,
    );
    const which = over.slice(0, 3).map((e) => e.outerHTML.slice(0, 100));
    return `${wide} px too wide: ${which.join(" | ")}`;
  });

/** Looks at one page in one language at both widths, light and dark. */
async function look(who, locale, go) {
  const people = await context(who, locale);
  const page = await people.newPage();
  const problems = [];
  try {
    await page.setViewportSize(PHONE);
    await go(page, locale);
    // What comes a moment after the page is part of it.
    const frame = page.locator("turbo-frame#kehadiran");
    if (await frame.count()) await frame.and(page.locator("[complete]")).waitFor();
    await page.evaluate(axe);
    await page.evaluate(() => {
      // Colours that are on their way from one theme to the other are nobody's choice.
      const still = new CSSStyleSheet();
      still.replaceSync("*, ::before, ::after { transition: none !important }");
      document.adoptedStyleSheets = [still];
    });
    const text = await page.evaluate(() => document.body.innerText);
    for (const key of untranslated(text)) problems.push(`text without translation: ${key}`);
    for (const viewport of [PHONE, DESK]) {
      await page.setViewportSize(viewport);
      const wide = await sideways(page);
      if (wide) problems.push(`${viewport.width}: ${wide}`);
      for (const theme of ["light", "dark"]) {
        await page.evaluate((theme) => {
          document.documentElement.dataset.theme = theme;
        }, theme);
        const rules =
          theme === "light"
            ? { type: "tag", values: RULES }
            : { type: "rule", values: COLOURS };
        for (const fault of await faults(page, { runOnly: rules })) {
          problems.push(`${viewport.width} ${theme}: ${fault}`);
        }
      }
    }
  } finally {
    await page.close();
  }
  return problems;
}

test("no page has a fault that axe finds", { concurrency: LANES }, async (suite) => {
  const wanted = process.env.ONLY;
  const chosen = PAGES.filter(([, name]) => !wanted || name.startsWith(wanted));
  await Promise.all(
    ["id", "en"].flatMap((locale) =>
      chosen.map(([who, name, go]) =>
        suite.test(`${name} (${locale})`, async () => {
          const problems = await look(who, locale, go);
          assert.deepEqual(problems, []);
        }),
      ),
    ),
  );
});

/** Bytes of a first visit, as they come over the wire. */
async function weight(path) {
  const context = await person(browser, url, { viewport: PHONE });
  const page = await context.newPage();
  const client = await context.newCDPSession(page);
  let bytes = 0;
  await client.send("Network.enable");
  client.on("Network.loadingFinished", ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  await page.goto(path, { waitUntil: "networkidle" });
  await context.close();
  return bytes;
}

test("a citizen's first view is light, whichever it is", async () => {
  const form = "/lapor?jenis=complaint&kategori=umum";
  for (const path of ["/", "/lapor?jenis=complaint", form, "/lacak"]) {
    const bytes = await weight(path);
    assert.ok(bytes > 1_000 && bytes < FIRST_VIEW_BYTES_MAX, `${path} weighs ${bytes} bytes`);
  }
});

test("other pages are light enough", async () => {
  for (const path of ["/masuk", "/tenggat", "/pengelola", "/api/docs"]) {
    const bytes = await weight(path);
    assert.ok(bytes < PAGE_BYTES_MAX, `${path} weighs ${bytes} bytes`);
  }
});
