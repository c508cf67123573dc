// <case-list data-queue data-limit>: rows one walks through by keyboard, kept in order while they
// change. The stream action `upsert` puts a row where its `data-sort` belongs if the list's queue
// is among the row's `data-queues`, and takes it away if not.
import { StreamActions } from "@hotwired/turbo";
import { typing } from "../page";

const before = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

export class CaseList extends HTMLElement {
  /** Where the row stood whose case is open beside the list; it may have left since. */
  private at = -1;
  private readonly onKey = (event: KeyboardEvent) => this.key(event);
  private readonly onFrame = () => this.mark();

  connectedCallback(): void {
    document.addEventListener("keydown", this.onKey);
    document.addEventListener("turbo:frame-load", this.onFrame);
  }

  disconnectedCallback(): void {
    document.removeEventListener("keydown", this.onKey);
    document.removeEventListener("turbo:frame-load", this.onFrame);
  }

  /** Marks the row whose case is open beside the list. */
  mark(): void {
    const shown = document.querySelector(".case-head")?.closest("turbo-frame");
    if (!shown) return;
    // A frame that came with its page has no source: it is the page.
    const open = new URL(shown.getAttribute("src") ?? "", location.href).pathname;
    for (const [at, link] of this.links.entries()) {
      const isOpen = link.pathname === open;
      if (isOpen) this.at = at;
      if (isOpen) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  /** The row of the case beside the list; where that has left, the one that took its place. */
  get current(): HTMLAnchorElement | undefined {
    const links = this.links;
    const open = links.find((link) => link.hasAttribute("aria-current"));
    return open ?? links[Math.max(0, this.at)] ?? links.at(-1);
  }

  private get rows(): HTMLElement {
    return this.querySelector<HTMLElement>("[data-rows]") ?? this;
  }

  private get links(): HTMLAnchorElement[] {
    return [...this.querySelectorAll<HTMLAnchorElement>(".case-link")];
  }

  private key(event: KeyboardEvent): void {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || typing(target)) return;
    if (document.querySelector("dialog[open]") || !this.checkVisibility()) return;
    const inside = target instanceof Node && this.contains(target);
    const step =
      key === "j" || (inside && key === "ArrowDown")
        ? 1
        : key === "k" || (inside && key === "ArrowUp")
          ? -1
          : 0;
    if (step) {
      event.preventDefault();
      this.move(step);
    }
  }

  private move(step: number): void {
    const links = this.links;
    const focused = links.indexOf(document.activeElement as HTMLAnchorElement);
    const current = links.findIndex((link) => link.hasAttribute("aria-current"));
    // From where a row was that has left, down is the one that took its place.
    const gone = this.at - (step > 0 ? 1 : 0);
    const from = [focused, current, gone].find((at) => at >= 0) ?? -1;
    const to = Math.min(links.length - 1, Math.max(0, from + step));
    links[to]?.focus();
    links[to]?.scrollIntoView({ block: "nearest" });
  }

  /** Puts a row in its place, or takes it away. */
  upsert(fresh: HTMLElement): void {
    const rows = this.rows;
    const old = document.getElementById(fresh.id);
    const held = old && rows.contains(old) ? old : null;
    const queues = (fresh.dataset.queues ?? "").split(" ");
    if (this.dataset.queue && !queues.includes(this.dataset.queue)) {
      held?.remove();
      this.emptied();
      return;
    }
    const focused = held?.contains(document.activeElement);
    const current = held?.querySelector(".case-link")?.hasAttribute("aria-current");
    const sort = fresh.dataset.sort ?? "";
    const others = [...rows.children].filter((row): row is HTMLElement => row !== held);
    const next = others.find((row) => before(sort, row.dataset.sort ?? "") < 0);
    const limit = Number(this.dataset.limit) || Number.POSITIVE_INFINITY;
    held?.remove();
    // What sorts after a full page belongs to the next one.
    if (!next && others.length >= limit) return;
    if (!held) fresh.dataset.new = "";
    if (current) fresh.querySelector(".case-link")?.setAttribute("aria-current", "true");
    rows.insertBefore(fresh, next ?? null);
    if (focused) fresh.querySelector<HTMLElement>(".case-link")?.focus();
    while (rows.children.length > limit) rows.lastElementChild?.remove();
    this.emptied();
  }

  private emptied(): void {
    const nothing = this.querySelector<HTMLElement>("[data-empty]");
    if (nothing) nothing.hidden = this.rows.children.length > 0;
  }
}

StreamActions.upsert = function () {
  const row = this.templateContent.firstElementChild;
  if (!(row instanceof HTMLElement)) return;
  for (const list of this.targetElements) {
    if (list instanceof CaseList) list.upsert(row.cloneNode(true) as HTMLElement);
  }
};
