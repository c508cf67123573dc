// Pictures of the main screens: `node shots.mjs [FOLDER]` (default: shots), from the demo, on a
// phone and on a desk, light and dark; with `--readme` also the four of the README, in colours
// reduced by pngquant where that is installed.
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
mkdirSync(folder, { recursive: true });

const running = process.env.TANGGAP_DEMO;
const demo = running ? { url: running, stop: () => {} } : await start("demo");
const { url } = demo;
await ready(url);
const browser = await browse();
const told = {};

const open = (path) => (page) => page.goto(path);
const follow = (path, selector, nth = 0) => async (page) => {
  await page.goto(path);
  await page.goto(await page.locator(selector).nth(nth).getAttribute("href"));
};

async function report(page) {
  await page.goto("/lapor?jenis=complaint&kategori=umum");
  await page.fill("[name=subject]", "Lampu jalan di depan pasar padam");
  await page.fill(
    "[name=description]",
    "Sudah tiga malam lampu di depan Pasar Lama padam. Pedagang pulang dalam gelap.",
  );
  await page.fill("[name=place]", "Depan Pasar Lama");
  await page.fill("[name=name]", "Dewi Anggraini");
  await page.getByRole("button", { name: t("portal-check"), exact: true }).last().click();
  await page.getByRole("heading", { name: t("portal-preview"), exact: true }).waitFor();
}

async function receipt(page) {
  await report(page);
  await page.getByRole("button", { name: t("portal-send"), exact: true }).click();
  await page.waitForURL("**/lapor/terima");
  told.code ??= (await page.locator(".receipt-code").first().innerText()).replace(/\s/g, "");
}

async function parcel(page) {
  if (!told.code) await receipt(page);
  await page.goto(`/lacak/${told.code}`);
}

const COUNTED =
  "/tenggat?from=2026-03-13T09%3A00&limit=10&unit=working_day" +
  "&calendar=government&zone=Asia%2FJakarta";

const SCREENS = [
  ["home", "citizen", open("/")],
  ["search", "citizen", open("/cari?q=jalan")],
  ["choose", "citizen", open("/lapor?jenis=complaint")],
  ["form", "citizen", open("/lapor?jenis=complaint&kategori=umum")],
  ["preview", "citizen", report],
  ["receipt", "citizen", receipt],
  ["tracking", "citizen", parcel],
  ["calculator", "citizen", open(COUNTED)],
  ["managers", "citizen", open("/pengelola")],
  ["sign-in", "citizen", open("/masuk")],
  ["api", "citizen", open("/api/docs")],
  ["missing", "citizen", open("/tidak-ada")],
  ["desk", "agent", open("/meja?antrean=terbuka")],
  ["case", "agent", follow("/meja?antrean=unit", ".pane-list .case-link", 3)],
  ["case-forward", "agent", async (page) => {
    await follow("/meja?antrean=teruskan", ".pane-list .case-link")(page);
    await page.goto(`${page.url()}?langkah=forward`);
  }],
  ["term", "agent", async (page) => {
    await follow("/meja?antrean=terbuka", ".pane-list .case-link", 5)(page);
    await page.goto(`${page.url()}/tenggat`);
  }],
  ["counter", "agent", open("/meja/baru")],
  ["account", "agent", open("/akun")],
  ["unit", "unit-officer", open("/unit")],
  ["board", "supervisor", open("/penyelia")],
  ["settings", "administrator", open("/pengaturan")],
  ["units", "administrator", open("/pengaturan/unit")],
  ["people", "administrator", open("/pengaturan/orang")],
  ["calendar", "administrator", follow("/pengaturan/kalender", "tbody a")],
  ["category", "administrator", follow("/pengaturan/kategori", "tbody a")],
  ["audit", "administrator", open("/audit")],
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
    if (who !== "citizen") await (await signInAtDemo(context, who)).close();
    people.set(who, context);
  }
  return people.get(who);
}

const wanted = process.env.ONLY?.split(",");
for (const [name, who, go] of SCREENS) {
  if (wanted && !wanted.includes(name)) continue;
  const one = await context(who);
  const page = await one.newPage();
  for (const [width, viewport] of Object.entries({ 360: PHONE, 1440: DESK })) {
    await page.setViewportSize(viewport);
    for (const theme of ["light", "dark"]) {
      await one.addCookies(prefers(url, "id", theme));
      if (theme === "light") await go(page);
      else await page.reload();
      await page.waitForLoadState();
      const file = `${name}-${width}-${theme}`;
      const path = join(folder, `${file}.png`);
      await page.screenshot({ path, fullPage: who === "citizen" && !readme });
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
