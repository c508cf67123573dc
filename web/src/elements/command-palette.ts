// <command-palette data-url>: Ctrl+K, a few letters, Enter. Commands of the page come from its
// <template>, everything else from the server.

import { OptionList } from "../option-list";

interface Found {
  label: string;
  href: string;
  hint?: string;
  icon?: string;
}

const PAUSE_MS = 120;

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
    const links = this.querySelector("template")?.content.querySelectorAll("a") ?? [];
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    return [...links]
      .filter((link) => words.every((word) => link.textContent?.toLowerCase().includes(word)))
      .map((link) =>
        this.item(link.getAttribute("href") ?? "", [...link.cloneNode(true).childNodes]),
      );
  }

  private item(href: string, content: (Node | string)[]): HTMLElement {
    const item = document.createElement("li");
    item.className = "palette-item";
    item.dataset.href = href;
    item.append(...content);
    item.addEventListener("click", () => this.go(item));
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
        const more = document.createElement("small");
        more.textContent = hint ?? "";
        return this.item(href, hint ? [label, more] : [label]);
      });
      this.options?.show([...found, ...this.commands(query)]);
    } catch (error) {
      if ((error as Error).name !== "AbortError") console.warn("palette", error);
    }
  }

  private go(item: HTMLElement): void {
    this.dialog.close();
    // A real link, so that Turbo and the browser treat it as one.
    const link = document.createElement("a");
    link.href = item.dataset.href ?? "/";
    document.body.append(link);
    link.click();
    link.remove();
  }
}
