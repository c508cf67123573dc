// The chat on a page of another origin with a strict content security policy: set up by the
// administrator, used by keyboard only, through reload, loss of network and a sandbox, in both
// languages, on a phone; nothing lost, nothing doubled, nothing that axe finds.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { after, before } from "node:test";
import { browse, chapters, DESK, PHONE, person, photo, prefers, ready, signInAtDemo, t } from "./house.mjs";

const url = process.env.TANGGAP_DEMO;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

let browser;
const test = chapters(() => browser);
/** The tag as the administrator copies it. */
let tag = "";
let account = "";
let hosts = [];
const problems = [];

/** A page of another origin: no script but ours, no style at all, nothing that turns text to code. */
function serveHost() {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://host");
    const node = new URL(url).origin;
    const policy =
      `default-src 'none'; script-src ${node}; frame-src ${node}; ` +
      "require-trusted-types-for 'script'; base-uri 'none'";
    const lang = pathname.startsWith("/en") ? "en" : "id";
    const frame = `${node}/obrolan/bingkai?akun=${account}&bahasa=id`;
    const bare = `<iframe title="Obrolan" width="380" height="560" sandbox="allow-scripts" src="${frame}"></iframe>`;
    response.writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy,
      "referrer-policy": "no-referrer",
    });
    response.end(
      `<!doctype html><html lang="${lang}"><head><title>Dinas</title>` +
        `<meta name="viewport" content="width=device-width"></head><body><main>` +
        `<h1>Dinas Kependudukan</h1><p><a href="/lain">Tautan</a></p>` +
        `${pathname === "/kotak" ? bare : ""}</main>${pathname === "/kotak" ? "" : tag}</body></html>`,
    );
  });
  return new Promise((listening) =>
    server.listen(0, "127.0.0.1", () =>
      listening({ server, url: `http://127.0.0.1:${server.address().port}` }),
    ),
  );
}

before(async () => {
  browser = await browse();
  hosts = [await serveHost(), await serveHost()];
  await ready(url);
});
after(async () => {
  for (const { server } of hosts) server.close();
  await browser?.close();
});

async function visitor(options = {}, at = 0) {
  const context = await person(browser, hosts[at].url, options);
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error" && /Content Security|TrustedScript|refused/i.test(message.text())) {
      problems.push(message.text());
    }
  });
  return page;
}

/** The widget's frame, once it is drawn. */
async function chat(page) {
  await page.locator("iframe").waitFor({ state: "attached" });
  const frame = page.frameLocator("iframe");
  await frame.locator("textarea#chat-text").waitFor();
  return frame;
}

const said = (frame) => frame.locator(".log:not(.waiting) .words");
const w = (key, locale) => t(`chat-w-${key}`, {}, locale);

async function check(page, what) {
  for (const frame of page.frames()) {
    await frame.evaluate(axe);
    const found = await frame.evaluate(async (tags) => {
      const { violations } = await axe.run(document, {
        runOnly: tags,
        resultTypes: ["violations"],
        iframes: false,
      });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.target).join(" ")}`);
    }, RULES);
    assert.deepEqual(found, [], `${what}: ${frame.url()}`);
  }
}

test("the administrator sets the chat up and copies the tag", async () => {
  const context = await person(browser, url);
  const page = await signInAtDemo(context, "administrator");
  await page.goto("/pengaturan/obrolan/baru");
  await page.fill("[name=name]", "Situs dinas");
  await page.fill("[name=origins]", "bukan alamat");
  await page.check("[name=hours][value=always]");
  await page.getByRole("button", { name: t("ui-save"), exact: true }).click();
  await page.locator(".error").first().waitFor();
  await page.fill("[name=origins]", hosts[0].url);
  await page.getByRole("button", { name: t("ui-save"), exact: true }).click();
  await page.locator("#tag").waitFor();
  const copied = await page.inputValue("#tag");
  account = copied.match(/data-akun="(\w+)"/)[1];
  tag = copied.replace(/src="[^"]*?\/i\//, `src="${new URL(url).origin}/i/`);
  await context.close();
});

test("by keyboard: open, write, send, close; the page around is left alone", async () => {
  const page = await visitor();
  await page.goto("/");
  const button = page.getByRole("button", { name: w("open"), exact: true });
  await button.waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  const frame = await chat(page);
  await frame.locator("textarea#chat-text").evaluate((field) => document.activeElement === field);
  await page.keyboard.type("Syarat mengurus KTP hilang?");
  await page.keyboard.press("Enter");
  await said(frame).filter({ hasText: "Syarat mengurus KTP hilang?" }).waitFor();
  await frame.locator(".fate", { hasText: w("sent") }).waitFor();
  // Emoji by arrows, Escape goes back to the text.
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await page.keyboard.type(" Terima kasih");
  await page.keyboard.press("Enter");
  await said(frame).filter({ hasText: "😊 Terima kasih" }).waitFor();
  await check(page, "open");
  await page.keyboard.press("Escape");
  await page.locator("[role=dialog]").waitFor({ state: "hidden" });
  const focused = await button.evaluate((b) => b.getRootNode().activeElement === b);
  assert.ok(focused, "the focus is back on the button");
  assert.deepEqual(problems, []);

  await page.reload();
  await button.waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  const again = await chat(page);
  await said(again).nth(1).waitFor();
  assert.equal(await said(again).count(), 2, "what was said is there after a reload, once");
  await page.context().close();
});

test("without a network what is written waits, says so, and goes out once", async () => {
  const page = await visitor();
  await page.goto("/");
  await page.getByRole("button", { name: w("open"), exact: true }).click();
  let frame = await chat(page);
  await frame.locator("textarea#chat-text").fill("Pertama");
  await page.keyboard.press("Enter");
  await frame.locator(".fate", { hasText: w("sent") }).waitFor();
  await page.context().setOffline(true);
  await frame.locator(".notice-line", { hasText: w("offline") }).waitFor();
  for (const words of ["Kedua", "Ketiga"]) {
    await frame.locator("textarea#chat-text").fill(words);
    await frame.locator("textarea#chat-text").press("Enter");
  }
  await frame.locator(".unsent", { hasText: w("unsent") }).nth(1).waitFor();
  // The telephone is put away and taken out again.
  const context = page.context();
  await page.close();
  await context.setOffline(false);
  const next = await context.newPage();
  await next.goto("/");
  await next.getByRole("button", { name: w("open"), exact: true }).click();
  frame = await chat(next);
  await said(frame).nth(2).waitFor();
  assert.deepEqual(await said(frame).allInnerTexts(), ["Pertama", "Kedua", "Ketiga"]);
  await frame.locator(".fate", { hasText: w("sent") }).waitFor();
  await next.reload();
  frame = await chat(next);
  await said(frame).nth(2).waitFor();
  assert.equal(await said(frame).count(), 3);
  await next.context().close();
});

test("a photo goes along, and a connection that comes back tells what was missed", async () => {
  const page = await visitor();
  await page.goto("/");
  await page.getByRole("button", { name: w("open"), exact: true }).click();
  const frame = await chat(page);
  await frame.locator("#chat-files").setInputFiles({
    name: "ktp.jpg",
    mimeType: "image/jpeg",
    buffer: await photo(await browser.newPage()),
  });
  await frame.locator(".chosen li").waitFor();
  await frame.getByRole("button", { name: w("send"), exact: true }).click();
  const picture = frame.locator(".log:not(.waiting) img");
  await picture.waitFor();
  await picture.evaluate((image) => image.decode());
  await page.context().setOffline(true);
  await frame.locator(".notice-line", { hasText: w("offline") }).waitFor();
  await page.context().setOffline(false);
  await frame.locator("textarea#chat-text").fill("Kembali");
  await page.keyboard.press("Enter");
  await said(frame).filter({ hasText: "Kembali" }).waitFor();
  await frame.locator(".notice-line:empty").waitFor({ state: "attached" });
  await page.context().close();
});

test("on a phone it is the whole screen and nothing else", async () => {
  for (const [path, locale] of [["/", "id"], ["/en", "en"]]) {
    const page = await visitor({ viewport: PHONE });
    await page.goto(path);
    await page.getByRole("button", { name: w("open", locale), exact: true }).click();
    const frame = await chat(page);
    const box = await page.locator("iframe").boundingBox();
    assert.deepEqual([box.x, box.y, box.width, box.height], [0, 0, PHONE.width, PHONE.height]);
    assert.ok(await page.locator("main").evaluate((main) => main.inert), "the page rests");
    const wide = await frame.locator("body").evaluate((body) => body.scrollWidth > body.clientWidth);
    assert.ok(!wide, "nothing scrolls sideways");
    await check(page, `phone ${locale}`);
    await frame.getByRole("button", { name: w("close", locale), exact: true }).click();
    await page.locator("[role=dialog]").waitFor({ state: "hidden" });
    assert.ok(!(await page.locator("main").evaluate((main) => main.inert)));
    await page.context().close();
  }
});

test("it ends, is rated, and begins anew", async () => {
  const page = await visitor({ colorScheme: "dark" });
  await page.goto("/");
  await page.getByRole("button", { name: w("open"), exact: true }).click();
  const frame = await chat(page);
  await frame.locator("textarea#chat-text").fill("Halo");
  await page.keyboard.press("Enter");
  await frame.locator(".fate", { hasText: w("sent") }).waitFor();
  await frame.locator(".more > summary").click();
  await frame.getByRole("button", { name: w("end"), exact: true }).click();
  await frame.getByText(w("ended")).waitFor();
  await frame.getByLabel(w("rate-5"), { exact: true }).check();
  await check(page, "rating in dark");
  await frame.locator("form.aside").getByRole("button", { name: w("send"), exact: true }).click();
  await frame.getByText(w("rated")).waitFor();
  await frame.getByRole("button", { name: w("again"), exact: true }).click();
  await frame.locator("textarea#chat-text").fill("Satu lagi");
  await page.keyboard.press("Enter");
  await frame.locator(".fate", { hasText: w("sent") }).waitFor();
  assert.deepEqual(await said(frame).allInnerTexts(), ["Satu lagi"]);
  await page.context().close();
});

test("in a sandbox without an origin it works as long as the page", async () => {
  const page = await visitor();
  await page.goto("/kotak");
  const frame = await chat(page);
  await frame.locator("textarea#chat-text").fill("Dari kotak");
  await frame.locator("textarea#chat-text").press("Enter");
  await said(frame).filter({ hasText: "Dari kotak" }).waitFor();
  await frame.locator(".fate", { hasText: w("sent") }).waitFor();
  assert.deepEqual(problems, []);
  await page.context().close();
});

test("where the account does not allow it, it does not stand", async () => {
  const page = await visitor({}, 1);
  await page.goto("/kotak");
  await page.locator("iframe").waitFor();
  const shown = await page.frameLocator("iframe").locator("#obrolan").count();
  assert.equal(shown, 0);
  await page.context().close();
});

test("the page works with scripts and without", async () => {
  for (const javaScriptEnabled of [true, false]) {
    for (const viewport of [PHONE, DESK]) {
      const context = await person(browser, url, { javaScriptEnabled, viewport });
      await context.addCookies(prefers(url, "id"));
      const page = await context.newPage();
      await page.goto(`/obrolan?akun=${account}`);
      if (javaScriptEnabled) {
        await page.locator(".chat.on textarea#chat-text").fill("Dari halaman");
        await page.keyboard.press("Enter");
        await page.locator(".fate", { hasText: w("sent") }).waitFor();
        await check(page, "page");
      } else {
        await page.fill("[name=text]", "Dari halaman");
        await page.getByRole("button", { name: t("ui-send"), exact: true }).first().click();
        await page.frameLocator("iframe.thread").getByText("Dari halaman").waitFor();
      }
      await page.reload();
      const words = javaScriptEnabled
        ? page.locator(".log:not(.waiting) .words")
        : page.frameLocator("iframe.thread").locator(".words");
      await words.first().waitFor();
      assert.equal(await words.count(), 1);
      await context.close();
    }
  }
});
