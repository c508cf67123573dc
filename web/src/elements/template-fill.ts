// <template-fill data-body>: shows an approved text with what is typed into the gaps of its form
// ({{1}} is the field value-1); an empty gap stays as it is.
export class TemplateFill extends HTMLElement {
  private readonly onInput = (): void => this.tell();

  connectedCallback(): void {
    this.closest("form")?.addEventListener("input", this.onInput);
    this.tell();
  }

  disconnectedCallback(): void {
    this.closest("form")?.removeEventListener("input", this.onInput);
  }

  private tell(): void {
    const fields = this.closest("form")?.elements;
    const typed = (gap: string): string => {
      const field = fields?.namedItem(`value-${gap}`);
      return field instanceof HTMLInputElement ? field.value.trim() : "";
    };
    const body = this.dataset.body ?? "";
    const text = body.replace(/\{\{\s*(\d+)\s*\}\}/g, (gap, number) => typed(number) || gap);
    if (this.textContent !== text) this.textContent = text;
  }
}
