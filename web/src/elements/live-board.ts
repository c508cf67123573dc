// <live-board data-src>: lists that follow the server by numbered differences (see lines/live.rs).
//
// The first word after opening is a snapshot. Each difference names its number and the one before;
// a beat names the last. Whatever does not join on, and a silence, is a gap: the board says since
// when it is stale, and asks for a new snapshot. Nothing is ever shown as live that is not.
import { meta } from "../page";

interface Row {
  list: string;
  id: string;
  sort: string;
  html: string;
}
interface Told {
  n: number;
  /** The number before; null: this is everything. Not there: a beat. */
  prev?: number | null;
  /** The time on the server's wall. */
  at: string;
  build: string;
  rows?: Row[];
  gone?: string[];
}

/** The server speaks every five seconds; after so long it has gone silent. */
const SILENCE_MS = 12_000;
const LOOK_MS = 1_000;
const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 15_000;

export class LiveBoard extends HTMLElement {
  private source: EventSource | undefined;
  private n: number | undefined;
  private heardAt = 0;
  private told = "";
  private failures = 0;
  private retry = 0;
  private watch = 0;
  private readonly later = new Map<string, Row>();

  private readonly sight = () => {
    // A screen on a wall is always in sight; a tab in the background gives its connection back.
    if (!document.hidden) this.open();
    else if (!this.hasAttribute("data-wall")) this.pause();
  };

  private readonly closed = (event: Event) => {
    const row = (event.target as Element).closest?.("[data-list] > *");
    const waiting = row && this.later.get(row.id);
    if (!waiting || row.querySelector("details[open]")) return;
    this.later.delete(row.id);
    this.put(waiting);
  };

  connectedCallback(): void {
    document.addEventListener("visibilitychange", this.sight);
    this.addEventListener("toggle", this.closed, true);
    this.watch = window.setInterval(() => {
      const silent = this.source && performance.now() - this.heardAt > SILENCE_MS;
      if (silent) this.gap();
    }, LOOK_MS);
    this.sight();
  }

  disconnectedCallback(): void {
    document.removeEventListener("visibilitychange", this.sight);
    this.removeEventListener("toggle", this.closed, true);
    clearInterval(this.watch);
    this.pause();
  }

  private pause(): void {
    this.source?.close();
    this.source = undefined;
    clearTimeout(this.retry);
    this.mark(false);
  }

  private open(): void {
    if (this.source) return;
    clearTimeout(this.retry);
    this.n = undefined;
    this.heardAt = performance.now();
    const source = new EventSource(this.dataset.src ?? "");
    this.source = source;
    source.onmessage = ({ data }) => {
      if (source === this.source) this.hear(JSON.parse(data));
    };
    source.addEventListener("gap", () => this.gap());
    source.onerror = () => {
      if (source === this.source) this.gap();
    };
  }

  private hear(told: Told): void {
    const { n, prev } = told;
    if (prev === null) this.everything(told);
    else if (this.n === undefined) return; // Of before our snapshot, which is on its way.
    else if (prev === undefined ? n !== this.n : n > this.n && prev !== this.n) return this.gap();
    else if (prev !== undefined && n > this.n) this.apply(told);
    this.n = Math.max(n, prev === null ? n : (this.n ?? 0));
    this.heardAt = performance.now();
    this.failures = 0;
    this.told = told.at;
    this.mark(true);
    this.dispatchEvent(new CustomEvent("told", { detail: told }));
  }

  /** Something was missed, or nobody speaks: stale until a new snapshot is there. */
  private gap(): void {
    this.pause();
    this.failures++;
    this.dispatchEvent(new CustomEvent("gap", { detail: this.failures }));
    const wait = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** (this.failures - 1));
    const soon = () => {
      if (!document.hidden || this.hasAttribute("data-wall")) this.open();
    };
    this.retry = window.setTimeout(soon, this.failures > 1 ? wait * (0.75 + Math.random() / 2) : 0);
  }

  private mark(live: boolean): void {
    this.dataset.state = live ? "live" : "stale";
    const { live: words = "", stale = "", lost = "" } = this.dataset;
    const text = (live ? words : this.told ? stale : lost).replace("{time}", this.told);
    const state = this.querySelector(".board-state");
    if (state && state.textContent !== text) state.textContent = text;
  }

  private everything(told: Told): void {
    const kept = new Set(told.rows?.map((row) => row.id));
    const shown = this.querySelectorAll<HTMLElement>("[data-list] > [id]");
    const gone = [...shown].map((row) => row.id).filter((id) => !kept.has(id));
    this.apply({ ...told, gone });
  }

  private apply({ rows = [], gone = [] }: Told): void {
    for (const id of gone) {
      this.later.delete(id);
      this.row(id)?.remove();
    }
    for (const row of rows) {
      // What somebody has open stays as it is until they close it.
      if (this.row(row.id)?.querySelector("details[open]")) this.later.set(row.id, row);
      else this.put(row);
    }
    for (const empty of this.querySelectorAll<HTMLElement>("[data-empty]")) {
      const list = this.querySelector(`[data-list="${empty.dataset.empty}"]`);
      empty.hidden = !!list?.firstElementChild;
    }
  }

  private row(id: string): HTMLElement | null {
    return this.querySelector(`[data-list] > #${CSS.escape(id)}`);
  }

  private put({ list, id, sort, html }: Row): void {
    const into = this.querySelector(`[data-list="${list}"]`);
    const template = document.createElement("template");
    template.innerHTML = html;
    const fresh = template.content.firstElementChild as HTMLElement | null;
    if (!into || !fresh) return;
    for (const token of fresh.querySelectorAll<HTMLInputElement>("input[name=csrf]")) {
      token.value = meta("csrf");
    }
    const known = this.row(id);
    if (known) {
      const focused = document.activeElement as HTMLElement | null;
      const key = focused && known.contains(focused) ? focused.dataset.key : undefined;
      if (known.dataset.sort === (fresh.dataset.sort ?? "")) known.replaceWith(fresh);
      else known.remove();
      if (key) fresh.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus();
      if (fresh.isConnected) return;
    }
    const after = [...into.children].find((row) => ((row as HTMLElement).dataset.sort ?? "") > sort);
    into.insertBefore(fresh, after ?? null);
  }
}
