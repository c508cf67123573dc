// A screen on a wall: the board's figures, and what makes it stay on for months by itself. A page of
// another build, and one whose link has ended, fetch themselves again; all else waits.
import { LiveBoard } from "./elements/live-board";
import { TimeRun } from "./elements/time-run";

customElements.define("live-board", LiveBoard);
customElements.define("time-run", TimeRun);

const board = document.querySelector<LiveBoard>("live-board");

board?.addEventListener("told", (event) => {
  const { build } = (event as CustomEvent<{ build: string }>).detail;
  if (build !== board.dataset.build) location.reload();
});

// A stream does not say why it does not open; the page itself does.
board?.addEventListener("gap", async () => {
  const answer = await fetch(location.href, { method: "HEAD", cache: "no-store" }).catch(() => null);
  if (answer && answer.status >= 400 && answer.status < 500) location.reload();
});
