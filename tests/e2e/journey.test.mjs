// The whole story in a real browser: an agency is set up without touching a file, a citizen
// reports with a photo, agents, two units and a supervisor handle it, and the citizen's page,
// open on another device, changes by itself at each step.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import {
  browse,
  CAMERA,
  chapters,
  DESK,
  PATIENCE_MS,
  PHONE,
  person,
  photo,
  ready,
  signIn,
  t,
} from "./house.mjs";

const url = process.env.TANGGAP_EMPTY;
const AGENCY = "Pemerintah Kabupaten Lembah Jati";
const ROADS = { name: "Dinas Pekerjaan Umum", code: "PU" };
const LIGHTS = { name: "Dinas Perhubungan", code: "HUB" };
const SUBJECT = "Lampu jalan di depan pasar padam";
const PASSWORD = "rumput hijau di tepi sawah";

let browser;
const test = chapters(() => browser);
/** Passwords by address. */
const passwords = new Map();
/** What the receipt told. */
const told = {};
/** The citizen's page on another device, which nobody touches. */
let watch;
let agent;
let colleague;
let citizen;

before(async () => {
  browser = await browse();
  await ready(url);
});
after(() => browser?.close());

const button = (page, key) => page.getByRole("button", { name: t(key), exact: true });
const state = (page, status) =>
  page
    .locator(".state, .badge")
    .filter({ hasText: t(`ui-state-${status}`) })
    .first();

async function settingUp() {
  const context = await person(browser, url);
  const page = await context.newPage();
  await page.goto("/");
  await page.waitForURL("**/mulai");
  await page.fill("[name=name]", AGENCY);
  await page.fill("[name=user_name]", "Wira Admin");
  await page.fill("[name=user_email]", "admin@lembahjati.example");
  await page.fill("[name=password]", PASSWORD);
  await page.fill("[name=password_again]", PASSWORD);
  await button(page, "org-setup-do").click();
  await page.waitForURL("**/pengaturan");
  return page;
}

async function addUnit(page, unit) {
  await page.goto("/pengaturan/unit/baru");
  await page.fill("[name=name]", unit.name);
  await page.fill("[name=code]", unit.code);
  await page.fill("[name=agreed_days]", "5");
  await button(page, "ui-save").click();
  await page.waitForURL((place) => !place.pathname.endsWith("/baru"));
}

async function addPerson(page, name, email, role, unit) {
  await page.goto("/pengaturan/orang/baru");
  await page.fill("[name=name]", name);
  await page.fill("[name=email]", email);
  if (unit) await page.selectOption("[name=unit]", { label: unit.name });
  await page.check(`[name=roles][value=${role}]`);
  await button(page, "org-person-new").click();
  const secret = await page.locator("dd .code").innerText();
  passwords.set(email, secret.trim());
}

test("an administrator sets up an agency by its pages alone", async () => {
  const page = await settingUp();
  await page.goto("/pengaturan/instansi");
  await page.fill("[name=address]", "Jalan Merdeka 1, Lembah Jati");
  await page.fill("[name=manager_name]", "Ratna Dewi");
  await page.fill("[name=manager_position]", "Kepala Bagian Pengaduan");
  await button(page, "ui-save").click();
  await page.waitForLoadState();
  await addUnit(page, ROADS);
  await addUnit(page, LIGHTS);
  await addPerson(page, "Sari Agen", "sari@lembahjati.example", "agent");
  await addPerson(page, "Budi Agen", "budi@lembahjati.example", "agent");
  await addPerson(page, "Joko Jalan", "joko@lembahjati.example", "unit_officer", ROADS);
  await addPerson(page, "Lina Lampu", "lina@lembahjati.example", "unit_officer", LIGHTS);
  await addPerson(page, "Umi Penyelia", "umi@lembahjati.example", "supervisor");
  await page.goto("/pengaturan/kategori/baru");
  await page.fill("[name=name]", "Penerangan jalan");
  await page.fill("[name=hint]", "Lampu jalan padam atau rusak.");
  await page.fill("[name=position]", "10");
  const question = page.locator("[name$=_label]:visible");
  await question.fill("Nomor tiang lampu");
  await button(page, "ui-save").click();
  await page.waitForURL((place) => !place.pathname.endsWith("/baru"));
  await page.goto("/pengaturan/orang");
  assert.equal(await page.locator("tbody tr").count(), 6);
  await page.context().close();
});

test("a citizen reports with a photo and gets the receipt", async () => {
  const context = await person(browser, url, { viewport: PHONE });
  const page = await context.newPage();
  await page.goto("/");
  await page.getByRole("link", { name: t("portal-door-report") }).click();
  await page.getByRole("link", { name: "Penerangan jalan" }).click();
  await page.fill("[name=subject]", SUBJECT);
  await page.fill(
    "[name=description]",
    "Sudah tiga malam lampu di depan Pasar Lama padam. Hubungi 081234567890.",
  );
  await page.getByLabel("Nomor tiang lampu").fill("PJU-17");
  await page.fill("[name=place]", "Depan Pasar Lama");
  await page.fill("[name=name]", "Dewi Anggraini");
  await page.fill("[name=email]", "dewi@warga.example");
  await page.setInputFiles("[name=files]", {
    name: "lampu.jpg",
    mimeType: "image/jpeg",
    buffer: await photo(page),
  });
  await page.getByRole("button", { name: t("portal-check"), exact: true }).last().click();
  await page.getByRole("heading", { name: t("portal-preview") }).waitFor();
  const shown = await page.locator(".public").innerText();
  assert.doesNotMatch(shown, /081234567890/, "the public sees no telephone number");
  assert.doesNotMatch(shown, /Dewi/, "the public sees no name");
  await button(page, "portal-send").click();
  await page.waitForURL("**/lapor/terima");
  const secrets = await page.locator(".receipt-code").allInnerTexts();
  [told.code, told.pin] = secrets.map((secret) => secret.replace(/\s/g, ""));
  const receipt = await page.locator(".receipt").innerText();
  for (const part of [AGENCY, "Ratna Dewi", SUBJECT]) assert.ok(receipt.includes(part), part);
  assert.equal(await page.locator(".receipt .qr svg").count(), 1);
  const [pdf] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: t("portal-receipt-pdf") }).click(),
  ]);
  assert.ok((await pdf.path()) !== null);
  await context.close();
});

async function openBy(context, code, pin) {
  const page = await context.newPage();
  await page.goto("/lacak");
  await page.fill("[name=kode]", code);
  await page.fill("[name=pin]", pin);
  await button(page, "portal-track-open").click();
  return page;
}

test("with code and PIN the citizen follows it on another device", async () => {
  const stranger = await person(browser, url);
  const wrong = await openBy(stranger, told.code, told.pin === "000000" ? "000001" : "000000");
  await wrong.getByText(t("portal-invalid-pin")).first().waitFor();
  await wrong.goto(`/lacak/${told.code}`);
  assert.doesNotMatch(await wrong.content(), /Lampu jalan/, "a code alone shows nothing");
  await stranger.close();
  watch = await openBy(await person(browser, url, { viewport: PHONE }), told.code, told.pin);
  await watch.waitForURL(`**/lacak/${told.code}`);
  citizen = await openBy(await person(browser, url, { viewport: PHONE }), told.code, told.pin);
  await watch.getByRole("heading", { name: t("portal-now-received") }).first().waitFor();
  const image = watch.locator(".pictures a").first();
  const stored = await watch.request.get(await image.getAttribute("href"));
  const bytes = await stored.body();
  assert.equal(bytes.includes("Exif"), false, "EXIF is stripped");
  assert.equal(bytes.includes(CAMERA), false, "the telephone is not told");
  await watch.evaluate(() => {
    window.untouched = true;
  });
});

/** The citizen's page says so, by itself. */
async function sees(text) {
  await watch.locator("#keadaan").getByText(text).first().waitFor({ timeout: PATIENCE_MS });
  assert.equal(await watch.evaluate(() => window.untouched), true, "nobody reloaded the page");
}

/** A new page of somebody who signs in anew, at a device of their own. */
async function staff(email, options = {}) {
  const context = await person(browser, url, { viewport: DESK, ...options });
  const page = await signIn(context, email, passwords.get(email));
  if (new URL(page.url()).pathname === "/akun/sandi") {
    // The administrator's password was good for one sign-in.
    await page.fill("[name=password_new]", PASSWORD);
    await page.fill("[name=password_again]", PASSWORD);
    await button(page, "org-first-password-do").click();
    await page.waitForURL((place) => place.pathname !== "/akun/sandi");
    passwords.set(email, PASSWORD);
  }
  return page;
}

const row = (page) => page.locator(".case-row").filter({ hasText: SUBJECT });

/** Opens the case from the list of the desk. */
async function openFromList(page, queue) {
  await page.goto(`/meja?antrean=${queue}`);
  await row(page).getByRole("link").click();
  await page.getByRole("heading", { name: SUBJECT, level: 1 }).waitFor();
}

/** Opens the form of a step, among the buttons, the tabs or behind "more". */
async function step(page, name) {
  const link = page.locator(`.pane-case a[href$="langkah=${name}"]`).first();
  if (!(await link.isVisible())) await page.locator(".menu-steps summary").click();
  await link.click();
  await page.locator(`#langkah [name=step][value=${name}]`).waitFor({ state: "attached" });
}

const send = (page) => page.locator("#langkah .composer-foot button").click();

async function forwardTo(page, unit) {
  await step(page, "forward");
  const option = page.locator("#langkah [name=unit] option").filter({ hasText: unit.name });
  await page.selectOption("#langkah [name=unit]", await option.getAttribute("value"));
  await page.fill("#langkah [name=instruction]", "Mohon diperiksa malam ini.");
  await send(page);
}

test("an agent verifies; lists and the citizen's page change by themselves", async () => {
  colleague = await staff("budi@lembahjati.example");
  await colleague.goto("/meja?antrean=terbuka");
  await state(row(colleague), "received").waitFor();
  await colleague.evaluate(() => {
    window.untouched = true;
  });
  agent = await staff("sari@lembahjati.example");
  await openFromList(agent, "verifikasi");
  await agent.locator("button[name=step][value=verify]").click();
  await state(agent.locator(".case-head"), "verified").waitFor();
  await sees(t("portal-now-verified"));
  await state(row(colleague), "verified").waitFor();
  assert.equal(await colleague.evaluate(() => window.untouched), true);
});

test("two agents on one case see each other, and the later one is told", async () => {
  await row(colleague).getByRole("link").click();
  await colleague.getByRole("heading", { name: SUBJECT, level: 1 }).waitFor();
  await agent.locator(".presence").getByText("Budi Agen").waitFor();
  await step(colleague, "forward");
  await forwardTo(agent, ROADS);
  await state(agent.locator(".case-head"), "forwarded").waitFor();
  await sees(t("portal-now-forwarded", { unit: ROADS.name }));
});

test("a unit returns what is not its own, the agent forwards it to the right one", async () => {
  const officer = await staff("joko@lembahjati.example", { viewport: PHONE });
  await officer.goto("/unit");
  await officer.getByText(SUBJECT).first().waitFor();
  await officer.getByRole("link", { name: t("case-action-return"), exact: true }).click();
  await officer.fill("#langkah [name=reason]", "Lampu jalan dikelola Dinas Perhubungan.");
  await send(officer);
  await officer.waitForURL((place) => !place.pathname.startsWith("/meja/"));
  await sees(t("portal-now-verified"));
  const gone = await officer.request.get(`/meja/${told.code}`);
  assert.equal(gone.status(), 404, "who does not have the case does not see it");
  await officer.context().close();
  await agent.goto(`/meja/${told.code}`);
  await agent.getByText("Lampu jalan dikelola Dinas Perhubungan.").first().waitFor();
  await forwardTo(agent, LIGHTS);
  await sees(t("portal-now-forwarded", { unit: LIGHTS.name }));
});

let officer;

async function answer(page, text) {
  await page.goto(`/meja/${told.code}?langkah=answer`);
  await page.fill("#langkah [name=text]", text);
  await send(page);
  await state(page.locator(".case-head"), "answered").waitFor();
}

test("the right unit accepts and answers", async () => {
  officer = await staff("lina@lembahjati.example", { viewport: PHONE });
  await officer.goto("/unit");
  await officer.locator("button[name=step][value=accept]").click();
  await sees(t("portal-now-in-progress", { unit: LIGHTS.name }));
  await answer(officer, "Lampu sudah kami ganti tadi malam.");
  await sees(t("portal-now-answered"));
  await watch.locator("#pesan").getByText("Lampu sudah kami ganti tadi malam.").waitFor();
});

test("the citizen says that it is not solved, and it is answered again", async () => {
  await citizen.reload();
  const again = citizen.locator("details").filter({ has: citizen.locator("[name=belum]") });
  await again.locator("summary").click();
  await citizen.fill("[name=belum]", "Satu lampu masih padam.");
  await button(citizen, "portal-do-reopen-send").click();
  await watch.locator("#pesan").getByText("Satu lampu masih padam.").waitFor();
  await watch.locator("#perjalanan").getByText(t("portal-step-reopened")).waitFor();
  await agent.goto(`/meja/${told.code}`);
  await agent.getByText("Satu lampu masih padam.").first().waitFor();
  await answer(officer, "Lampu kedua sudah menyala, mohon diperiksa.");
  await sees(t("portal-now-answered"));
});

test("the citizen confirms and rates", async () => {
  await citizen.reload();
  await button(citizen, "portal-do-confirm").click();
  await sees(t("portal-ended-closed"));
  await citizen.locator("[name=rating][value='5']").check();
  await citizen.fill("[name=nilai]", "Terima kasih, cepat.");
  await button(citizen, "portal-do-rate-send").click();
  await sees(t("portal-rated", { rating: 5 }));
  await agent.goto(`/meja/${told.code}`);
  await state(agent.locator(".case-head"), "closed").waitFor();
});

async function registerAtCounter(page, subject) {
  await page.goto("/meja/baru");
  await page.fill("[name=description]", `${subject}. Warga datang sendiri ke loket.`);
  await page.fill("[name=subject]", subject);
  await page.fill("[name=name]", "Pak Amat");
  await button(page, "desk-register-send").click();
  await page.locator(".receipt-code").first().waitFor();
}

test("an agent registers reports at the counter, and each figure opens its list", async () => {
  await registerAtCounter(agent, "Antrean terlalu panjang");
  await registerAtCounter(agent, "Toilet pasar rusak");
  const supervisor = await staff("umi@lembahjati.example");
  await supervisor.goto("/penyelia");
  const hrefs = await supervisor
    .locator("main a.tile, main td a")
    .evaluateAll((links) =>
      links.map((link) => [
        link.getAttribute("href"),
        (link.querySelector(".tile-figure") ?? link).textContent.replace(/\D/g, ""),
      ]),
    );
  assert.ok(hrefs.length > 3, "the board has figures");
  assert.ok(
    hrefs.some(([, figure]) => figure === "2"),
    "two are open",
  );
  for (const [href, figure] of hrefs.filter(([href]) => href.startsWith("/meja?"))) {
    await supervisor.goto(href);
    const rows = await supervisor.locator(".case-row").count();
    assert.equal(String(rows), figure, `${href} holds as many as its figure says`);
  }
  await supervisor.context().close();
});
