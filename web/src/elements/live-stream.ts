// <live-stream src topics last>: changes as they happen. A browser holds one EventSource for all
// its tabs, since HTTP/1.1 allows six connections and people open ten tabs: the tab that holds
// the lock listens for the topics of all and hands what comes to the others.
//
// Events: `message` carries Turbo Stream elements; `refresh` names a topic whose pages should
// fetch themselves again and morph; `gap` says that something was missed. `last` is the number
// of the last event that the page already shows: what came between its making and its hearing is
// sent again, and every change may be applied twice.
import { session } from "@hotwired/turbo";
import { change } from "../page";

type Note =
  | { kind: "wanted"; tab: string; topics: string[]; shown: string }
  | { kind: "left"; tab: string }
  | { kind: "who" }
  | { kind: "message"; data: string; id: string }
  | { kind: "refresh"; topic: string; id: string }
  | { kind: "online"; online: boolean };

const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 30_000;
// Switching pages takes a topic away and brings it back; the stream should not notice.
const SETTLE_MS = 150;
const REFRESH_MS = 300;

// A page that fetches itself breaks off what it is just sending.
const sending = new Set<unknown>();
type Submitting = CustomEvent<{ formSubmission: unknown }>;
addEventListener("turbo:submit-start", (event) =>
  sending.add((event as Submitting).detail.formSubmission),
);
addEventListener("turbo:submit-end", (event) =>
  sending.delete((event as Submitting).detail.formSubmission),
);

class Hub {
  private readonly tab = crypto.getRandomValues(new Uint32Array(2)).join("-");
  private readonly channel: BroadcastChannel;
  private readonly elements = new Set<LiveStream>();
  private readonly wanted = new Map<string, string[]>();
  private source: EventSource | undefined;
  private leading = false;
  private listening = "";
  private last = "";
  private failures = 0;
  private settle = 0;
  private refreshing = 0;

  constructor(private readonly src: string) {
    this.channel = new BroadcastChannel(`live:${src}`);
    this.channel.onmessage = ({ data }: MessageEvent<Note>) => this.heard(data);
    addEventListener("pagehide", () => this.say({ kind: "left", tab: this.tab }));
    addEventListener("pageshow", ({ persisted }) => {
      if (persisted) this.refresh();
    });
    const lead = () => {
      this.leading = true;
      this.say({ kind: "who" });
      this.soon();
      return new Promise<void>(() => {});
    };
    // Without locks (pages without TLS) each tab listens for itself.
    if (navigator.locks) void navigator.locks.request(`live:${src}`, lead);
    else void lead();
  }

  add(element: LiveStream): void {
    this.elements.add(element);
    this.soon();
  }

  remove(element: LiveStream): void {
    this.elements.delete(element);
    this.soon();
  }

  private topics(): string[] {
    return [...this.elements].flatMap((element) => element.topics);
  }

  private soon(): void {
    clearTimeout(this.settle);
    this.settle = window.setTimeout(() => {
      // The oldest of what the parts of the page show.
      const all = [...this.elements].map((element) => element.takeShown()).filter(Boolean);
      const shown = all.length > 0 ? String(Math.min(...all.map(Number))) : "";
      const note: Note = { kind: "wanted", tab: this.tab, topics: this.topics(), shown };
      this.say(note);
      this.heard(note);
    }, SETTLE_MS);
  }

  private say(note: Note): void {
    this.channel.postMessage(note);
  }

  private heard(note: Note): void {
    switch (note.kind) {
      case "wanted":
        this.wanted.set(note.tab, note.topics);
        if (this.leading) this.listen(note.shown);
        break;
      case "left":
        this.wanted.delete(note.tab);
        break;
      case "who":
        this.say({ kind: "wanted", tab: this.tab, topics: this.topics(), shown: "" });
        break;
      case "message":
        this.last = note.id || this.last;
        change(note.data);
        break;
      case "refresh":
        this.last = note.id || this.last;
        this.wake(note.topic);
        break;
      case "online":
        this.mark(note.online);
        break;
    }
  }

  /** Opens the stream anew where the topics have changed, or a page shows less than was sent. */
  private listen(shown = ""): void {
    const behind = shown !== "" && this.last !== "" && Number(shown) < Number(this.last);
    if (behind || !this.last) this.last = shown || this.last;
    const topics = [...new Set([...this.wanted.values()].flat())].sort().join(" ");
    if (topics === this.listening && this.source && !behind) return;
    this.listening = topics;
    this.source?.close();
    this.source = undefined;
    if (!topics) return;
    const url = new URL(this.src, location.href);
    url.searchParams.set("topics", topics);
    if (this.last) url.searchParams.set("last", this.last);
    const source = new EventSource(url);
    this.source = source;
    source.onopen = () => {
      // Without a last id nobody can tell what was missed while away.
      if (this.failures > 0 && !this.last) this.tell({ kind: "refresh", topic: "", id: "" });
      this.failures = 0;
      this.tell({ kind: "online", online: true });
    };
    source.onerror = () => this.failed(source);
    source.onmessage = ({ data, lastEventId: id }) => this.tell({ kind: "message", data, id });
    source.addEventListener("refresh", ({ data, lastEventId: id }) =>
      this.tell({ kind: "refresh", topic: data, id }),
    );
    source.addEventListener("gap", ({ lastEventId: id }) =>
      this.tell({ kind: "refresh", topic: "", id }),
    );
  }

  private failed(source: EventSource): void {
    if (source !== this.source) return;
    source.close();
    this.source = undefined;
    this.failures++;
    this.tell({ kind: "online", online: false });
    const wait = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(this.failures - 1, 5));
    setTimeout(() => this.listen(), wait * (0.75 + Math.random() / 2));
  }

  private tell(note: Note): void {
    this.say(note);
    this.heard(note);
  }

  private wake(topic: string): void {
    if (topic && !this.topics().includes(topic)) return;
    clearTimeout(this.refreshing);
    this.refreshing = window.setTimeout(() => this.refresh(), REFRESH_MS);
  }

  private refresh(): void {
    // A page keeps still while a dialog is open on it and while a form is on its way.
    if (sending.size > 0 || document.querySelector("dialog[open]")) this.wake("");
    else session.refresh(document.baseURI);
  }

  private mark(online: boolean): void {
    document.documentElement.toggleAttribute("data-stale", !online);
    for (const element of this.elements) element.tell(online);
  }
}

const hubs = new Map<string, Hub>();

export class LiveStream extends HTMLElement {
  private hub: Hub | undefined;
  private shown = "";

  get topics(): string[] {
    return (this.getAttribute("topics") ?? "").split(" ").filter(Boolean);
  }

  /** What the page showed when it was made; told once. */
  takeShown(): string {
    const { shown } = this;
    this.shown = "";
    return shown;
  }

  static observedAttributes = ["topics"];

  attributeChangedCallback(): void {
    this.hub?.add(this);
  }

  connectedCallback(): void {
    const src = this.getAttribute("src") ?? "";
    const hub = hubs.get(src) ?? new Hub(src);
    hubs.set(src, hub);
    this.hub = hub;
    this.shown = this.getAttribute("last") ?? "";
    hub.add(this);
  }

  disconnectedCallback(): void {
    this.hub?.remove(this);
    this.hub = undefined;
  }

  tell(online: boolean): void {
    const state = this.querySelector<HTMLElement>(".live-state");
    if (state) state.textContent = online ? "" : (state.dataset.offline ?? "");
  }
}
