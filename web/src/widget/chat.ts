// The chat itself, in the widget's frame and in place of the page that works without scripts. What
// is typed is kept until the node has it; what the node says is shown once, whatever comes twice.
import { leaveForm, mailForm, rateForm } from "./forms";
import { borrow, get, isLasting, put, random } from "./kept";
import { emoji, field, h, icon, sends } from "./page";
import { Queue, type Unsent } from "./queue";
import { type Shown, type State, type Talk, type Told, Wire } from "./wire";

type Words = Record<string, string> & { max: unknown };

const root = document.getElementById("obrolan")!;
const words = JSON.parse(document.getElementById("obrolan-isi")!.textContent!) as Words;
const { base = "", account = "", origins = "", framed } = root.dataset;
const lang = document.documentElement.lang;
const FILES_MAX = 5;
const t = (key: string, values: Record<string, string | number> = {}) =>
  (words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
const clock = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit" });
const size = (bytes: number) =>
  `${new Intl.NumberFormat(lang, { maximumFractionDigits: 1 }).format(bytes / 1048576)} MB`;

/** The page around the frame, once it has said who it is. */
let host: { origin: string; identity: string; page: string } | undefined;
let inSight = !framed;
const tellHost = (what: object) => host && parent.postMessage(what, host.origin);

function isAllowed(origin: string): boolean {
  return `${origins} ${location.origin}`.split(" ").some((allowed) => {
    const [scheme, name] = allowed.split("://");
    if (!name?.startsWith("*.")) return allowed === origin;
    return origin.startsWith(`${scheme}://`) && origin.endsWith(name.slice(1));
  });
}

/** Whom the host names: one device may serve several people, each with a talk of their own. */
function subject(token: string): string {
  try {
    const claims = token.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/");
    return String(JSON.parse(atob(claims)).sub ?? "");
  } catch {
    return "";
  }
}

function begin() {
  const place = `obrolan:${account}:${framed ? subject(host?.identity ?? "") : "halaman"}:`;
  const query = new URLSearchParams({ akun: account, bahasa: lang }).toString();
  const wire = new Wire(base, query, () => {
    if (!framed) return undefined;
    let secret = get(`${place}rahasia`);
    if (!secret) put(`${place}rahasia`, (secret = random(32)));
    return secret;
  });

  let state: State | undefined;
  let talk: Talk | null = null;
  let fresh = false;
  let last = "0";
  let lastRead = "";
  let live = true;
  let proof: Promise<string> | undefined;
  let hearing: AbortController | undefined;
  let typedAt = 0;
  // Whoever opens it wants to write, as soon as there is a field for it.
  let wanted = inSight && !!framed;
  const messages = new Map<string, Shown>();
  const rows = new Map<string, HTMLElement>();
  const picked: File[] = [];

  // What is seen.
  const title = h(framed ? "h1" : "h2", { class: "title", id: "chat-title" }, t("title"));
  const agency = h("p", { class: "agency" }, words.agency);
  const more = h("div", { class: "more-body" });
  const menu = h("details", { class: "more" }, h("summary", { "aria-label": t("menu") }, icon("more")), more);
  const close = h("button", { type: "button", class: "icon", "aria-label": t("close"), onclick: leave }, icon("close"));
  const head = h("header", { class: "head" }, h("div", {}, title, agency), menu, framed && host && close);
  const notice = h("p", { class: "notice-line", role: "status" });
  const greeting = h("p", { class: "greeting" });
  const log = h("ol", { class: "log" });
  const heard = h("div", {}, log);
  const waiting = h("ol", { class: "log waiting" });
  const typing = h("p", { class: "typing", role: "status" });
  const scroll = h("div", { class: "scroll", role: "region", "aria-label": t("log"), tabindex: 0 }, greeting, heard, waiting);
  const below = h("div", { class: "below" });
  const text = h("textarea", { id: "chat-text", rows: 1, maxlength: 4000, placeholder: t("text"), enterkeyhint: "send" });
  const chosen = h("ul", { class: "chosen" });
  const files = h("input", { type: "file", multiple: true, class: "sr", tabindex: -1, id: "chat-files", "aria-label": t("attach"), onchange: pick });
  const attach = h("button", { type: "button", class: "icon", "aria-label": t("attach"), onclick: () => files.click() }, icon("attach"));
  const signs = h("button", { type: "button", class: "icon", "aria-label": t("emoji"), "aria-expanded": "false", onclick: toggleSigns }, icon("emoji"));
  const go = h("button", { type: "button", "data-send": true, class: "icon go", "aria-label": t("send") }, icon("send"));
  const [nameField, nameInput] = field("chat-name", t("name"), { autocomplete: "name" });
  const [mailField, mailInput] = field("chat-email", t("email"), { type: "email", autocomplete: "email" });
  const [phoneField, phoneInput] = field("chat-phone", t("phone"), { type: "tel", autocomplete: "tel" });
  const who = h("details", { class: "who" }, h("summary", {}, t("who")), h("p", { class: "hint" }, t("who-note")), nameField, mailField, phoneField);
  const composer = h(
    "form",
    { class: "composer" },
    who,
    chosen,
    h("div", { class: "line" }, attach, files, signs, h("label", { for: "chat-text", class: "sr" }, t("text")), text, go),
  );
  const body = h(framed ? "main" : "div", { class: "body" }, notice, scroll, typing, below);
  root.replaceChildren(framed ? head : menu, body);
  root.setAttribute("aria-labelledby", "chat-title");
  if (!framed) root.removeAttribute("aria-labelledby");
  root.classList.add("on");

  const queue = new Queue(
    `${place}u:`,
    wire,
    async () => {
      const identitas = host?.identity;
      const halaman = host?.page ?? location.href.split(/[?#]/)[0]!;
      if (talk && !talk.ended) return { halaman, ...(identitas ? { identitas } : {}) };
      return { halaman, altcha: (await prove()) ?? "", ...(identitas ? { identitas } : {}) };
    },
    (problem) => {
      if (problem) say(t(problem === "busy" ? "busy" : problem === "failed" ? "failed" : "offline"));
      draw();
    },
    (entry, told) => {
      proof = undefined;
      const begun = talk?.id !== told.talk;
      if (begun) {
        messages.clear();
        for (const row of rows.values()) row.remove();
        rows.clear();
        talk = { id: told.talk, ended: false, rating: null, seen: "", reachable: !!(entry.who.email || entry.who.phone) };
        last = "0";
        tellHost({ tanggap: "mulai" });
        hearing?.abort();
      }
      fresh = false;
      say("");
      if (begun) drawBelow();
      const { text, key, at } = entry;
      if (!messages.has(told.id) && entry.names.length === 0) {
        add([{ id: told.id, at, mine: true, machine: false, text, key, files: [] }]);
      }
      wake();
    },
    (entry) => {
      if (state) state.open = false;
      drawBelow(entry);
    },
  );

  function say(problem: string) {
    if (notice.textContent !== problem) notice.textContent = problem;
  }

  const desk = { wire, t, prove };
  function prove() {
    if (talk && !talk.ended) return undefined;
    proof ??= wire.prove();
    return Promise.race([proof, new Promise<string>((later) => setTimeout(() => later(""), 15_000))]);
  }

  // What is said.
  function bubble(message: Shown): HTMLElement {
    const who = message.mine ? t("you") : message.machine ? t("machine") : t("officer");
    const attached = message.files.map((file) =>
      h(
        "p",
        { class: "file" },
        h(
          "a",
          { href: base + file.url, target: "_blank", rel: "noopener" },
          file.small ? h("img", { src: `${base}${file.url}/kecil`, alt: file.name, height: 120 }) : `${file.name} (${size(file.size)})`,
        ),
      ),
    );
    return h(
      "li",
      { class: message.mine ? "msg mine" : "msg" },
      h("p", { class: "meta" }, h("strong", {}, who), " ", h("time", { datetime: new Date(message.at).toISOString() }, clock.format(message.at))),
      message.text && h("div", { class: "words" }, message.text),
      ...attached,
    );
  }

  function add(fresh: Shown[]) {
    const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
    for (const message of fresh) {
      const known = messages.get(message.id);
      messages.set(message.id, message);
      if (known && known.files.length === message.files.length) continue;
      rows.get(message.id)?.remove();
      const row = bubble(message);
      rows.set(message.id, row);
      const after = [...messages.keys()].sort().find((id) => id > message.id && rows.has(id));
      log.insertBefore(row, after ? rows.get(after)! : null);
      if (message.key) queue.drop(message.key);
      if (!message.mine) typing.textContent = "";
    }
    draw();
    if (atEnd || fresh.some((message) => message.mine)) scroll.scrollTop = scroll.scrollHeight;
  }

  function draw() {
    const all = queue.all().filter((entry) => ![...messages.values()].some((m) => m.key === entry.key));
    waiting.replaceChildren(...all.map(unsent));
    waiting.hidden = all.length === 0;
    root.querySelector(".fate")?.remove();
    const mine = [...messages.keys()].sort().filter((id) => messages.get(id)!.mine);
    const newest = mine.at(-1);
    if (newest && talk) {
      rows.get(newest)?.append(h("p", { class: "fate" }, t(talk.seen >= newest ? "seen" : "sent")));
    }
    greeting.hidden = !!talk && !fresh;
    mark();
  }

  function unsent(entry: Unsent): HTMLElement {
    const hollow = queue.isHollow(entry);
    const fate = entry.refused
      ? t("refused", { name: entry.refused })
      : hollow
        ? t("unsent-files", { name: entry.names.join(", ") })
        : live
          ? t("sending")
          : t(isLasting() && entry.names.length === 0 ? "unsent" : "unsent-volatile");
    return h(
      "li",
      { class: "msg mine unsent" },
      entry.text && h("div", { class: "words" }, entry.text),
      entry.names.length > 0 && h("p", { class: "file" }, entry.names.join(", ")),
      h("p", { class: "fate" }, fate),
      (entry.refused || hollow) &&
        h(
          "p",
          { class: "acts" },
          h("button", { type: "button", class: "small", onclick: () => queue.again(entry) }, t("retry")),
          h("button", { type: "button", class: "small", onclick: () => queue.drop(entry.key) }, t("drop")),
        ),
    );
  }

  function unread() {
    return [...messages.values()].filter((m) => !m.mine && m.id > lastRead).length;
  }

  /** Tells how far the visitor has read, where they can see it. */
  function mark() {
    const newest = [...messages.keys()].sort().at(-1);
    if (inSight && document.visibilityState === "visible" && newest && newest > lastRead) {
      const shown = [...messages.values()].some((m) => !m.mine && m.id > lastRead);
      lastRead = newest;
      put(`${place}dibaca`, newest);
      if (shown) wire.post("dibaca", { id: newest }).catch(() => {});
    }
    tellHost({ tanggap: "baru", n: unread() });
  }

  // What is written.
  function send() {
    const written = text.value.trim();
    if (!written && picked.length === 0) return text.focus();
    const values: Record<string, string> = {};
    if (nameInput.value.trim()) values.name = nameInput.value.trim();
    if (mailInput.value.trim()) values.email = mailInput.value.trim();
    if (phoneInput.value.trim()) values.phone = phoneInput.value.trim();
    const taken = picked.splice(0);
    text.value = "";
    put(`${place}tulisan`, null);
    grow();
    drawChosen();
    queue.add(
      { key: random(12), at: Date.now(), text: written, names: taken.map((file) => file.name), who: values },
      taken,
    );
    scroll.scrollTop = scroll.scrollHeight;
    text.focus();
  }

  function pick() {
    const most = Number(words.max);
    let problem = "";
    for (const file of files.files ?? []) {
      if (file.size > most) problem = t("big", { name: file.name, max: Math.floor(most / 1048576) });
      else if (picked.length >= FILES_MAX) problem = t("many");
      else picked.push(file);
    }
    files.value = "";
    say(problem);
    drawChosen();
    text.focus();
  }

  function drawChosen() {
    chosen.hidden = picked.length === 0;
    chosen.replaceChildren(
      ...picked.map((file) =>
        h(
          "li",
          {},
          file.name,
          h(
            "button",
            {
              type: "button",
              class: "icon",
              "aria-label": t("detach", { name: file.name }),
              onclick: () => {
                picked.splice(picked.indexOf(file), 1);
                drawChosen();
                text.focus();
              },
            },
            icon("close"),
          ),
        ),
      ),
    );
  }

  function toggleSigns() {
    const shown = composer.querySelector(".emoji");
    shown?.remove();
    signs.setAttribute("aria-expanded", `${!shown}`);
    if (shown) return text.focus();
    const put = (sign: string) => {
      text.setRangeText(sign, text.selectionStart, text.selectionEnd, "end");
      toggleSigns();
      keep();
    };
    const grid = emoji(t("emoji"), put, toggleSigns);
    composer.prepend(grid);
    grid.querySelector("button")!.focus();
  }

  function grow() {
    text.rows = Math.min(5, Math.max(1, text.value.split("\n").length));
  }

  function keep() {
    grow();
    put(`${place}tulisan`, text.value || null);
    if (talk && !talk.ended && Date.now() - typedAt > 3000) {
      typedAt = Date.now();
      wire.post("mengetik", {}).catch(() => {});
    }
  }

  // What can be done besides.
  function drawMenu() {
    const part = (label: string, body: HTMLElement) => h("details", {}, h("summary", {}, label), body);
    menu.hidden = !talk || fresh;
    more.replaceChildren(
      talk && !talk.ended ? part(t("reach"), mailForm(desk, "alamat", "reached", "chat-reach")) : "",
      part(t("transcript"), mailForm(desk, "salinan", "transcribed", "chat-copy")),
      talk && !talk.ended
        ? h(
            "button",
            {
              type: "button",
              class: "small",
              onclick: () => {
                menu.open = false;
                wire.post("akhiri", {}).catch(() => say(t("offline-short")));
              },
            },
            t("end"),
          )
        : "",
    );
  }

  function drawBelow(entry?: Unsent) {
    drawMenu();
    who.hidden = !!talk && !talk.ended;
    const ended = talk?.ended && !fresh;
    greeting.textContent = state?.open === false && (!talk || ended) ? state.away || t("away") : state?.greeting || t("greeting");
    if (ended) {
      const again = h("button", { type: "button", class: "button", onclick: anew }, t("again"));
      below.replaceChildren(
        h("p", { class: "hint", role: "status" }, t("ended")),
        talk!.rating ? h("p", { class: "hint" }, t("rated")) : rateForm(desk),
        again,
      );
    } else if ((!talk || fresh) && state && !state.open) {
      below.replaceChildren(leaveForm(desk, entry));
    } else if (!composer.isConnected) {
      below.replaceChildren(composer);
      if (wanted) text.focus();
    }
    wanted = false;
    draw();
  }

  function anew() {
    fresh = true;
    for (const row of rows.values()) row.remove();
    rows.clear();
    messages.clear();
    drawBelow();
    text.focus();
  }

  // What comes in.
  function hear(told: Told, id: string) {
    if (told.t === "said") {
      if (id) last = id;
      if (!fresh) add(told.messages);
    } else if (told.t === "typing") {
      typing.textContent = t("typing");
      clearTimeout(quiet);
      quiet = window.setTimeout(() => {
        typing.textContent = "";
      }, 6000);
    } else if (told.t === "seen") {
      if (talk && told.id > talk.seen) talk.seen = told.id;
      draw();
    } else if (told.t === "state") {
      const before = talk?.ended;
      if (talk && talk.id === told.talk.id && talk.seen > told.talk.seen) told.talk.seen = talk.seen;
      talk = told.talk;
      if (before !== talk.ended) drawBelow();
      else draw();
    }
  }
  let quiet = 0;

  let rouse: (() => void) | undefined;
  function wake() {
    rouse?.();
  }
  const rest = (ms: number) =>
    new Promise<void>((done) => {
      const timer = setTimeout(done, ms);
      rouse = () => {
        clearTimeout(timer);
        done();
      };
    });

  function connected(now: boolean) {
    if (live === now) return;
    live = now;
    say(now ? "" : t("offline"));
    if (now) queue.soon();
    draw();
  }

  async function stay() {
    for (let wait = 1000; ; ) {
      if (!state) {
        try {
          await look();
          wait = 1000;
        } catch {
          connected(false);
        }
      }
      if (state && talk && !talk.ended) {
        hearing = new AbortController();
        try {
          await wire.hear(last, hearing, hear, () => {
            wait = 1000;
            connected(true);
          });
          if (!hearing.signal.aborted) wait = 1000;
        } catch {
          if (!hearing.signal.aborted) connected(false);
        }
        if (hearing.signal.aborted && navigator.onLine) wait = 100;
      } else if (state) {
        // Nothing to hear yet: a first message wakes it.
        await rest(3_600_000);
        continue;
      }
      await rest(wait * (0.75 + Math.random() / 2));
      wait = Math.min(wait * 2, 30_000);
    }
  }

  async function look() {
    state = (await wire.call("keadaan")) as State;
    talk = state.talk;
    connected(true);
    if (talk) tellHost({ tanggap: "mulai" });
    add(state.messages);
    // From here on what comes is read out; what stood there before is not.
    heard.setAttribute("role", "log");
    heard.setAttribute("aria-live", "polite");
    drawBelow();
    if (queue.all().length > 0) queue.soon();
  }

  function leave() {
    tellHost({ tanggap: "tutup" });
  }

  lastRead = get(`${place}dibaca`) ?? "";
  text.value = get(`${place}tulisan`) ?? "";
  grow();
  drawChosen();
  menu.hidden = true;
  waiting.hidden = true;
  text.addEventListener("input", keep);
  const work = () => {
    if (!talk || talk.ended) proof ??= wire.prove();
  };
  composer.addEventListener("focusin", work, { once: true });
  sends(composer, send);
  mailInput.addEventListener("invalid", () => {
    who.open = true;
  });
  text.addEventListener("keydown", (event) => {
    const finger = matchMedia("(pointer: coarse)").matches;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && !finger) {
      event.preventDefault();
      if (composer.reportValidity()) send();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (menu.open) {
      menu.open = false;
      menu.querySelector("summary")!.focus();
    } else leave();
  });
  document.addEventListener("visibilitychange", mark);
  addEventListener("online", () => {
    wake();
    queue.soon();
  });
  addEventListener("offline", () => {
    hearing?.abort();
    connected(false);
  });
  addEventListener("message", ({ source, origin, data }) => {
    if (source !== parent || origin !== host?.origin) return;
    if (data?.tanggap === "buka" || data?.tanggap === "tutup") {
      inSight = data.tanggap === "buka";
      if (inSight) (text.isConnected ? text : close).focus();
      mark();
    }
  });
  void stay();
}

// A loader says who it is before anything is shown; a frame that stands alone begins at once.
if (framed && location.hash === "#muat") {
  addEventListener("message", function hello({ source, origin, data }) {
    if (source !== parent || data?.tanggap !== "halo" || !isAllowed(origin)) return;
    removeEventListener("message", hello);
    host = { origin, identity: String(data.identitas ?? ""), page: String(data.halaman ?? "") };
    inSight = data.open === true;
    borrow(data.simpanan ?? {}, (kunci, nilai) => tellHost({ tanggap: "simpan", kunci, nilai }));
    begin();
  });
} else {
  inSight = true;
  begin();
}
