// The live board and the screen on a wall, with a way between browser and node that loses words,
// falls silent, and breaks: the board catches up with whatever was lost, and while it cannot, it
// says since when it is stale.
import assert from "node:assert/strict";
import { createServer, request as ask } from "node:http";
import { after, before } from "node:test";
import { browse, chapters, person, ready, signInAtDemo, t } from "./house.mjs";

const url = process.env.TANGGAP_DEMO;

let browser;
const test = chapters(() => browser);
let way;
let supervisor;
let agent;
let board;
let wall;

/** A way to the node whose streams can lose the next difference, or say nothing more. */
async function lossy() {
  const state = { lose: 0, lost: 0, silent: false, streams: new Set() };
  const listener = (request, response) => {
    const { hostname, port } = new URL(url);
    const headers = { ...request.headers, "accept-encoding": "identity" };
    const onward = ask({ hostname, port, path: request.url, method: request.method, headers });
    onward.on("error", () => response.destroy());
    // A stream that nobody hears any more would keep these tests from ending.
    response.on("close", () => onward.destroy());
    onward.on("response", (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      const isBoard = request.url.endsWith("/alir");
      if (!isBoard) return answer.pipe(response);
      state.streams.add(response);
      response.on("close", () => state.streams.delete(response));
      let kept = "";
      answer.on("error", () => response.destroy());
      answer.on("data", (chunk) => {
        kept += chunk;
        for (let end = kept.indexOf("\n\n"); end >= 0; end = kept.indexOf("\n\n")) {
          const event = kept.slice(0, end + 2);
          kept = kept.slice(end + 2);
          const isDifference = /"prev":\d/.test(event);
          if (state.silent) continue;
          if (isDifference && state.lose > 0) {
            state.lose--;
            state.lost++;
          } else response.write(event);
        }
      });
      answer.on("end", () => response.end());
    });
    request.pipe(onward);
  };
  const start = (port) =>
    new Promise((listening) => {
      const server = createServer(listener);
      server.listen(port, "127.0.0.1", () => listening(server));
    });
  let server = await start(0);
  const { port } = server.address();
  return {
    state,
    url: `http://localhost:${port}`,
    async cut() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
    async mend() {
      server = await start(port);
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const live = () => board.locator("live-board[data-state=live]").waitFor();
const stale = (page) => page.locator("live-board[data-state=stale]").waitFor();
const people = () => board.locator("[data-list=petugas] > tr");
const ready_ = (page) => page.locator(".wall-tile strong").last();

async function be(presence) {
  await agent.goto("/kehadiran");
  await agent.locator(`.duty-now [value=${presence}]`).click();
  await agent.locator(`.duty-now .duty-state[data-presence=${presence}]`).waitFor();
}

/** Ends what the demo's agent is at: whoever is at something is busy, never ready. */
async function end() {
  const done = agent.locator(".duty-held form[action$='/selesai'] button").first();
  for (;;) {
    await agent.goto("/kehadiran");
    if (!(await done.count())) return;
    await Promise.all([agent.waitForURL("**/percakapan/*"), done.click()]);
  }
}

before(async () => {
  browser = await browse();
  await ready(url);
  way = await lossy();
  supervisor = await person(browser, way.url);
  board = await signInAtDemo(supervisor, "supervisor");
  agent = await signInAtDemo(await person(browser, url), "agent");
  await end();
});
after(async () => {
  await browser?.close();
  way?.close();
});

test("a board shows who is on duty as it happens", async () => {
  await board.goto("/antrean");
  await live();
  await be("ready");
  await people().first().waitFor();
  await board.locator("[data-list=petugas] [data-presence=ready]").waitFor();
});

test("a screen is set up by a link and shows the same figures", async () => {
  const page = await supervisor.newPage();
  await page.goto("/antrean/papan");
  await page.fill("[name=name]", "Lobi");
  await page.getByRole("button", { name: t("desk-wall-make"), exact: true }).click();
  const link = await page.locator("#tautan-baru").inputValue();
  await page.close();
  const screen = await person(browser, way.url, { viewport: { width: 1920, height: 1080 } });
  wall = await screen.newPage();
  await wall.goto(link.replace(/^https?:\/\/[^/]+/, ""));
  await wall.waitForURL("**/papan");
  await wall.locator("live-board[data-state=live]").waitFor();
  assert.equal(await ready_(wall).innerText(), "1");
  const box = await wall.evaluate(() => document.documentElement.scrollHeight);
  assert.ok(box <= 1080, `fits on the screen: ${box}`);
});

test("a lost difference is noticed and made good", async () => {
  way.state.lose = 2; // One of each of the two pages.
  await be("break");
  await board.locator("[data-list=petugas] [data-presence=break]").waitFor();
  await wall.waitForFunction(() => [...document.querySelectorAll(".wall-tile strong")].at(-1).innerText === "0");
  assert.equal(way.state.lost, 2, "words were lost");
  await live();
});

test("silence is said, with the time, and ends with a new snapshot", async () => {
  way.state.silent = true;
  await Promise.all([stale(board), stale(wall)]);
  for (const page of [board, wall]) {
    const told = await page.locator(".board-state").innerText();
    assert.match(told, /\d\d\.\d\d/, told);
  }
  await be("ready");
  assert.equal(await board.locator("[data-list=petugas] [data-presence=break]").count(), 1);
  way.state.silent = false;
  await Promise.all([live(), wall.locator("live-board[data-state=live]").waitFor()]);
  await board.locator("[data-list=petugas] [data-presence=ready]").waitFor();
  assert.equal(await ready_(wall).innerText(), "1");
});

test("a node that cannot be reached is said, and found again by itself", async () => {
  await way.cut();
  await Promise.all([stale(board), stale(wall)]);
  await be("offline");
  await way.mend();
  await Promise.all([live(), wall.locator("live-board[data-state=live]").waitFor()]);
  await board.locator("[data-empty=petugas]:not([hidden])").waitFor();
  assert.equal(await ready_(wall).innerText(), "0");
});

test("somebody is moved from the board, and an open menu is left alone by what changes", async () => {
  await be("ready");
  const menu = board.locator("[data-list=petugas] .move");
  await menu.locator("summary").focus();
  await board.keyboard.press("Enter");
  const box = menu.locator("[type=checkbox]").first();
  const serves = await box.isChecked();
  await box.focus();
  await board.keyboard.press("Space");
  await be("training");
  await board.locator(".tile-note").filter({ hasText: "1" }).first().waitFor();
  assert.equal(await box.isChecked(), !serves, "what one has begun stays");
  await menu.getByRole("button").click();
  await board.locator(".toast").waitFor();
  await live();
  await board.locator("[data-list=petugas] [data-presence=training]").waitFor();
  const now = await board.locator("[data-list=petugas] .move [type=checkbox]").first().isChecked();
  assert.equal(now, !serves);
  await be("offline");
});

test("a screen whose link was revoked says so", async () => {
  const page = await supervisor.newPage();
  await page.goto("/antrean/papan");
  await page.getByRole("button", { name: new RegExp(`^${t("desk-wall-revoke")}`) }).first().click();
  await page.locator(".toast").waitFor();
  await wall.getByText(t("desk-wall-gone")).waitFor();
});
