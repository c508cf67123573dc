// Makes regions.txt.gz, which the crate embeds, from releases of the npm package idn-area-data
// (data: ODbL 1.0) and from retired-papua.csv (facts of UU 14, 15 and 16/2022, which made three
// provinces out of Papua: regencies that changed their code).
//
//   cd crates/regions/data && npm ci && npm run build
//
// Text, one region a line, in tree order. `p`, `r`, `d` or `v` for the level, the last two (for
// a village four) digits of the code unless they are one more than the sibling's before, tab,
// name. After an empty line the retired codes: digits, tab, successor's digits or nothing,
// tab, last known name.

import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LEVELS = ["provinces", "regencies", "districts", "villages"];
const LENGTHS = [2, 4, 6, 10];

/** Rows of a CSV file with quotes, without its header. */
function rows(path) {
  const text = readFileSync(new URL(path, import.meta.url), "utf8");
  const out = [];
  for (const line of text.split(/\r?\n/).slice(1)) {
    if (line === "") continue;
    const cells = [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, cell]) =>
      cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell,
    );
    cells.pop(); // the empty match at the end of the line
    out.push(cells);
  }
  return out;
}

const capitalised = (letters) => letters[0] + letters.slice(1).toLowerCase();

/** Kabupaten Aceh Selatan, as the newest release writes it, for older releases in capitals. */
function titleCase(name) {
  if (name !== name.toUpperCase()) return name;
  const roman = /^(I{1,3}|IV|VI{0,3}|IX|XI{0,3}|XI?V)$/;
  return name
    .split(" ")
    .map((word) => (roman.test(word) ? word : word.replace(/[A-Z]+/g, capitalised)))
    .join(" ")
    .replace(/'[A-Z]/g, (s) => s.toLowerCase());
}

/** The name without slips of typing: spaces, a stop or star at the end, " - " for "-", " for '. */
function tidy(name) {
  return name
    .trim()
    .replace(/\s+/g, " ")
    .replaceAll('"', "'")
    .replace(/\s*([-/])\s*/g, "$1")
    .replace(/ ' /g, "' ")
    .replace(/\*$/, "")
    .replace(/([a-z])\.$/i, "$1");
}

/** Map of digits to name, of one release; older ones wrote in capitals. */
function release(folder, old) {
  const names = new Map();
  for (const level of LEVELS) {
    for (const cells of rows(`node_modules/${folder}/data/${level}.csv`)) {
      const code = cells[0].replaceAll(".", "");
      const length = LENGTHS[LEVELS.indexOf(level)];
      if (code.length !== length) throw new Error(`odd code ${cells[0]} in ${folder}`);
      const name = tidy(cells[cells.length - 1]);
      names.set(code, old ? titleCase(name) : name);
    }
  }
  return names;
}

const inTree = (a, b) => (a.padEnd(10, "0") < b.padEnd(10, "0") ? -1 : 1);
const parent = (code) => code.slice(0, code.length === 10 ? 6 : code.length - 2);
const key = (name) => name.toLowerCase().replace(/[^a-z0-9]/g, "");

/** Current codes by level length, ancestor and name, to look for successors in. */
function byName(current) {
  const index = new Map();
  for (const [code, name] of current) {
    for (const length of [0, 2, 4, 6]) {
      if (length >= code.length) continue;
      const slot = `${code.length}/${code.slice(0, length)}/${key(name)}`;
      index.set(slot, [...(index.get(slot) ?? []), code]);
    }
  }
  return index;
}

/** Retired codes with last name and successor: the one region of the same name that lies where
 * the parent went, or else nearest above it. */
function retired(current, older, written) {
  const index = byName(current);
  const gone = new Map();
  for (const [code, successor, name] of written) gone.set(code, { name, successor });
  for (const names of older) {
    for (const [code, name] of names) {
      if (!current.has(code) && !gone.has(code)) gone.set(code, { name, successor: "" });
    }
  }
  for (const [code, entry] of [...gone].sort(([a], [b]) => a.length - b.length)) {
    if (entry.successor !== "") continue;
    let above = parent(code);
    above = current.has(above) ? above : (gone.get(above)?.successor ?? "");
    const limit = code.length === 4 ? 0 : 4;
    for (let length = above.length; length >= limit && entry.successor === ""; length -= 2) {
      const found = index.get(`${code.length}/${above.slice(0, length)}/${key(entry.name)}`) ?? [];
      if (found.length === 1) entry.successor = found[0];
    }
  }
  return gone;
}

function write(current, gone) {
  const lines = [];
  const last = {};
  const codes = [...current.keys()].sort(inTree);
  for (const code of codes) {
    const level = LENGTHS.indexOf(code.length);
    const part = code.slice(level === 3 ? 6 : -2);
    const name = current.get(code);
    const expected = String(Number(last[level] ?? -2) + 1).padStart(part.length, "0");
    lines.push("prdv"[level] + (part === expected ? "" : part) + "\t" + name);
    last[level] = part;
    for (let below = level + 1; below < 4; below++) delete last[below];
  }
  lines.push("");
  for (const [code, { name, successor }] of [...gone].sort(([a], [b]) => inTree(a, b))) {
    lines.push(`${code}\t${successor}\t${name}`);
  }
  const text = `${lines.join("\n")}\n`;
  const packed = gzipSync(text, { level: 9 });
  packed[9] = 255; // the same bytes on every operating system
  writeFileSync(new URL("regions.txt.gz", import.meta.url), packed);
  const followed = [...gone.values()].filter(({ successor }) => successor !== "").length;
  console.log(`${codes.length} current, ${gone.size} retired (${followed} with successor)`);
  console.log(`${text.length} characters, ${packed.length} bytes packed`);
}

const current = release("areas-current", false);
const older = [release("areas-2024", true), release("areas-2022", true)];
write(current, retired(current, older, rows("retired-papua.csv")));
