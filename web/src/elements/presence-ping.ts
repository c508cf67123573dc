// <presence-ping data-url>: tells the server that somebody is looking at this page.
import { post } from "../page";

const EVERY_MS = 20_000;

export class PresencePing extends HTMLElement {
  private timer = 0;
  private readonly ping = () => {
    if (document.visibilityState === "visible") {
      post(this.dataset.url ?? "", {}).catch(() => {});
    }
  };

  connectedCallback(): void {
    this.ping();
    this.timer = window.setInterval(this.ping, EVERY_MS);
    document.addEventListener("visibilitychange", this.ping);
  }

  disconnectedCallback(): void {
    clearInterval(this.timer);
    document.removeEventListener("visibilitychange", this.ping);
  }
}
