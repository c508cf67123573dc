// <time-run data-at data-now [data-due]>: minutes and seconds since (or until) a moment, running. `now` is the
// server's time when the page was made, so a wrong clock of the machine does not matter. After the
// moment `due` it is `is-late`.
const HOUR_S = 3600;

export class TimeRun extends HTMLElement {
  static observedAttributes = ["data-at", "data-now"];
  private timer = 0;
  private ahead = 0;

  connectedCallback(): void {
    this.timer = window.setInterval(() => this.tell(), 1_000);
    this.tell();
  }

  disconnectedCallback(): void {
    clearInterval(this.timer);
  }

  attributeChangedCallback(name: string): void {
    if (name === "data-now") this.ahead = Date.now() - Number(this.dataset.now);
    this.tell();
  }

  private tell(): void {
    const now = Date.now() - this.ahead;
    const s = Math.floor(Math.abs(now - Number(this.dataset.at)) / 1_000);
    this.classList.toggle("is-late", now > Number(this.dataset.due ?? Number.POSITIVE_INFINITY));
    const two = (n: number) => String(n).padStart(2, "0");
    const hours = Math.floor(s / HOUR_S);
    const rest = `${two(Math.floor((s % HOUR_S) / 60))}:${two(s % 60)}`;
    const text = hours > 0 ? `${hours}:${rest}` : rest;
    if (this.textContent !== text) this.textContent = text;
  }
}
