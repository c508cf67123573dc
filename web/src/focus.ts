// The focus goes on with the work: into the case that a key opened, into the form of a step, to
// what was refused, back to what was pressed; Escape leads from a case to its row. It never gets
// lost with what a part of the page is exchanged for.
import type { CaseList } from "./elements/case-list";
import { typing } from "./page";

type Cause =
  | { kind: "opened"; url: string }
  | { kind: "step"; url: string; left: string }
  | { kind: "taken" | "refused"; answer: unknown; beside: boolean };

const FIELD = "#langkah :is(textarea, select, input:not([type=hidden], [type=file])):enabled";
const TITLE = ".case-head h1";

let cause: Cause | undefined;
/** Where the focus was in a part of the page before it was exchanged. */
let held: { again: string; beside: boolean } | undefined;

const find = (selector: string) => document.querySelector<HTMLElement>(selector);
const lost = () => !document.activeElement || document.activeElement === document.body;
const casePane = () => find(".pane-case:not(.pane-none)");

/** Leads the focus to the first of them that can have it. */
function lead(...places: (HTMLElement | null | undefined)[]): void {
  for (const place of places) {
    place?.focus({ preventScroll: true });
    if (place && place === document.activeElement) return;
  }
}

/** The button of a step; where it is folded away, what it is folded behind. */
function stepButton(step: string): HTMLElement | null | undefined {
  const link = find(`#laporan a[href$="langkah=${CSS.escape(step)}"]`);
  const menu = link?.closest("details:not([open])");
  return menu ? menu.querySelector("summary") : link;
}

/** How the same control is found again in what replaces it. */
function sameAs(control: Element): string {
  const words = (name: string) => `[${name}="${CSS.escape(control.getAttribute(name) ?? "")}"]`;
  if (control.id) return `#${CSS.escape(control.id)}`;
  if (control.matches("a[href]")) return `a${words("href")}`;
  if (control.matches("button[name]")) return `button${words("name")}${words("value")}`;
  if (control.matches("summary")) return ".menu-steps > summary";
  return "";
}

document.addEventListener("turbo:click", (event) => {
  const link = (event.target as Element).closest<HTMLAnchorElement>("a");
  const { originalEvent } = (event as CustomEvent<{ originalEvent: MouseEvent }>).detail;
  cause = undefined;
  // A key, not a pointer, which goes on along the list.
  if (link?.matches(".pane-list .case-link") && originalEvent.detail === 0) {
    cause = { kind: "opened", url: link.href };
  } else if (link?.closest("#laporan") && !link.closest(".pane-aside")) {
    const left = document.querySelector<HTMLInputElement>("#langkah [name=step]")?.value ?? "";
    cause = { kind: "step", url: link.href, left: link.search.includes("langkah=") ? "" : left };
  }
});

document.addEventListener("turbo:submit-end", (event) => {
  const { detail, target } = event as CustomEvent<{ success: boolean; fetchResponse: unknown }>;
  const form = target as Element;
  if (!form.closest("#laporan, .toast")) return;
  // A button that waits for its answer has no focus any more.
  const beside = !!form.closest(".pane-aside");
  cause = { kind: detail.success ? "taken" : "refused", answer: detail.fetchResponse, beside };
});

document.addEventListener("turbo:before-frame-render", ({ target }) => {
  const now = document.activeElement;
  // Other frames may be exchanged meanwhile.
  if ((target as Element).id !== "laporan") return;
  const inside = now && (target as Element).contains(now);
  held = inside ? { again: sameAs(now), beside: !!now.closest(".pane-aside") } : undefined;
});

type Rendered = CustomEvent<{ fetchResponse: { response: Response } }>;
document.addEventListener("turbo:frame-render", (event) => {
  const frame = event.target as HTMLElement;
  if (frame.id !== "laporan") return;
  const was = held;
  held = undefined;
  // What was fetched before a link was followed, or a form sent, is not what came of that.
  const { fetchResponse: answer } = (event as Rendered).detail;
  const early =
    cause && ("url" in cause ? cause.url !== answer.response.url : cause.answer !== answer);
  const why = early ? undefined : cause;
  if (!early) cause = undefined;
  if (why?.kind === "opened") {
    find(TITLE)?.focus({ preventScroll: true });
    return;
  }
  // What was followed may still be there, or was chosen in the palette.
  const leads = why?.kind === "step" || why?.kind === "refused";
  if (!lost() && !leads) return;
  const title = find(TITLE);
  if (why?.kind === "refused") {
    lead(find(".pane-case [role=alert]"), title);
    // What was refused stands in sight, however far down the form is.
    document.activeElement?.scrollIntoView({ block: "nearest" });
  } else if (why?.kind === "step" && why.left) lead(stepButton(why.left), title);
  else if (why?.kind === "step") lead(find(FIELD), find("#langkah button"), title);
  else if (why?.kind === "taken") lead(why.beside ? find(".pane-aside") : title);
  else if (was) lead(was.again ? find(was.again) : null, was.beside ? find(".pane-aside") : title);
});

// A link within the page leads there: Turbo would fetch the page, or the frame around it, and what
// was typed there would be lost.
document.addEventListener(
  "click",
  (event) => {
    const link = (event.target as Element).closest<HTMLAnchorElement>('a[href^="#"]');
    const place = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!place) return;
    event.preventDefault();
    // Into a form, to write.
    if (place.matches("form")) return (find(FIELD) ?? place).focus();
    place.focus();
    if (document.activeElement !== place) {
      place.tabIndex = -1;
      place.focus();
    }
  },
  true,
);

// A page that somebody went to begins at its content.
let went = false;
document.addEventListener("turbo:visit", (event) => {
  if ((event as CustomEvent<{ action: string }>).detail.action !== "replace") went = true;
});
/** Whoever answers a talk goes on writing. */
let said = false;
document.addEventListener("turbo:submit-end", ({ detail, target }: CustomEventInit & Event) => {
  went = true;
  said = detail.success && (target as Element).matches("form[data-reply]:not(#laporan *)");
});
document.addEventListener("turbo:load", () => {
  const reply = said ? find("form[data-reply] textarea") : null;
  if (went && lost()) lead(reply, find("[data-focus]"), find(TITLE), find("#utama"));
  went = said = false;
});

document.addEventListener("keydown", (event) => {
  const pane = casePane();
  const now = document.activeElement;
  if (event.key !== "Escape" || event.defaultPrevented || event.isComposing || !pane) return;
  if (document.querySelector("dialog[open], details[data-menu][open]")) return;
  const inside = pane.contains(now) || now?.closest(".pane-aside");
  if (!inside && !lost()) return;
  // From what one writes to the case, from the case to its row, or where there is no room for the
  // list beside it, back to the list.
  if (typing(now)) return lead(find(TITLE));
  // What has left the list has no row: the work goes on at the one that took its place.
  const row = document.querySelector<CaseList>(".pane-list case-list")?.current;
  if (row?.checkVisibility()) row.focus();
  else if (!find(".pane-list")?.checkVisibility()) find("a.pane-back")?.click();
});
