// The count of SMS in the browser: the edges that the server's own tests have.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { transformSync } from "esbuild";

const source = readFileSync(new URL("../src/sms.ts", import.meta.url), "utf8");
const { code } = transformSync(source, { loader: "ts", format: "esm" });
const { measure } = await import(`data:text/javascript,${encodeURIComponent(code)}`);

for (const [text, parts, left] of [
  ["", 1, 160],
  ["a".repeat(160), 1, 0],
  ["a".repeat(161), 2, 145],
  ["a".repeat(306), 2, 0],
  ["a".repeat(307), 3, 152],
  ["€".repeat(80), 1, 0],
  ["€".repeat(81), 2, 143],
  ["ก".repeat(70), 1, 0],
  ["ก".repeat(71), 2, 63],
  ["🙏".repeat(35), 1, 0],
  ["🙏".repeat(36), 2, 61],
  ["“Baik” – segera…", 1, 142],
  ["satu\r\ndua", 1, 152],
]) {
  test(`${text.slice(0, 10)} … (${text.length}) takes ${parts}`, () => {
    const measured = measure(text);
    assert.deepEqual([measured.parts, measured.left], [parts, left]);
  });
}
