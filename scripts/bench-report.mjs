// Makes docs/benchmarks.md of the figures that scripts/bench.sh left in a folder.
import { readdirSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";

const folder = process.argv[2];
const figures = {};
for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
  const [, run, part] = file.match(/^(.*)-(\w+)\.json$/) ?? [];
  if (!run) continue;
  figures[run] ??= {};
  figures[run][part] = JSON.parse(readFileSync(join(folder, file), "utf8"));
}
const { channels = {} } = figures;
delete figures.channels;
const runs = Object.keys(figures).sort((a, b) => {
  const [x, y] = [a.split("-"), b.split("-")];
  return y[0].localeCompare(x[0]) || x[1] - y[1];
});
const routing = JSON.parse(readFileSync(join(folder, "routing.json"), "utf8"));
const short = (value) => (value === undefined ? "" : Number(value.toPrecision(3)).toString());
const table = (head, rows) =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
const name = (run) => run.replace("-", ", ").replace(/(\d)(?=(\d{3})+$)/g, "$1,");
const missed = [];
const row = (label, part, path, { most, least } = {}) => {
  const cells = runs.map((run) => {
    const value = path.reduce((found, step) => found?.[step], figures[run][part]);
    if (typeof value !== "number") return "";
    const [engine] = run.split("-");
    if (value > (most?.[engine] ?? most) || value < (least?.[engine] ?? least)) {
      missed.push(`${label}: ${short(value)} (${name(run)})`);
    }
    return short(value);
  });
  const limit = least ?? most ?? "";
  const bar = limit.sqlite ? `${limit.sqlite}; ${limit.postgres}` : limit;
  return [label, ...cells, bar];
};
const read = (label, page, most) => [
  row(`${label}, p50 ms`, "read", [page, "p50_ms"]),
  row(`${label}, p99 ms`, "read", [page, "p99_ms"], { most }),
  row(`${label}, CPU ms each (writes beside it included)`, "read", [page, "cpu_ms_each_with_writes"]),
];
const rows = [
  row("create a case over HTTP, 32 clients, per second", "create", ["per_second"], {
    least: { sqlite: 3000, postgres: 1000 },
  }),
  row("create, p99 ms", "create", ["p99_ms"]),
  row("create, CPU ms each", "create", ["cpu_ms_each"], {
    most: { sqlite: 0.5, postgres: 1.5 },
  }),
  ...read("desk inbox, first page", "inbox first", 15),
  ...read("desk inbox, deep page", "inbox deep", 15),
  ...read("case page with 50 messages", "case", 15),
  ...read("supervisor's board", "board", 50),
  ...read("search, rare word", "search rare", 30),
  ...read("search, common word", "search common", 100),
  row("2,000 browsers on one list, 5 changes/s, seen by all, p99 ms", "watch", ["p99_ms"], {
    most: 300,
  }),
  row("changes not seen by all", "watch", ["changes_not_seen_by_all"], { most: 0 }),
  row("webhook acknowledged when durable, 200/s, p50 ms", "webhook", ["p50_ms"]),
  row("webhook acknowledged when durable, 200/s, p99 ms", "webhook", ["p99_ms"], { most: 25 }),
  row("webhook calls refused", "webhook", ["refused"], { most: 0 }),
  row("5,000 chat visitors, 50 messages/s, end to end, p50 ms", "chat", ["p50_ms"]),
  row("5,000 chat visitors, 50 messages/s, end to end, p99 ms", "chat", ["p99_ms"], { most: 250 }),
  row("chat messages not heard", "chat", ["not_heard"], { most: 0 }),
  row("chat, CPU ms each message", "chat", ["cpu_ms_each"]),
  row("memory with 5,000 chat visitors, PSS MB", "chat", ["pss_mb"]),
  row("memory idle, PSS MB", "start", ["idle_pss_mb"], { most: 60 }),
  row("memory after reading, PSS MB", "read", ["pss_mb"], { most: 300 }),
  row("memory with 2,000 browsers, PSS MB", "watch", ["pss_mb"], { most: 300 }),
  row("start to first answered request, ms", "start", ["start_ms"], { most: 300 }),
];

// What is measured once, beside the engines: [label, part, field, {least, most}].
const beside = [
  ["SMPP out, window 50, one bind, per second", "sms", "per_second", { least: 1000 }],
  ["SMPP out, p99 ms", "sms", "p99_ms", {}],
  ["SMPP out, CPU ms each", "sms", "cpu_ms_each", {}],
  ["raw mails to cases on one core, per second", "letters", "per_second", { least: 500 }],
  ["raw mails to cases, CPU ms each", "letters", "cpu_ms_each", {}],
  ["messages of the mailbox", "mailbox", "messages", {}],
  ["first import of a mailbox, broken off once, per second", "mailbox", "per_second", { least: 300 }],
  ["first import, CPU ms each", "mailbox", "cpu_ms_each", {}],
  ["300 idle mailboxes, PSS MB", "mailbox", "idle_pss_mb", { most: 100 }],
].map(([label, part, field, { least, most }]) => {
  const value = channels[part]?.[field];
  if (value < least || value > most) missed.push(`${label}: ${short(value)}`);
  return [label, short(value), least ?? most ?? ""];
});
if (routing.p99_us > 5000) missed.push(`routing, p99 ms: ${short(routing.p99_us / 1000)}`);

console.log(`# Benchmarks

Measured by \`make bench\` (scripts/bench.sh, crates/bench) with a release build on ${cpus().length} cores (${cpus()[0].model.trim()}), load and server on the same machine, loopback, durable writes (SQLite \`synchronous=FULL\`, PostgreSQL \`fsync=on\`, by its socket), closed loop, every answer checked. A bar of two figures is for SQLite and for PostgreSQL. Each case has five messages; three cases in a hundred are open; PostgreSQL is vacuumed before the reads, as it does itself after a while. Reads run with 8 clients beside 200 writes a second, each of which opens a case. The deep page is the eleventh of the queue, where it has as many (at 10,000 cases the first is shown instead). A case is read by its address; the list beside it is fetched by itself once it is seen, and costs what the first page of the inbox does. CPU per operation is of the server and, where it writes, the database; it compares between machines better than times do.

${table(["", ...runs.map(name), "bar"], rows)}

The channels, each measured by itself (SMPP against a centre made of node-smpp and mailboxes at Dovecot, which share the cores):

${table(["", "measured", "bar"], beside)}

Routing, in memory: somebody becomes free or something comes, with ${routing.agents} agents, ${routing.waiting} waiting, 20 queues and 30 skills, over ${routing.decisions} decisions: p50 ${short(routing.p50_us / 1000)} ms, p99 ${short(routing.p99_us / 1000)} ms (bar: 5), at most ${short(routing.max_us / 1000)} ms.

${missed.length ? `Not met yet:\n\n${missed.map((line) => `- ${line}`).join("\n")}` : "All bars are met."}

The same operations elsewhere, measured on the same kind of machine, CPU ms per operation: creating a ticket costs Request Tracker 188-258, osTicket 43-57, FreeScout 50-56, django-helpdesk 29-33; a list page of 50 at 100,000 tickets 651, 1,733, 52 and 1,653.`);
