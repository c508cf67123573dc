// The one script that a host page names: a button and a frame of ours, nothing else of the page is
// touched. Styles are set by scripts only, so that a strict content security policy allows them.

declare const TEXTS: Record<string, Record<"title" | "open" | "close" | "new-count", string>>;

const script =
  (document.currentScript as HTMLScriptElement | null) ??
  document.querySelector<HTMLScriptElement>('script[data-akun][src*="/obrolan.js"]');

const STYLE = `
:host { all: initial; color-scheme: light dark; }
button, .panel { position: fixed; z-index: 2147483000; inset-inline-end: 16px; border: 0; }
button { inset-block-end: 16px; display: flex; gap: 8px; align-items: center; min-height: 52px;
  padding: 0 20px; font: 600 16px/1.2 system-ui, sans-serif; color: #fff; background: #0b5f63;
  border: 2px solid #fff; border-radius: 99px; cursor: pointer;
  box-shadow: 0 4px 14px rgb(0 0 0 / 25%); }
button:hover { background: #084a50; }
button:focus-visible { outline: 3px solid #f0a93b; outline-offset: 2px; }
svg { width: 24px; height: 24px; fill: none; stroke: currentColor; stroke-width: 2;
  stroke-linejoin: round; }
.count { min-width: 24px; padding: 2px 6px; box-sizing: border-box; text-align: center;
  color: #17262a; background: #f0a93b; border-radius: 99px; font-size: 14px; }
.panel { inset-block-end: 84px; width: 384px; height: min(600px, calc(100dvh - 104px));
  overflow: hidden; border-radius: 14px; background: Canvas;
  box-shadow: 0 8px 40px rgb(0 0 0 / 30%); }
iframe { display: block; width: 100%; height: 100%; border: 0; }
[hidden] { display: none; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (max-width: 480px) {
  .panel { inset: 0; width: 100%; height: 100dvh; border-radius: 0; }
  .open { display: none; }
}
@media (prefers-reduced-motion: no-preference) {
  .panel:not([hidden]) { animation: in 140ms ease-out; }
  @keyframes in { from { opacity: 0; transform: translateY(12px); } }
}
@media print { :host { display: none; } }
`;

/** Before the names of what is kept for the frame. */
const KEPT = "tanggap-";

function start({ src, dataset }: HTMLScriptElement): void {
  const base = src.replace(/\/obrolan\.js.*$/, "");
  const { origin } = new URL(base);
  const page = document.documentElement.lang.toLowerCase().startsWith("en") ? "en" : "id";
  const lang = dataset.bahasa && TEXTS[dataset.bahasa] ? dataset.bahasa : page;
  const text = TEXTS[lang]!;
  const narrow = matchMedia("(max-width: 480px)");
  const remember = (store: "localStorage" | "sessionStorage", value?: string | null) => {
    try {
      const key = "tanggap-obrolan";
      if (value === undefined) return window[store].getItem(key);
      if (value === null) window[store].removeItem(key);
      else window[store].setItem(key, value);
    } catch {
      // A page without storage forgets that the chat was open.
    }
    return null;
  };

  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  const button = document.createElement("button");
  button.type = "button";
  button.lang = lang;
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", "M5 4h14a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-7l-5 4v-4H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2z");
  drawing.append(path);
  const label = document.createElement("span");
  const count = document.createElement("span");
  count.className = "count";
  count.hidden = true;
  button.append(drawing, label, count);
  const panel = document.createElement("div");
  panel.className = "panel";
  panel.hidden = true;
  panel.setAttribute("role", "dialog");
  panel.setAttribute("aria-label", text.title);
  const told = document.createElement("div");
  told.className = "sr";
  told.setAttribute("role", "status");
  root.append(button, panel, told);

  let frame: HTMLIFrameElement | undefined;
  let ready = false;
  let open = false;
  let unread = 0;
  let quiet: HTMLElement[] = [];
  const tell = (what: object) => frame?.contentWindow?.postMessage(what, origin);

  // For browsers that give the frame no storage of its own.
  const kept = () => {
    const all: Record<string, string> = {};
    try {
      for (let i = 0; i < localStorage.length; i++) {
        const key = localStorage.key(i)!;
        if (key.startsWith(KEPT)) all[key.slice(KEPT.length)] = localStorage.getItem(key)!;
      }
    } catch {
      // Nothing is kept here either.
    }
    return all;
  };
  const keep = (key: unknown, value: unknown) => {
    if (typeof key !== "string" || key.length > 200) return;
    try {
      if (typeof value === "string") localStorage.setItem(KEPT + key, value.slice(0, 20_000));
      else localStorage.removeItem(KEPT + key);
    } catch {
      // It lasts as long as the page.
    }
  };

  const hello = () => {
    ready = true;
    const { identitas } = script!.dataset;
    tell({ tanggap: "halo", identitas, halaman: location.href.split(/[?#]/)[0], open, simpanan: kept() });
  };
  const load = () => {
    if (frame) return;
    frame = document.createElement("iframe");
    frame.title = text.title;
    frame.setAttribute(
      "sandbox",
      "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads",
    );
    frame.onload = hello;
    const query = new URLSearchParams({ akun: dataset.akun ?? "", bahasa: lang });
    frame.src = `${base}/obrolan/bingkai?${query}#muat`;
    panel.append(frame);
  };
  const show = () => {
    label.textContent = open ? text.close : text.title;
    button.setAttribute("aria-expanded", `${open}`);
    button.setAttribute("aria-haspopup", "dialog");
    button.className = open ? "open" : "";
    count.hidden = open || !unread;
    count.textContent = `${unread}`;
    button.setAttribute(
      "aria-label",
      open
        ? text.close
        : unread
          ? `${text.open}. ${text["new-count"].replace("{n}", `${unread}`)}`
          : text.open,
    );
    panel.hidden = !open;
    // Over the whole screen it is the only thing there is; beside a page it leaves that alone.
    for (const element of quiet) element.inert = false;
    quiet = [];
    panel.removeAttribute("aria-modal");
    if (open && narrow.matches) {
      panel.setAttribute("aria-modal", "true");
      for (const element of document.body.children) {
        if (element !== host && element instanceof HTMLElement && !element.inert) {
          element.inert = true;
          quiet.push(element);
        }
      }
    }
  };
  const toggle = (to: boolean) => {
    open = to;
    load();
    show();
    remember("sessionStorage", open ? "1" : null);
    if (ready) tell({ tanggap: open ? "buka" : "tutup" });
    if (open) frame!.focus();
    else button.focus();
  };

  button.onclick = () => toggle(!open);
  narrow.addEventListener("change", show);
  host.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && open) toggle(false);
  });
  addEventListener("message", ({ origin: from, source, data }) => {
    if (from !== origin || !frame || source !== frame.contentWindow || !data) return;
    if (data.tanggap === "tutup") toggle(false);
    else if (data.tanggap === "mulai") remember("localStorage", "1");
    else if (data.tanggap === "simpan") keep(data.kunci, data.nilai);
    else if (data.tanggap === "baru" && Number.isInteger(data.n)) {
      if (data.n > unread) told.textContent = text["new-count"].replace("{n}", data.n);
      unread = data.n;
      show();
    }
  });
  show();
  document.body.append(host);
  if (remember("sessionStorage")) {
    open = true;
    load();
    show();
  } else if (remember("localStorage")) {
    load();
  }
}

if (script) {
  if (document.body) start(script);
  else addEventListener("DOMContentLoaded", () => start(script));
}
