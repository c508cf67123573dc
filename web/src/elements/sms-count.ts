// <sms-count data-field data-price data-words>: says, while somebody writes into the named field
// of the form, how many SMS that will be, how much room the last has, and what it costs (rupiah a
// part; none: no cost). The words are given, so that no language lives here:
// "{parts} …{left} …" and, with a price, "{cost}".
import { measure } from "../sms";

export class SmsCount extends HTMLElement {
  private readonly onInput = (): void => this.tell();

  connectedCallback(): void {
    this.closest("form")?.addEventListener("input", this.onInput);
    this.tell();
  }

  disconnectedCallback(): void {
    this.closest("form")?.removeEventListener("input", this.onInput);
  }

  private tell(): void {
    const field = this.closest("form")?.elements.namedItem(this.dataset.field ?? "");
    if (!(field instanceof HTMLTextAreaElement)) return;
    const { parts, left } = measure(field.value);
    const shown = (count: number): string => count.toLocaleString(document.documentElement.lang);
    const text = (this.dataset.words ?? "")
      .replace("{parts}", shown(parts))
      .replace("{left}", shown(left))
      .replace("{cost}", shown(parts * Number(this.dataset.price ?? 0)));
    if (this.textContent !== text) this.textContent = text;
  }
}
