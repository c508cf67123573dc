// <quick-answers data-url data-place>: a quick answer into the text of its form, by the button or
// by a slash that begins a word. The server fills in its variables; Escape leaves the slash.
import { OptionList } from "../option-list";
import { meta } from "../page";

interface Quick {
  id: string;
  shortcut: string;
  title: string;
  body: string;
}

export class QuickAnswers extends HTMLElement {
  private all: Quick[] | undefined;
  private options: OptionList | undefined;
  private slash = false;
  private area: HTMLTextAreaElement | null = null;

  private readonly typed = (event: KeyboardEvent) => {
    const area = this.area;
    if (!area || event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    const before = area.value.slice(0, area.selectionStart);
    if (before && !/\s$/.test(before)) return;
    event.preventDefault();
    void this.open(true);
  };

  connectedCallback(): void {
    this.area = this.closest("form")?.querySelector("textarea") ?? null;
    this.area?.addEventListener("keydown", this.typed);
    if (this.options) return;
    const { dialog, input } = this;
    this.options = new OptionList(this, input);
    this.querySelector("a")!.addEventListener("click", (event) => {
      event.preventDefault();
      void this.open(false);
    });
    input.addEventListener("input", () => this.show());
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
    dialog.addEventListener("close", () => {
      if (this.slash) this.write("/");
      this.slash = false;
      this.area?.focus();
    });
  }

  disconnectedCallback(): void {
    this.area?.removeEventListener("keydown", this.typed);
  }

  private get dialog(): HTMLDialogElement {
    return this.querySelector("dialog")!;
  }

  private get input(): HTMLInputElement {
    return this.querySelector("input")!;
  }

  private async open(slash: boolean): Promise<void> {
    if (this.dialog.open) return;
    this.slash = slash;
    this.input.value = "";
    this.dialog.showModal();
    this.input.focus();
    if (!this.all) {
      const url = `${this.dataset.url}?${this.dataset.place}`;
      const answer = await fetch(url, { headers: { Accept: "application/json" } });
      this.all = answer.ok ? ((await answer.json()) as Quick[]) : [];
    }
    this.show();
  }

  private show(): void {
    const words = this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (quick: Quick) => {
      const own = `${quick.shortcut} ${quick.title} ${quick.body}`.toLowerCase();
      return words.every((word) => own.includes(word));
    };
    // What is called as one types comes first.
    const first = (quick: Quick) => (quick.shortcut.startsWith(words[0] ?? "") ? 0 : 1);
    const found = (this.all ?? []).filter(fits).sort((a, b) => first(a) - first(b));
    this.options?.show(found.map((quick) => this.item(quick)));
  }

  private item(quick: Quick): HTMLElement {
    const item = document.createElement("li");
    item.className = "palette-item quick-item";
    const title = document.createElement("strong");
    title.textContent = quick.title;
    const call = document.createElement("small");
    call.textContent = `/${quick.shortcut}`;
    const body = document.createElement("span");
    body.textContent = quick.body;
    item.append(title, call, body);
    item.addEventListener("click", () => void this.insert(quick));
    return item;
  }

  private async insert(quick: Quick): Promise<void> {
    const fields = new URLSearchParams(this.dataset.place);
    fields.set("id", quick.id);
    fields.set("csrf", meta("csrf"));
    const answer = await fetch(this.dataset.url ?? "", {
      method: "POST",
      headers: { Accept: "application/json" },
      body: fields,
    });
    if (!answer.ok) return;
    this.slash = false;
    this.dialog.close();
    this.write(((await answer.json()) as { text: string }).text);
  }

  /** Where the caret is, and tells whoever keeps drafts. */
  private write(text: string): void {
    const area = this.area;
    if (!area) return;
    area.focus();
    area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
