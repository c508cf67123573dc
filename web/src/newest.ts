// A case or a talk opens at its newest entry, and shows what one just sent. What comes meanwhile is
// followed only by whoever looks at the end: nothing jumps while somebody reads further up.

interface Before {
  pane: HTMLElement;
  top: number;
  /** Whether the end was in sight. */
  end: boolean;
  entries: number;
}

const GAP_PX = 12;
const END_PX = 32;
/** One pane at a time: a case begins with what it is and what can be done with it. */
const NARROW = "(max-width: 62rem)";

const opened = new WeakSet<Element>();
let before: Before | undefined;
let sent = false;

const find = () => document.querySelector<HTMLElement>(".pane-case:has(> .timeline)");
const entries = (pane: HTMLElement) =>
  pane.querySelectorAll<HTMLElement>(":scope > .timeline > .entry");

/** A pane that scrolls by itself, or where panes lie below each other the page. */
function scroller(pane: HTMLElement): Element {
  const own = getComputedStyle(pane).overflowY !== "visible";
  return own ? pane : document.scrollingElement!;
}

/** What lies over the pane while it scrolls. */
function over(pane: HTMLElement, selector: string): DOMRect | undefined {
  const part = pane.querySelector<HTMLElement>(selector);
  return part && getComputedStyle(part).position === "sticky"
    ? part.getBoundingClientRect()
    : undefined;
}

/** The room in which entries are seen, in the window's pixels. */
function room(pane: HTMLElement): { top: number; bottom: number } {
  const own = scroller(pane) === pane;
  const box = pane.getBoundingClientRect();
  const bar = document.querySelector(".topbar")?.getBoundingClientRect().bottom ?? 0;
  const top = Math.max(over(pane, ":scope > .case-head")?.bottom ?? 0, own ? box.top : bar);
  return { top, bottom: over(pane, ".composer-wrap")?.top ?? (own ? box.bottom : innerHeight) };
}

/** The newest entry whole; where it is too long, its beginning. */
function toNewest(pane: HTMLElement): void {
  const newest = [...entries(pane)].at(-1)?.getBoundingClientRect();
  if (!newest) return;
  const { top, bottom } = room(pane);
  const down = Math.min(newest.bottom - bottom, newest.top - top) + GAP_PX;
  if (down > 0) scroller(pane).scrollTop += down;
}

function open(pane: HTMLElement): void {
  opened.add(pane);
  if (location.hash) return;
  const isCase = !!pane.closest("#laporan");
  if (isCase && matchMedia(NARROW).matches) document.scrollingElement!.scrollTop = 0;
  else toNewest(pane);
}

function look(): void {
  const pane = find();
  if (!pane) {
    before = undefined;
    return;
  }
  const newest = [...entries(pane)].at(-1)?.getBoundingClientRect();
  const end = !newest || newest.bottom <= room(pane).bottom + END_PX;
  before = { pane, top: scroller(pane).scrollTop, end, entries: entries(pane).length };
}

/** Whoever looked at the end goes on looking at it. */
function follow(pane: HTMLElement, was: Before | undefined): void {
  if (was?.end && entries(pane).length > was.entries) toNewest(pane);
}

document.addEventListener("turbo:submit-end", (event) => {
  const { detail, target } = event as CustomEvent<{ success: boolean }>;
  sent = detail.success && (target as Element).id === "langkah";
});

document.addEventListener("turbo:before-frame-render", look);
document.addEventListener("turbo:frame-render", () => {
  const [pane, was, wrote] = [find(), before, sent];
  before = undefined;
  sent = false;
  if (!pane) return;
  if (opened.has(pane)) follow(pane, was);
  else if (was && was.pane.id === pane.id) {
    opened.add(pane);
    scroller(pane).scrollTop = was.top;
    if (wrote) toNewest(pane);
    else follow(pane, was);
  } else open(pane);
});

document.addEventListener("turbo:before-render", look);
document.addEventListener("turbo:load", () => {
  const pane = find();
  if (pane && opened.has(pane)) follow(pane, before);
  else if (pane) open(pane);
  before = undefined;
  sent = false;
});
