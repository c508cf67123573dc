// <offer-ring>: work that is offered rings until it is taken, declined or over. It is heard (where
// sound is on), stands in the tab's title, and is told by the system where its page is not in sight
// and one has allowed that. A browser plays no sound before somebody has touched the page, so the
// first touch opens the way.
const EVERY_MS = 2_500;
const MUTED = "ring-muted";

let sound: AudioContext | undefined;
for (const gesture of ["pointerdown", "keydown"]) {
  addEventListener(
    gesture,
    () => {
      sound ??= new AudioContext();
      void sound.resume();
    },
    { once: true },
  );
}

const isMuted = () => localStorage.getItem(MUTED) === "1";

/** Two soft tones. */
function ring(): void {
  if (sound?.state !== "running" || isMuted()) return;
  for (const [n, hertz] of [660, 880].entries()) {
    const tone = sound.createOscillator();
    const loudness = sound.createGain();
    const from = sound.currentTime + n * 0.18;
    tone.frequency.value = hertz;
    loudness.gain.setValueAtTime(0.0001, from);
    loudness.gain.exponentialRampToValueAtTime(0.15, from + 0.02);
    loudness.gain.exponentialRampToValueAtTime(0.0001, from + 0.16);
    tone.connect(loudness).connect(sound.destination);
    tone.start(from);
    tone.stop(from + 0.17);
  }
}

/** How many ring, before the title of the page; it does not blink. */
function title(): void {
  const n = document.querySelectorAll("offer-ring").length;
  const plain = document.title.replace(/^\(\d+\) /, "");
  const wanted = n > 0 ? `(${n}) ${plain}` : plain;
  if (document.title !== wanted) document.title = wanted;
}

const told = new Map<string, Notification>();

/** By the system, where nobody looks at the page; what is shown names no citizen. */
function notify(offer: HTMLElement): void {
  if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
  const { words = "" } = offer.dataset;
  const note = new Notification(words, { tag: offer.id, silent: true });
  note.onclick = () => {
    window.focus();
    note.close();
  };
  told.set(offer.id, note);
}

export class OfferRing extends HTMLElement {
  private timer = 0;
  private readonly key = (event: KeyboardEvent) => {
    // The first of several.
    if (!event.altKey || document.querySelector("offer-ring") !== this) return;
    if (event.key === "Enter") {
      event.preventDefault();
      this.querySelector<HTMLButtonElement>("[data-accept]")?.click();
    } else if (event.key === "Backspace") {
      event.preventDefault();
      const reasons = this.querySelector("details");
      if (!reasons) return;
      reasons.open = true;
      reasons.querySelector<HTMLButtonElement>("button")?.focus();
    }
  };

  connectedCallback(): void {
    ring();
    title();
    notify(this);
    this.timer = window.setInterval(ring, EVERY_MS);
    document.addEventListener("keydown", this.key);
  }

  disconnectedCallback(): void {
    clearInterval(this.timer);
    document.removeEventListener("keydown", this.key);
    told.get(this.id)?.close();
    told.delete(this.id);
    title();
  }
}

document.addEventListener("turbo:render", title);

/** <ring-switches>: sound on or off on this device, and the way to be told by the system. */
export class RingSwitches extends HTMLElement {
  private readonly press = ({ target }: Event) => {
    const button = (target as Element).closest("button");
    if (button?.matches("[data-sound]")) {
      localStorage.setItem(MUTED, isMuted() ? "0" : "1");
      ring();
    } else if (button?.matches("[data-notify]")) {
      void Notification.requestPermission().then(() => this.show());
    }
    this.show();
  };

  connectedCallback(): void {
    this.hidden = false;
    this.addEventListener("click", this.press);
    this.show();
  }

  private show(): void {
    this.querySelector("[data-sound]")?.setAttribute("aria-pressed", String(!isMuted()));
    const notify = this.querySelector<HTMLElement>("[data-notify]");
    const open = "Notification" in window && Notification.permission === "default";
    if (notify) notify.hidden = !open;
  }
}
