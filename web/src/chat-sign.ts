// Stream action `chat-sign`: what the visitor of a chat does now. That they write is shown for a
// moment, that they have read the answer until something else is said.
import { StreamActions } from "@hotwired/turbo";

const WRITES_MS = 6_000;

const quiet = new WeakMap<HTMLElement, number>();

StreamActions["chat-sign"] = function () {
  const isTyping = this.getAttribute("sign") === "typing";
  for (const element of this.targetElements) {
    const target = element as HTMLElement;
    if (!isTyping) target.dataset.now = target.dataset.read ?? "";
    clearTimeout(quiet.get(target));
    target.textContent = (isTyping ? target.dataset.typing : target.dataset.now) ?? "";
    const settle = () => {
      target.textContent = target.dataset.now ?? "";
    };
    if (isTyping) quiet.set(target, window.setTimeout(settle, WRITES_MS));
  }
};
