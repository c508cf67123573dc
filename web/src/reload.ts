// Stream action `reload`: the frame around the target fetches itself again and morphs, so that a
// case that changed is shown anew while the list beside it, and what is being written, stay.
import { StreamActions } from "@hotwired/turbo";

const PAUSE_MS = 120;

export type Frame = HTMLElement & { src: string | null; disabled: boolean; reload(): Promise<void> };

const waiting = new Map<Frame, number>();

/** Names what a frame shows. A frame that came with its page has no source: naming it must not
 * fetch it. */
export function name(frame: Frame, src = location.pathname + location.search): void {
  frame.disabled = true;
  frame.src = src;
  frame.setAttribute("complete", "");
  frame.disabled = false;
}

StreamActions.reload = function () {
  for (const target of this.targetElements) {
    const frame = target.closest<Frame>("turbo-frame");
    if (!frame) continue;
    clearTimeout(waiting.get(frame));
    const again = () => {
      waiting.delete(frame);
      if (!frame.isConnected || !frame.contains(target)) return;
      if (!frame.src) name(frame);
      void frame.reload();
    };
    waiting.set(frame, window.setTimeout(again, PAUSE_MS));
  }
};
