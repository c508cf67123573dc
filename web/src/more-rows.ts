// "More" at the end of a list puts the next rows below those that are there, and the focus goes on
// at the first of them. Whatever fetches the list anew fetches as many pages again. Without scripts,
// or where that fails, the link leads to the next page.
import { CaseList } from "./elements/case-list";

const NEXT = ".pager a[rel=next]";
const PAGES_MAX = 20;

const listOf = (pane: ParentNode) => pane.querySelector<HTMLElement>("case-list");

/** How many pages a list shows below its first. */
export function pagesBelow(pane: ParentNode): number {
  return Number(listOf(pane)?.dataset.below ?? 0);
}

/** Puts one page more below: its first row; none where nothing was left. */
async function append(pane: ParentNode): Promise<Element | undefined> {
  const [list, link] = [listOf(pane), pane.querySelector<HTMLAnchorElement>(NEXT)];
  if (!list || !link) return;
  // The desk gives the list alone to whoever asks for that frame.
  const headers = { Accept: "text/html", "Turbo-Frame": "kolom-daftar" };
  const answer = await fetch(link.getAttribute("href")!, { headers });
  if (!answer.ok) throw new Error(String(answer.status));
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const place = (row: Element) => row.querySelector("a")?.pathname;
  const rows = list.querySelector("[data-rows]")!;
  // What moved down meanwhile stands in both.
  const known = new Set([...rows.children].map(place));
  const fresh = [...page.querySelectorAll("case-list [data-rows] > *")]
    .filter((row) => !known.has(place(row)))
    .map((row) => document.importNode(row, true));
  rows.append(...fresh);
  if (list instanceof CaseList && list.isConnected) list.mark();
  list.dataset.below = String(pagesBelow(pane) + 1);
  if (list.dataset.limit) list.dataset.limit = String(Number(list.dataset.limit) + fresh.length);
  const more = page.querySelector(NEXT);
  if (more) link.replaceWith(document.importNode(more, true));
  else link.closest(".pager")?.remove();
  return fresh[0];
}

/** Shows as many pages below the first as there were. */
export async function showBelow(pane: ParentNode, pages: number): Promise<void> {
  const wanted = Math.min(pages, PAGES_MAX);
  while (pagesBelow(pane) < wanted && pane.querySelector(NEXT)) {
    const more = await append(pane).catch(() => undefined);
    if (!more) return;
  }
}

document.addEventListener(
  "click",
  (event) => {
    const link = (event.target as Element).closest<HTMLAnchorElement>(`.pane-list ${NEXT}`);
    const pane = link?.closest<HTMLElement>(".pane-list");
    const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
    if (!link || !pane || !plain || pagesBelow(pane) >= PAGES_MAX) return;
    event.preventDefault();
    event.stopPropagation();
    if (pane.ariaBusy === "true") return;
    pane.ariaBusy = "true";
    void append(pane)
      .then((first) => first?.querySelector("a")?.focus())
      .catch(() => location.assign(link.href))
      .finally(() => {
        pane.ariaBusy = null;
      });
  },
  true,
);

type Rendering = CustomEvent<{ newBody: HTMLElement; renderMethod: string; resume(): void }>;
// The page that refreshes itself.
document.addEventListener("turbo:before-render", (event) => {
  const { detail } = event as Rendering;
  const below = detail.renderMethod === "morph" ? pagesBelow(document) : 0;
  if (!below || !listOf(detail.newBody)) return;
  event.preventDefault();
  void showBelow(detail.newBody, below).finally(detail.resume);
});
