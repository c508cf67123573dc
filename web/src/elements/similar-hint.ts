// <similar-hint data-src data-fields>: while somebody types into the named fields of the form, the
// frame inside shows what may be the same. What stopped the form stays until something is typed.
const PAUSE_MS = 400;

export class SimilarHint extends HTMLElement {
  private timer = 0;
  private asked = "";
  private readonly onInput = (event: Event) => this.typed(event);

  connectedCallback(): void {
    this.form?.addEventListener("input", this.onInput);
  }

  disconnectedCallback(): void {
    clearTimeout(this.timer);
    this.form?.removeEventListener("input", this.onInput);
  }

  private get form(): HTMLFormElement | null {
    return this.closest("form");
  }

  private get fields(): string[] {
    return (this.dataset.fields ?? "").split(" ");
  }

  private typed(event: Event): void {
    const name = (event.target as HTMLInputElement | null)?.name ?? "";
    if (!this.fields.includes(name)) return;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.ask(), PAUSE_MS);
  }

  private ask(): void {
    const form = this.form;
    const frame = this.querySelector("turbo-frame");
    if (!form || !frame) return;
    const values = new FormData(form);
    const query = new URLSearchParams();
    for (const field of this.fields) query.set(field, String(values.get(field) ?? "").trim());
    const wanted = `${this.dataset.src}?${query}`;
    if (wanted === this.asked) return;
    this.asked = wanted;
    frame.setAttribute("src", wanted);
  }
}
