// Stream action `reload`: the frame around the target fetches itself again and morphs, so that a
// case that changed is shown anew while the list beside it, and what is being written, stay.
import { StreamActions } from "@hotwired/turbo";

const PAUSE_MS = 120;

type Frame = HTMLElement & { reload(): Promise<void> };

const waiting = new Map<Frame, number>();

StreamActions.reload = function () {
  for (const target of this.targetElements) {
    const frame = target.closest<Frame>("turbo-frame");
    if (!frame) continue;
    clearTimeout(waiting.get(frame));
    const again = () => {
      waiting.delete(frame);
      if (frame.isConnected && frame.contains(target)) void frame.reload();
    };
    waiting.set(frame, window.setTimeout(again, PAUSE_MS));
  }
};
