// Who comes back to a list (by the browser, by the link above a case, after a reload) finds it
// where it was: the same page of the same queue, as far down, at the row that was opened last.
// What a list showed is kept for this tab alone.
import { pagesBelow, showBelow } from "./more-rows";
import type { Frame } from "./reload";

interface Place {
  top: number;
  /** How many pages it showed below its first. */
  below?: number;
  /** The row opened last: its address, and how far down it stood. */
  link?: string;
  at?: number;
}

const LIST = "/meja";
/** What the tab keeps: the list it showed last, and the place in each. */
const LAST = "list";
const of = (url: string) => `list:${url}`;

let returning = ["reload", "back_forward"].includes(
  (performance.getEntriesByType("navigation")[0] as PerformanceNavigationTiming | undefined)
    ?.type ?? "",
);
const settled = new WeakSet<Element>();

const frame = () => document.querySelector<Frame>(".list-frame");
const pane = () => document.querySelector<HTMLElement>(".pane-list:has(.list-frame)");
const local = (url: string) => {
  const { pathname, search } = new URL(url, location.href);
  return pathname + search;
};

/** The list that is shown, or was shown last in this tab. */
export function shownList(): string | undefined {
  const list = frame();
  if (list?.src) return local(list.src);
  return list?.dataset.shown ?? sessionStorage.getItem(LAST) ?? undefined;
}

/** The list beside a case: that of the server, as this tab showed it. */
function besideCase(src: string): string {
  const last = sessionStorage.getItem(LAST);
  if (!last) return src;
  const queue = (url: string) => new URL(url, location.href).searchParams.get("antrean");
  return [null, queue(src)].includes(queue(last)) ? last : src;
}

function placeOf(url: string): Place {
  return JSON.parse(sessionStorage.getItem(of(url)) ?? '{"top":0}') as Place;
}

/** A pane that scrolls by itself, or on a narrow screen the page. */
function scroller(list: HTMLElement): Element {
  const own = getComputedStyle(list).overflowY !== "visible";
  return own ? list : document.scrollingElement!;
}

function keep(more: Partial<Place> = {}): void {
  const list = pane();
  const url = shownList();
  if (!list?.querySelector("case-list") || !list.checkVisibility() || !url) return;
  const [top, below] = [scroller(list).scrollTop, pagesBelow(list)];
  const place: Place = { ...placeOf(url), ...more, top, below };
  sessionStorage.setItem(of(url), JSON.stringify(place));
}

async function comeBack(): Promise<void> {
  const list = pane();
  const rows = list?.querySelector("case-list");
  const url = shownList();
  if (!list || !rows || settled.has(rows) || !url) return;
  settled.add(rows);
  const alone = location.pathname === LIST;
  if (alone && !returning) return;
  returning = false;
  if (!list.checkVisibility()) return;
  const { top, link, at, below = 0 } = placeOf(url);
  if (below > pagesBelow(list)) await showBelow(list, below);
  scroller(list).scrollTop = top;
  const now = document.activeElement;
  if (!alone || !link || (now !== document.body && now?.id !== "utama")) return;
  // Where the case has left the list, the row that took its place.
  const links = [...rows.querySelectorAll<HTMLAnchorElement>(".case-link")];
  const row = links.find((row) => row.pathname === link) ?? links[at ?? 0] ?? links.at(-1);
  row?.focus({ preventScroll: true });
}

document.addEventListener("turbo:click", ({ target }) => {
  const link = (target as Element).closest<HTMLAnchorElement>("a");
  if (link?.matches(".pane-back")) returning = true;
  const row = link?.closest(".pane-list case-list .case-row");
  if (!link || !row) return keep();
  keep({ link: link.pathname, at: [...row.parentElement!.children].indexOf(row) });
});
document.addEventListener("turbo:visit", (event) => {
  if ((event as CustomEvent<{ action: string }>).detail.action !== "restore") return;
  keep();
  returning = true;
});
document.addEventListener("turbo:submit-start", () => keep());
addEventListener("pagehide", () => keep());

// The link above a case leads to the list that was left.
document.addEventListener("click", ({ target }) => {
  const back = (target as Element).closest<HTMLAnchorElement>("a.pane-back");
  const last = sessionStorage.getItem(LAST);
  if (back?.pathname === LIST && last) back.href = last;
});

// The list that is fetched again, as far as it was shown.
type Rendering = CustomEvent<{ newFrame: HTMLElement; resume(): void }>;
document.addEventListener("turbo:before-frame-render", (event) => {
  const { newFrame, resume } = (event as Rendering).detail;
  const below = event.target === frame() ? pagesBelow(event.target as Element) : 0;
  if (!below) return;
  event.preventDefault();
  void showBelow(newFrame, below).finally(resume);
});

document.addEventListener("turbo:frame-load", ({ target }) => {
  if (target === frame()) void comeBack();
});

document.addEventListener("turbo:load", () => {
  const list = frame();
  if (list?.src && list.querySelector(".list-wait")) {
    const src = besideCase(list.getAttribute("src")!);
    if (src !== list.getAttribute("src")) list.src = src;
    // A frame that has begun to load by itself does not see another address.
    if (list.checkVisibility()) list.setAttribute("loading", "eager");
  } else if (list && location.pathname === LIST) {
    list.dataset.shown = location.pathname + location.search;
  }
  const shown = list && shownList();
  if (shown) sessionStorage.setItem(LAST, shown);
  void comeBack();
  returning = false;
});
