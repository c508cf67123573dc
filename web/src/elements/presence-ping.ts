// <presence-ping data-url>: tells the server that somebody is looking at this page, and shows who
// else does. It asks again after each exchange of the page: what was fetched before a colleague
// came may be shown after the stream has told of them.
import { change, post } from "../page";

const EVERY_MS = 15_000;
const SETTLE_MS = 200;
const SHOWN = ["turbo:frame-render", "turbo:render"];

export class PresencePing extends HTMLElement {
  private timer = 0;
  private settle = 0;
  private readonly ping = () => {
    if (document.visibilityState === "visible") void this.tell();
  };
  private readonly soon = () => {
    clearTimeout(this.settle);
    this.settle = window.setTimeout(this.ping, SETTLE_MS);
  };

  connectedCallback(): void {
    this.ping();
    this.timer = window.setInterval(this.ping, EVERY_MS);
    document.addEventListener("visibilitychange", this.ping);
    for (const event of SHOWN) document.addEventListener(event, this.soon);
  }

  disconnectedCallback(): void {
    clearInterval(this.timer);
    clearTimeout(this.settle);
    document.removeEventListener("visibilitychange", this.ping);
    for (const event of SHOWN) document.removeEventListener(event, this.soon);
  }

  private async tell(): Promise<void> {
    try {
      const response = await post(this.dataset.url ?? "", {});
      if (response.ok) change(await response.text());
    } catch {
      // Without a network nobody is told; the next sign will be.
    }
  }
}
