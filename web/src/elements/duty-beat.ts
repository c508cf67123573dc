// <duty-beat data-url data-on>: a sign that this browser is still there, also while its page is not
// in sight: somebody who is on duty and gives none is taken off duty, and their work goes on.
import { post } from "../page";

const EVERY_MS = 30_000;

export class DutyBeat extends HTMLElement {
  private timer = 0;
  private readonly beat = () => {
    if (this.dataset.on === "true") post(this.dataset.url ?? "", {}).catch(() => {});
  };

  connectedCallback(): void {
    this.beat();
    this.timer = window.setInterval(this.beat, EVERY_MS);
  }

  disconnectedCallback(): void {
    clearInterval(this.timer);
  }
}
