// <offer-ring>: work that is offered rings until it is taken, declined or over. A browser plays no
// sound before somebody has touched the page, so the first touch opens the way.
const EVERY_MS = 2_500;

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

/** Two soft tones. */
function ring(): void {
  if (sound?.state !== "running") return;
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

export class OfferRing extends HTMLElement {
  private timer = 0;
  private readonly key = (event: KeyboardEvent) => {
    // The first of several.
    if (!event.altKey || event.key !== "Enter" || document.querySelector("offer-ring") !== this) {
      return;
    }
    event.preventDefault();
    this.querySelector<HTMLButtonElement>("[data-accept]")?.click();
  };

  connectedCallback(): void {
    ring();
    this.timer = window.setInterval(ring, EVERY_MS);
    document.addEventListener("keydown", this.key);
  }

  disconnectedCallback(): void {
    clearInterval(this.timer);
    document.removeEventListener("keydown", this.key);
  }
}
