// <command-palette data-url>: Ctrl+K, a few letters, Enter. First what can be done with the case or
// talk that is shown, then the commands of the page from its <template>, then what the server finds.

import { OptionList } from "../option-list";

interface Found {
  label: string;
  href: string;
  hint?: string;
  icon?: string;
}

const PAUSE_MS = 120;
/** The buttons of what is shown, its menu, what can be written about it. */
const STEPS = [
  ".case-head .actions > a",
  ".case-head .actions > form > button",
  ".case-head .menu-sheet > a",
  ".composer-wrap .tabs a:not([aria-current])",
]
  .map((step) => `.pane-case ${step}`)
  .concat(".toast [data-undo]")
  .join(", ");
/** What opens where it stands, to choose or write something there. */
const OPENED = [
  ".pane-case .case-head details:not(:has(> .menu-sheet > a)) > summary",
  ".pane-case .asking > summary",
  ".pane-aside details > summary",
].join(", ");
/** What the top bar folds away; only for whoever asks for it. */
const MENUS = ".topbar .menu-sheet :is(a, button)";

export class CommandPalette extends HTMLElement {
  private timer = 0;
  private asked: AbortController | undefined;
  private options: OptionList | undefined;
  private readonly onKey = (event: KeyboardEvent) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      this.open();
    }
  };

  connectedCallback(): void {
    document.addEventListener("keydown", this.onKey);
    if (this.options) return;
    const { input, dialog } = this;
    this.options = new OptionList(this, input);
    input.addEventListener("input", () => this.typed());
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
  }

  disconnectedCallback(): void {
    document.removeEventListener("keydown", this.onKey);
  }

  private get dialog(): HTMLDialogElement {
    return this.querySelector("dialog")!;
  }

  private get input(): HTMLInputElement {
    return this.querySelector("input")!;
  }

  open(): void {
    if (this.dialog.open) return;
    this.input.value = "";
    this.options?.show(this.commands(""));
    this.dialog.showModal();
    this.input.focus();
  }

  private commands(query: string): HTMLElement[] {
    const pages = this.querySelector("template")?.content.querySelectorAll("a") ?? [];
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (command: HTMLElement) =>
      words.every((word) => command.textContent?.toLowerCase().includes(word));
    const content = (command: HTMLElement) => [...command.cloneNode(true).childNodes];
    const shown = document.querySelector(".case-head .code, .case-head h1")?.textContent ?? "";
    const all = (selector: string) => {
      return [...document.querySelectorAll<HTMLElement>(selector)].filter(fits);
    };
    const of = (step: HTMLElement) => [...content(step), small(shown, "palette-of")];
    return [
      ...all(STEPS).map((step) => this.item(of(step), () => step.click())),
      ...all(OPENED).map((step) => this.item(of(step), () => unfold(step))),
      ...[...pages].filter(fits).map((page) => this.item(content(page), () => follow(page))),
      ...(query ? all(MENUS) : []).map((step) => this.item(content(step), () => step.click())),
    ];
  }

  private item(content: (Node | string)[], run: () => void): HTMLElement {
    const item = document.createElement("li");
    item.className = "palette-item";
    item.append(...content);
    item.addEventListener("click", (event) => {
      // A click elsewhere would close the menu that it opens.
      event.stopPropagation();
      this.dialog.close();
      run();
    });
    return item;
  }

  private typed(): void {
    const query = this.input.value.trim();
    this.options?.show(this.commands(query));
    clearTimeout(this.timer);
    this.asked?.abort();
    if (query) this.timer = window.setTimeout(() => void this.ask(query), PAUSE_MS);
  }

  private async ask(query: string): Promise<void> {
    this.asked = new AbortController();
    try {
      const url = `${this.dataset.url}?q=${encodeURIComponent(query)}`;
      const answer = await fetch(url, { signal: this.asked.signal });
      if (!answer.ok) return;
      const found = ((await answer.json()) as Found[]).map(({ label, href, hint }) => {
        const link = document.createElement("a");
        link.href = href;
        return this.item(hint ? [label, small(hint)] : [label], () => follow(link));
      });
      this.options?.add(found);
    } catch (error) {
      if ((error as Error).name !== "AbortError") console.warn("palette", error);
    }
  }
}

function small(text: string, kind = ""): HTMLElement {
  const hint = document.createElement("small");
  hint.className = kind;
  hint.textContent = text;
  return hint;
}

/** Opens a menu or a form where it stands, at its first field or button. */
function unfold(summary: HTMLElement): void {
  const details = summary.closest("details")!;
  details.open = true;
  const first = ":is(button, input:not([type=hidden]), select, textarea, a[href]):enabled, a[href]";
  (details.querySelector<HTMLElement>(first) ?? summary).focus();
}

/** A real link in the page, so that Turbo and the browser treat it as one. */
function follow(link: HTMLAnchorElement): void {
  const copy = document.createElement("a");
  copy.href = link.getAttribute("href") ?? "/";
  document.body.append(copy);
  copy.click();
  copy.remove();
}
