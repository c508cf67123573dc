// The proof of work against Node's own SHA-256. Needs a build: `npm run build`.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const dist = new URL("../dist/", import.meta.url);
const names = JSON.parse(readFileSync(new URL("manifest.json", dist), "utf8"));
const source = readFileSync(new URL(names["pow.js"], dist), "utf8");

function solve(task) {
  let handler;
  let answer;
  const listen = (_, run) => {
    handler = run;
  };
  const reply = (value) => {
    answer = value;
  };
  new Function("addEventListener", "postMessage", source)(listen, reply);
  handler({ data: task });
  return answer;
}

const challenge = (salt, number) => createHash("sha256").update(`${salt}${number}`).digest("hex");

for (const [salt, number] of [
  ["", 0],
  ["2f1a?expires=1773387000", 4_321],
  ["x".repeat(54), 99],
  ["x".repeat(55), 100],
  ["x".repeat(130), 1_000],
]) {
  test(`finds ${number} behind ${salt.length} characters of salt`, () => {
    const task = { salt, challenge: challenge(salt, number), maxnumber: 5_000 };
    assert.equal(solve(task), number);
  });
}

test("gives up at the largest number", () => {
  assert.equal(solve({ salt: "a", challenge: challenge("a", 11), maxnumber: 10 }), -1);
});
