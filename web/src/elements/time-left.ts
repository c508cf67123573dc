// <time-left data-kind="due|ago">: turns the moment inside into "3 hari lagi" or "5 menit lalu"
// and keeps it true. The words come from the frame, so that no language lives here.
import { meta } from "../page";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function words(): Record<string, string> {
  return JSON.parse(meta("span-words") || "{}");
}

function span(kind: string, ms: number): string {
  const texts = words();
  if (kind === "ago" && ms < MINUTE) return texts.now ?? "";
  const [unit, n] =
    ms < HOUR
      ? ["minutes", Math.floor(ms / MINUTE)]
      : ms < 2 * DAY
        ? ["hours", Math.floor(ms / HOUR)]
        : ["days", Math.floor(ms / DAY)];
  const pattern = texts[`${kind}-${unit}-${n === 1 ? "one" : "many"}`] ?? "";
  return pattern.replace("{n}", n.toLocaleString(document.documentElement.lang));
}

export class TimeLeft extends HTMLElement {
  static every = 0;

  connectedCallback(): void {
    this.tell();
    TimeLeft.every ||= window.setInterval(TimeLeft.tellAll, 30_000);
  }

  static tellAll(): void {
    for (const element of document.querySelectorAll<TimeLeft>("time-left")) element.tell();
  }

  tell(): void {
    const time = this.querySelector("time");
    if (!time) return;
    const left = Date.parse(time.dateTime) - Date.now();
    if (Number.isNaN(left)) return;
    const due = this.dataset.kind === "due";
    const kind = due ? (left < 0 ? "late" : "due") : "ago";
    const text = span(kind, due ? Math.abs(left) : Math.max(0, -left));
    if (text && time.textContent !== text) time.textContent = text;
    // A deadline that passes while somebody looks at it is late at once.
    const badge = this.closest<HTMLElement>(".due");
    if (badge && kind === "late") badge.dataset.health = "late";
  }
}
