// <draft-box data-url>: what one writes is never lost. The text goes to the server a moment after
// the last key, and stays on this device until the server has it.
import { post } from "../page";

const PAUSE_MS = 800;

export class DraftBox extends HTMLElement {
  private timer = 0;
  private state: HTMLElement | undefined;

  private get area(): HTMLTextAreaElement | null {
    return this.querySelector("textarea");
  }

  private get key(): string {
    return `draft:${this.dataset.url}`;
  }

  connectedCallback(): void {
    const area = this.area;
    if (!area || this.state) return;
    this.state = document.createElement("span");
    this.state.className = "draft-state";
    this.append(this.state);
    const kept = localStorage.getItem(this.key);
    if (kept && !area.value.trim()) area.value = kept;
    area.addEventListener("input", () => this.changed());
    area.form?.addEventListener("submit", () => {
      clearTimeout(this.timer);
      this.timer = 0;
    });
    area.form?.addEventListener("turbo:submit-end", (event) => {
      if ((event as CustomEvent<{ success: boolean }>).detail.success) {
        localStorage.removeItem(this.key);
      }
    });
  }

  disconnectedCallback(): void {
    if (this.timer) void this.save();
  }

  private changed(): void {
    const text = this.area?.value ?? "";
    if (text) localStorage.setItem(this.key, text);
    else localStorage.removeItem(this.key);
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.save(), PAUSE_MS);
  }

  private async save(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = 0;
    const text = this.area?.value ?? "";
    this.tell("saving");
    try {
      const answer = await post(this.dataset.url ?? "", { body: text });
      if (!answer.ok) throw new Error(String(answer.status));
      if (this.area?.value === text) localStorage.removeItem(this.key);
      this.tell(text ? "saved" : "");
    } catch {
      this.tell("offline");
    }
  }

  private tell(what: "saving" | "saved" | "offline" | ""): void {
    if (this.state) this.state.textContent = what ? (this.dataset[what] ?? "") : "";
  }
}
