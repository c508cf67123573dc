// What every journey stands on: a node of Tanggap, a browser, the words of the catalogues.
//
// A node runs on a free port with a folder of its own that goes away with it. Tests never sleep:
// they wait for what a person would see.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const HERE = dirname(fileURLToPath(import.meta.url));
export const ROOT = join(HERE, "../..");

/** How long anything may take that a person waits for, on a busy machine. */
export const PATIENCE_MS = 20_000;
/** How long a demo may take to be replayed by a build without optimisation. */
const START_MS_MAX = 240_000;

const bin =
  process.env.TANGGAP_BIN ??
  join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "debug/tanggap");

const freePort = () =>
  new Promise((found, failed) => {
    const server = createServer();
    server.once("error", failed);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });

/**
 * Starts `tanggap serve` or `tanggap demo` on a free port; `stop()` ends it and its folder. `env`
 * says how else it is configured.
 */
export async function start(command, env = {}) {
  const port = await freePort();
  const data = mkdtempSync(join(tmpdir(), `tanggap-e2e-${command}-`));
  const address = `127.0.0.1:${port}`;
  const child = spawn(bin, [command, "--data", data, "--listen", address], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, TANGGAP_LOG_LEVEL: "warn", TANGGAP_LISTEN: "", ...env },
  });
  let told = "";
  child.stderr.on("data", (chunk) => {
    told = (told + chunk).slice(-20_000);
  });
  const ended = new Promise((resolve) => {
    child.once("exit", resolve);
    child.once("error", (error) => {
      told += `${bin}: ${error.message}`;
      resolve();
    });
  });
  const stop = async () => {
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(late);
    rmSync(data, { recursive: true, force: true });
  };
  // `localhost` is a secure context, as an agency's own address with TLS is.
  return { url: `http://localhost:${port}`, data, bin, stop, told: () => told };
}

/** Waits until a node takes requests. */
export async function ready(url) {
  const until = Date.now() + START_MS_MAX;
  while (Date.now() < until) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok) return url;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${url} is not ready after ${START_MS_MAX / 1000} s`);
}

/**
 * Chapters of one story: after the first that fails, the others would only repeat it. What the
 * browser showed then is left in the folder `shots`.
 */
export function chapters(browser) {
  let failed = "";
  return (name, tell) =>
    test(name, async (context) => {
      if (failed) return context.skip(`after "${failed}"`);
      try {
        await tell();
      } catch (error) {
        failed = name;
        await keepSight(browser(), name);
        throw error;
      }
    });
}

async function keepSight(browser, name) {
  const folder = join(HERE, "shots");
  mkdirSync(folder, { recursive: true });
  const pages = browser?.contexts().flatMap((context) => context.pages()) ?? [];
  for (const [index, page] of pages.entries()) {
    const file = `failed-${name.replace(/\W+/g, "-")}-${index}.png`;
    await page.screenshot({ path: join(folder, file), fullPage: true }).catch(() => {});
    console.error(`${file}: ${page.url()}`);
  }
}

/** Debian's Chromium, which looks nothing up in the network. */
export const browse = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });

export const PHONE = { width: 360, height: 740 };
export const DESK = { width: 1440, height: 900 };

/** A context of its own: another person at another device. */
export async function person(browser, url, options = {}) {
  const context = await browser.newContext({
    baseURL: url,
    viewport: DESK,
    locale: "id-ID",
    timezoneId: "Asia/Jakarta",
    reducedMotion: "reduce",
    ...options,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  context.setDefaultNavigationTimeout(PATIENCE_MS);
  return context;
}

/** Cookies that set language and theme. */
export const prefers = (url, locale, theme = "light") =>
  Object.entries({ locale, theme }).map(([name, value]) => ({ name, value, url }));

/** Signs in at the demo as the first person of a role. */
export async function signInAtDemo(context, role) {
  const page = await context.newPage();
  await page.goto("/masuk");
  const card = page.locator("section.card").filter({
    has: page.getByRole("heading", { name: t(`org-role-${role}`), exact: true }),
  });
  await Promise.all([
    page.waitForURL((url) => url.pathname !== "/masuk"),
    card.locator("button[name=who]").first().click(),
  ]);
  return page;
}

/** Signs in with address and password. */
export async function signIn(context, email, password) {
  const page = await context.newPage();
  await page.goto("/masuk");
  await page.fill("[name=email]", email);
  await page.fill("[name=password]", password);
  await page.getByRole("button", { name: t("org-sign-in-do") }).click();
  await page.waitForURL((url) => url.pathname !== "/masuk");
  return page;
}

const PASSWORD = "rumput hijau di tepi sawah";

/**
 * Sets an agency up at an empty node, by its pages: gives the administrator's page as `admin`, and
 * for each `[role, name]` the page of that person, signed in, by the role.
 */
export async function openAgency(browser, url, people) {
  const admin = await (await person(browser, url)).newPage();
  const own = async (page, field, key) => {
    await page.fill(`[name=${field}]`, PASSWORD);
    await page.fill("[name=password_again]", PASSWORD);
    await page.getByRole("button", { name: t(key), exact: true }).click();
  };
  await admin.goto("/mulai");
  await admin.fill("[name=name]", "Pemerintah Kabupaten Lembah Jati");
  await admin.fill("[name=user_name]", "Wira Admin");
  await admin.fill("[name=user_email]", "admin@lembahjati.example");
  await own(admin, "password", "org-setup-do");
  await admin.waitForURL("**/pengaturan");
  const pages = { admin };
  for (const [role, name] of people) {
    const email = `${role}@lembahjati.example`;
    await admin.goto("/pengaturan/orang/baru");
    await admin.fill("[name=name]", name);
    await admin.fill("[name=email]", email);
    await admin.check(`[name=roles][value=${role}]`);
    await admin.getByRole("button", { name: t("org-person-new"), exact: true }).click();
    const once = (await admin.locator("dd .code").innerText()).trim();
    const page = await signIn(await person(browser, url), email, once);
    await own(page, "password_new", "org-first-password-do");
    await page.waitForURL((place) => place.pathname !== "/akun/sandi");
    pages[role] = page;
  }
  return pages;
}

/** Opens a chat that is answered at any hour. */
export async function openChat(admin) {
  await admin.goto("/pengaturan/obrolan/baru");
  await admin.fill("[name=name]", "Situs Lembah Jati");
  await admin.check("[name=hours][value=always]");
  await admin.getByRole("button", { name: t("ui-save"), exact: true }).click();
  await admin.locator("#tag").waitFor();
}

const catalogues = new Map();

function catalogue(locale) {
  const folder = join(ROOT, "locales", locale);
  const texts = new Map();
  for (const file of readdirSync(folder)) {
    let key = "";
    for (const line of readFileSync(join(folder, file), "utf8").split("\n")) {
      const [, name, text] = line.match(/^([a-z][\w-]*) =\s*(.*)$/) ?? [];
      const [, part, more] = line.match(/^ {4}\.([\w-]+) =\s*(.*)$/) ?? [];
      if (name) texts.set((key = name), text);
      else if (part) texts.set(`${key}.${part}`, more);
    }
  }
  return texts;
}

/** A text of the catalogues, as people read it. */
export function t(key, values = {}, locale = "id") {
  if (!catalogues.has(locale)) catalogues.set(locale, catalogue(locale));
  const text = catalogues.get(locale).get(key);
  if (text === undefined) throw new Error(`no text ${key} in locales/${locale}`);
  return text.replace(/\{ \$(\w+) \}/g, (_, name) => values[name] ?? "");
}

/** All keys of the catalogues, to find those that stand on a page untranslated. */
export function keys() {
  t("ui-save");
  return [...catalogues.get("id").keys()];
}

/** A photo as a telephone takes it: a JPEG with the place and the telephone in its EXIF. */
export async function photo(page) {
  const base64 = await page.evaluate(() => {
    const canvas = document.createElement("canvas");
    canvas.width = 640;
    canvas.height = 480;
    const draw = canvas.getContext("2d");
    draw.fillStyle = "#7b8794";
    draw.fillRect(0, 0, 640, 480);
    draw.fillStyle = "#2b2f36";
    draw.beginPath();
    draw.ellipse(320, 300, 190, 90, 0.2, 0, 7);
    draw.fill();
    return canvas.toDataURL("image/jpeg", 0.8).split(",")[1];
  });
  const jpeg = Buffer.from(base64, "base64");
  return Buffer.concat([jpeg.subarray(0, 2), exif(), jpeg.subarray(2)]);
}

export const CAMERA = "Telepon Saya";

/** An APP1 segment with the camera's make and the latitude. */
function exif() {
  const make = Buffer.from(`${CAMERA}\0`);
  const tiff = Buffer.alloc(8 + 2 + 24 + 4);
  tiff.write("MM\0*", 0, "latin1");
  tiff.writeUInt32BE(8, 4);
  tiff.writeUInt16BE(2, 8);
  tiff.writeUInt16BE(0x010f, 10); // Make
  tiff.writeUInt16BE(2, 12);
  tiff.writeUInt32BE(make.length, 14);
  tiff.writeUInt32BE(tiff.length, 18);
  const gps = tiff.length + make.length + (make.length % 2);
  tiff.writeUInt16BE(0x8825, 22); // GPS
  tiff.writeUInt16BE(4, 24);
  tiff.writeUInt32BE(1, 26);
  tiff.writeUInt32BE(gps, 30);
  const place = Buffer.alloc(2 + 24 + 4 + 24);
  place.writeUInt16BE(2, 0);
  place.writeUInt16BE(1, 2); // LatitudeRef
  place.writeUInt16BE(2, 4);
  place.writeUInt32BE(2, 6);
  place.write("S\0", 10, "latin1");
  place.writeUInt16BE(2, 14); // Latitude
  place.writeUInt16BE(5, 16);
  place.writeUInt32BE(3, 18);
  place.writeUInt32BE(gps + 30, 22);
  for (const [at, value] of [7, 1, 47, 1, 44, 1].entries()) place.writeUInt32BE(value, 30 + at * 4);
  const body = Buffer.concat([tiff, make, Buffer.alloc(make.length % 2), place]);
  const head = Buffer.from([0xff, 0xe1, 0, 0, ...Buffer.from("Exif\0\0")]);
  head.writeUInt16BE(2 + 6 + body.length, 2);
  return Buffer.concat([head, body]);
}
