// Runs the journeys: `node run.mjs [file…]`. Starts an empty node and a demo, tells the tests
// where they are, and ends both. TANGGAP_BIN names another program than the debug build's;
// TANGGAP_DEMO the address of a demo that runs already.
import { spawn } from "node:child_process";
import { start } from "./house.mjs";

const ALL = [
  "journey.test.mjs",
  "nojs.test.mjs",
  "keyboard.test.mjs",
  "a11y.test.mjs",
  "chat.test.mjs",
  "board.test.mjs",
  "channels.test.mjs",
  "beside.test.mjs",
  "desk.test.mjs",
];
const files = process.argv.slice(2);
const running = { url: process.env.TANGGAP_DEMO, stop: () => {}, told: () => "" };
const [empty, demo] = await Promise.all([
  start("serve"),
  running.url ? running : start("demo"),
]);
const told = () => {
  for (const node of [empty, demo]) if (node.told().trim()) console.error(node.told());
};

const tests = spawn(
  process.execPath,
  ["--test", "--test-concurrency=2", ...(files.length > 0 ? files : ALL)],
  {
    stdio: "inherit",
    env: { ...process.env, TANGGAP_EMPTY: empty.url, TANGGAP_DEMO: demo.url },
  },
);
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => tests.kill(signal));
const code = await new Promise((resolve) => tests.once("exit", resolve));
await Promise.all([empty.stop(), demo.stop()]);
if (code !== 0) told();
process.exitCode = code ?? 1;
