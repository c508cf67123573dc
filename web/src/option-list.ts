// The options of a palette: one of them is chosen, the arrows choose another, Enter takes it as a
// click does.
export class OptionList {
  private items: HTMLElement[] = [];
  private chosen = 0;

  constructor(
    private readonly within: HTMLElement,
    private readonly input: HTMLInputElement,
  ) {
    input.addEventListener("keydown", (event) => this.walk(event));
  }

  show(items: HTMLElement[]): void {
    this.items = items;
    items.forEach((item, index) => {
      item.id = `${this.within.localName}-${index}`;
      item.setAttribute("role", "option");
    });
    this.within.querySelector(".palette-list")!.replaceChildren(...items);
    this.within.querySelector<HTMLElement>(".palette-none")!.hidden = items.length > 0;
    this.choose(0);
  }

  /** More of them, below: what is chosen stays so. */
  add(more: HTMLElement[]): void {
    const { chosen } = this;
    this.show([...this.items, ...more]);
    this.choose(Math.max(0, Math.min(chosen, this.items.length - 1)));
  }

  private choose(index: number): void {
    this.chosen = index;
    this.items.forEach((item, at) => {
      item.setAttribute("aria-selected", String(at === index));
    });
    this.items[index]?.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", this.items[index]?.id ?? "");
  }

  private walk(event: KeyboardEvent): void {
    const count = this.items.length;
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step && count) {
      event.preventDefault();
      this.choose((this.chosen + step + count) % count);
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.items[this.chosen]?.click();
    }
  }
}
