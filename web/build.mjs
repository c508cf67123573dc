// Builds the browser's half into dist/: bundles, names each file by its content, writes the
// manifest that crates/ui reads, and a gzip twin of every file.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, watch, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, "dist");

// One list of dark tokens serves both the system's wish and the person's choice; never on paper.
const darkTwice = {
  name: "dark-twice",
  setup(context) {
    context.onLoad({ filter: /dark\.css$/ }, ({ path }) => {
      const tokens = readFileSync(path, "utf8");
      const contents = `@media screen and (prefers-color-scheme: dark) {
        :root:not([data-theme="light"]) { ${tokens} }
      }
      @media screen {
        :root[data-theme="dark"] { ${tokens} }
      }`;
      return { contents, loader: "css" };
    });
  },
};

// Turbo's progress bar writes a <style> into each page, which the content security policy refuses.
// The top bar shows the same by `aria-busy`, so the bar never gets its style and is never shown.
const withoutBarStyle = {
  name: "without-bar-style",
  setup(context) {
    context.onLoad({ filter: /turbo\.es2017-esm\.js$/ }, ({ path }) => {
      const source = readFileSync(path, "utf8");
      const contents = source.replace("    this.installStylesheetElement();\n", "");
      if (contents === source) throw new Error("Turbo's progress bar has changed: look again");
      return { contents, loader: "js" };
    });
  },
};

// The one script that other sites load has its few texts inside, from the catalogues.
function widgetTexts() {
  const texts = {};
  for (const locale of ["id", "en"]) {
    const source = readFileSync(join(root, `../locales/${locale}/chat.ftl`), "utf8");
    texts[locale] = {};
    for (const key of ["title", "open", "close", "new-count"]) {
      const [, text] = source.match(new RegExp(`^chat-w-${key} = (.*)$`, "m")) ?? [];
      if (!text) throw new Error(`locales/${locale}/chat.ftl has no chat-w-${key}`);
      texts[locale][key] = text.replace(/\{ \$(\w+) \}/g, "{$1}");
    }
  }
  return JSON.stringify(texts);
}

async function bundle(entryPoints) {
  const result = await build({
    define: { TEXTS: widgetTexts() },
    absWorkingDir: root,
    entryPoints,
    bundle: true,
    minify: true,
    write: false,
    outdir: "dist",
    legalComments: "none",
    charset: "utf8",
    format: "iife",
    target: ["es2020", "chrome105", "firefox110", "safari16"],
    plugins: [darkTwice, withoutBarStyle],
  });
  return result.outputFiles.map(({ path, contents }) => [basename(path), contents]);
}

function sprite(text) {
  return Buffer.from(text.replace(/>\s+</g, "><").trim());
}

async function make() {
  const files = await bundle([
    "css/desk.css",
    "css/citizen.css",
    "src/desk.ts",
    "src/citizen.ts",
    "src/pow.ts",
    "src/wall.ts",
    "css/wall.css",
    "css/chat.css",
    "src/widget/obrolan.ts",
    "src/widget/chat.ts",
  ]);
  for (const name of ["icons.svg", "favicon.svg"]) {
    files.push([name, sprite(readFileSync(join(root, "icons", name), "utf8"))]);
  }
  // Written aside and moved into place, so that nobody reads half a build.
  const fresh = `${dist}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  const manifest = {};
  const sizes = [];
  for (const [name, contents] of files.sort(([a], [b]) => (a < b ? -1 : 1))) {
    const hash = createHash("sha256").update(contents).digest("hex").slice(0, 10);
    const hashed = name.replace(/\.(\w+)$/, `-${hash}.$1`);
    const zipped = gzipSync(contents, { level: constants.Z_BEST_COMPRESSION });
    manifest[name] = hashed;
    writeFileSync(join(fresh, hashed), contents);
    writeFileSync(join(fresh, `${hashed}.gz`), zipped);
    sizes.push(
      `${name.padEnd(12)} ${String(contents.length).padStart(7)} B, gzip ${zipped.length} B`,
    );
  }
  writeFileSync(join(fresh, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  rmSync(dist, { recursive: true, force: true });
  renameSync(fresh, dist);
  console.log(sizes.join("\n"));
  checkSizes(files);
}

// The citizen's island and styles have a budget; a build over it is a failed build.
function checkSizes(files) {
  const budget = { "citizen.js": 2048, "citizen.css": 12_000 };
  // The widget: what a host page loads, and the frame's script and styles.
  const widget = { names: ["obrolan.js", "chat.js", "chat.css"], budget: 15_000 };
  let whole = 0;
  for (const [name, contents] of files) {
    const size = gzipSync(contents, { level: constants.Z_BEST_COMPRESSION }).length;
    if (size > (budget[name] ?? Number.POSITIVE_INFINITY)) {
      throw new Error(`${name} is ${size} bytes gzipped; its budget is ${budget[name]}`);
    }
    if (widget.names.includes(name)) whole += size;
  }
  if (whole > widget.budget) {
    throw new Error(`the widget is ${whole} bytes gzipped; its budget is ${widget.budget}`);
  }
}

await make();
if (process.argv.includes("--watch")) {
  let timer;
  for (const folder of ["css", "src", "icons"]) {
    watch(join(root, folder), { recursive: true }, () => {
      clearTimeout(timer);
      timer = setTimeout(() => make().catch((error) => console.error(error.message)), 80);
    });
  }
}
