// Pictures of the screens: `node shots.mjs [FOLDER]` (default: shots), from the demo, on a phone
// and on a desk, light and dark; with `--english` in English; with `--readme` also the four of the
// README, in colours reduced by pngquant where that is installed. ONLY=home,form takes those only.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  browse,
  DESK,
  PHONE,
  person,
  prefers,
  ROOT,
  ready,
  signInAtDemo,
  start,
  t,
} from "./house.mjs";

const args = process.argv.slice(2);
const folder = args.find((arg) => !arg.startsWith("--")) ?? "shots";
const readme = args.includes("--readme");
const locale = args.includes("--english") ? "en" : "id";
/** The PIN of every case of the demo. */
const PIN = "135790";
mkdirSync(folder, { recursive: true });

const running = process.env.TANGGAP_DEMO;
const demo = running ? { url: running, stop: () => {} } : await start("demo");
const { url } = demo;
await ready(url);
const browser = await browse();
const told = {};

const open = (path) => (page) => page.goto(path);
const follow = (path, selector, nth = 0, more = "") => async (page) => {
  await page.goto(path);
  await page.goto((await page.locator(selector).nth(nth).getAttribute("href")) + more);
};

const say = (key) => t(key, {}, locale);

async function errors(page) {
  await page.goto("/lapor?jenis=complaint&kategori=umum");
  await page.fill("[name=email]", "bukan-surel");
  await page.fill("[name=phone]", "123");
  await page.fill("[name=region_q]", "Sukamaju");
  await page.getByRole("button", { name: say("portal-check"), exact: true }).last().click();
  await page.locator(".error").first().waitFor();
}

async function suggestions(page) {
  await page.goto("/lapor?jenis=complaint&kategori=umum");
  await page.locator("[name=region_q]").pressSequentially("sukamaju");
  await page.locator("#wilayah li").first().waitFor();
  await page.keyboard.press("ArrowDown");
}

async function wrongPin(page) {
  await page.goto("/lacak");
  await page.fill("[name=kode]", "TGP-222-222-222");
  await page.getByRole("button", { name: say("portal-track-open"), exact: true }).click();
  await page.locator(".error").first().waitFor();
}

/** The citizen's page of a case of the demo that lies in a queue of the desk. */
const followed = (queue, nth = 0) => async (page) => {
  const desk = await (await context("agent")).newPage();
  await desk.goto(`/meja?antrean=${queue}`);
  const href = await desk.locator(".pane-list .case-link").nth(nth).getAttribute("href");
  await desk.close();
  await page.goto(`/lacak?kode=${href.split("/").pop()}`);
  await page.fill("[name=pin]", PIN);
  await page.getByRole("button", { name: say("portal-track-open"), exact: true }).click();
  await page.locator("#keadaan").waitFor();
};

async function refusedMove(page) {
  await followed("dijawab")(page);
  await page.locator("#tindakan details summary").first().click();
  await page.evaluate(() => {
    for (const form of document.querySelectorAll("#tindakan form")) form.noValidate = true;
  });
  await page.getByRole("button", { name: say("portal-do-reopen-send"), exact: true }).click();
  await page.locator(".error").first().waitFor();
}

async function report(page) {
  await page.goto("/lapor?jenis=complaint&kategori=umum");
  await page.fill("[name=subject]", "Lampu jalan di depan pasar padam");
  await page.fill(
    "[name=description]",
    "Sudah tiga malam lampu di depan Pasar Lama padam. Pedagang pulang dalam gelap.",
  );
  await page.fill("[name=place]", "Depan Pasar Lama");
  await page.fill("[name=name]", "Dewi Anggraini");
  await page.getByRole("button", { name: say("portal-check"), exact: true }).last().click();
  await page.getByRole("heading", { name: say("portal-preview"), exact: true }).waitFor();
}

async function receipt(page) {
  await report(page);
  await page.getByRole("button", { name: say("portal-send"), exact: true }).click();
  await page.waitForURL("**/lapor/terima");
  told.code ??= (await page.locator(".receipt-code").first().innerText()).replace(/\s/g, "");
}

/** The letter to somebody outside about a case of the demo. */
async function asking(page) {
  await page.goto("/meja?antrean=terbuka");
  const href = await page.locator(".pane-list .case-link").nth(2).getAttribute("href");
  await page.goto(`${href}/pihak-lain`);
}

async function askedWrongly(page) {
  await asking(page);
  await page.fill("[name=address]", "bukan-surel");
  await page.locator("button[value=lihat]").click();
  await page.locator(".error").first().waitFor();
}

async function checked(page) {
  await asking(page);
  await page.fill("[name=name]", "PT Aspal Jaya");
  await page.fill("[name=address]", `proyek${Date.now()}@aspal.example`);
  await page.fill("[name=subject]", "Perbaikan jalan");
  await page.fill("[name=text]", "Mohon keterangan kapan pekerjaan ini selesai.");
  await page.locator("[name=messages]").first().check();
  await page.locator("button[value=lihat]").click();
  await page.locator("button[value=kirim]").waitFor();
}

async function asked(page) {
  await checked(page);
  await page.locator("button[value=kirim]").click();
  await page.waitForURL(/pihak-lain\/\w+$/);
}

async function parcel(page) {
  if (!told.code) await receipt(page);
  await page.goto(`/lacak/${told.code}`);
}

const COUNTED =
  "/tenggat?from=2026-03-13T09%3A00&limit=10&unit=working_day" +
  "&calendar=government&zone=Asia%2FJakarta";

const admin = (name, path) => [name, "administrator", open(`/pengaturan/${path}`)];

const SCREENS = [
  ["home", "citizen", open("/")],
  ["search", "citizen", open("/cari?q=jalan")],
  ["search-none", "citizen", open("/cari?q=zzzzqq")],
  ["choose", "citizen", open("/lapor?jenis=complaint")],
  ["form", "citizen", open("/lapor?jenis=complaint&kategori=umum")],
  ["form-errors", "citizen", errors],
  ["form-regions", "citizen", suggestions],
  ["preview", "citizen", report],
  ["receipt", "citizen", receipt],
  ["receipt-gone", "stranger", open("/lapor/terima")],
  ["track", "citizen", open("/lacak")],
  ["track-errors", "citizen", wrongPin],
  ["tracking", "citizen", parcel],
  ["tracking-answered", "citizen", followed("dijawab")],
  ["tracking-refused", "citizen", refusedMove],
  ["tracking-late", "citizen", followed("lewat")],
  ["tracking-incomplete", "citizen", followed("kelengkapan")],
  ["tracking-ended", "citizen", followed("selesai")],
  ["why", "citizen", async (page) => {
    await parcel(page);
    await page.goto(await page.locator("#tenggat a").first().getAttribute("href"));
  }],
  ["calculator", "citizen", open(COUNTED)],
  ["managers", "citizen", open("/pengelola")],
  ["help", "citizen", open("/bantuan")],
  ["sign-in", "citizen", open("/masuk")],
  ["api", "citizen", open("/api/docs")],
  ["missing", "citizen", open("/tidak-ada")],
  ["desk", "agent", open("/meja?antrean=terbuka")],
  ["desk-none", "agent", open("/meja?q=zzzzqq")],
  ["case", "agent", follow("/meja?antrean=unit", ".pane-list .case-link")],
  ["case-answered", "agent", follow("/meja?antrean=dijawab", ".pane-list .case-link", 1)],
  ["case-forward", "agent", async (page) => {
    await follow("/meja?antrean=teruskan", ".pane-list .case-link")(page);
    await page.goto(`${page.url()}?langkah=forward`);
  }],
  ["case-printed", "agent", async (page) => {
    await follow("/meja?antrean=dijawab", ".pane-list .case-link", 1)(page);
    await page.goto(`${page.url()}/cetak`);
  }],
  ["term", "agent", async (page) => {
    await follow("/meja?antrean=terbuka", ".pane-list .case-link", 5)(page);
    await page.goto(`${page.url()}/tenggat`);
  }],
  ["person", "agent", async (page) => {
    await follow("/meja?antrean=unit", ".pane-list .case-link", 3)(page);
    const link = page.locator(".pane-aside a[href*='/meja/warga/']");
    await page.goto(await link.first().getAttribute("href"));
  }],
  ["counter", "agent", open("/meja/baru")],
  ["account", "agent", open("/akun")],
  ["not-allowed", "agent", open("/pengaturan")],
  ["unit", "unit-officer", open("/unit")],
  ["board", "supervisor", open("/penyelia")],
  ["talks", "agent", open("/percakapan")],
  ["talk", "agent", follow("/percakapan?rak=terbuka", ".pane-list .case-link")],
  ["talk-note", "agent", follow("/percakapan?rak=dicatat", ".pane-list .case-link")],
  ["talk-over", "agent", follow("/percakapan?rak=selesai", ".pane-list .case-link", 1)],
  ["pick", "agent", open("/antrean/ambil")],
  ["follow-ups", "agent", open("/tindak-lanjut")],
  ["inquiry", "agent", asking],
  ["inquiry-refused", "agent", askedWrongly],
  ["inquiry-check", "agent", (page) => checked(page)],
  ["inquiry-thread", "agent", asked],
  ["inquiries", "agent", open("/pihak-lain")],
  ["paper", "agent", follow("/meja?antrean=terbuka", ".pane-list .case-link", 2, "/kontak")],
  ["duty", "agent", open("/kehadiran")],
  ["queues", "supervisor", open("/antrean")],
  ["walls", "supervisor", open("/antrean/papan")],
  ["settings", "administrator", open("/pengaturan")],
  admin("agency", "instansi"),
  admin("units", "unit"),
  admin("unit-new", "unit/baru"),
  admin("people", "orang"),
  admin("person-new", "orang/baru"),
  admin("calendars", "kalender"),
  ["calendar", "administrator", follow("/pengaturan/kalender", "tbody a")],
  admin("categories", "kategori"),
  ["category", "administrator", follow("/pengaturan/kategori", "tbody a")],
  admin("law", "aturan"),
  ["law-kind", "administrator", follow("/pengaturan/aturan", "tbody a")],
  admin("tokens", "token"),
  admin("jobs", "pekerjaan"),
  ["audit", "administrator", open("/audit")],
  ["inspector", "inspector", follow("/meja?antrean=terbuka", ".pane-list .case-link", 2)],
  ["inspector-audit", "inspector", open("/audit")],
];
/** Where the README shows which screen: width, theme. */
const README = {
  "home-360-light": "home.png",
  "tracking-360-light": "tracking.png",
  "case-1440-light": "desk.png",
  "board-1440-light": "board.png",
};

const people = new Map();
async function context(who) {
  if (!people.has(who)) {
    const context = await person(browser, url);
    if (!["citizen", "stranger"].includes(who)) await (await signInAtDemo(context, who)).close();
    people.set(who, context);
  }
  return people.get(who);
}

const wanted = process.env.ONLY?.split(",");
for (const [name, who, go] of SCREENS) {
  if (wanted && !wanted.includes(name)) continue;
  const one = await context(who);
  const page = await one.newPage();
  // The words of a form are found in the reader's language.
  await one.addCookies(prefers(url, locale));
  for (const [width, viewport] of Object.entries({ 360: PHONE, 1440: DESK })) {
    await page.setViewportSize(viewport);
    for (const theme of ["light", "dark"]) {
      if (theme === "light") await go(page);
      await page.waitForLoadState();
      await page.evaluate((theme) => {
        document.documentElement.dataset.theme = theme;
      }, theme);
      const file = `${name}-${width}-${theme}`;
      const path = join(folder, `${file}.png`);
      await page.screenshot({ path, fullPage: !readme });
      if (readme && README[file]) shrink(path, README[file]);
    }
  }
  await page.close();
}
await browser.close();
await demo.stop();

function shrink(path, name) {
  const images = join(ROOT, "docs/images");
  mkdirSync(images, { recursive: true });
  const target = join(images, name);
  try {
    execFileSync("pngquant", ["--force", "--speed", "1", "--output", target, "64", path]);
  } catch {
    copyFileSync(path, target);
  }
}
