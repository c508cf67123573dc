// What the widget says to the node and hears from it.
import { search, type Task } from "../sha";

export interface Shown {
  id: string;
  at: number;
  mine: boolean;
  machine: boolean;
  text: string;
  key: string | null;
  files: { name: string; size: number; url: string; small: boolean }[];
}
export interface Talk {
  id: string;
  ended: boolean;
  rating: number | null;
  seen: string;
  reachable: boolean;
}
export interface State {
  open: boolean;
  greeting: string;
  away: string;
  talk: Talk | null;
  messages: Shown[];
}
export type Told =
  | { t: "said"; messages: Shown[] }
  | { t: "state"; talk: Talk }
  | { t: "seen"; id: string }
  | { t: "typing" };

/** An answer that is no success. */
export class Refused extends Error {
  constructor(
    readonly what: string,
    readonly text: string,
    readonly wait: number,
  ) {
    super(what);
  }
}

export class Wire {
  constructor(
    readonly base: string,
    private readonly query: string,
    private readonly secret: () => string | undefined,
  ) {}

  private ask(path: string, more: RequestInit = {}, headers: Record<string, string> = {}) {
    const secret = this.secret();
    return fetch(`${this.base}/obrolan/api/${path}?${this.query}`, {
      ...more,
      credentials: secret ? "omit" : "same-origin",
      headers: {
        ...headers,
        ...(secret ? { authorization: `Bearer ${secret}` } : { "x-obrolan": "1" }),
      },
    });
  }

  async call(path: string, body?: FormData) {
    const answer = await this.ask(path, body && { method: "POST", body });
    if (answer.status === 204) return undefined;
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Refused(told.error ?? "failed", told.text ?? "", told.wait ?? 0);
    return told;
  }

  post(path: string, values: Record<string, string>, files: File[] = []) {
    const body = new FormData();
    for (const [name, value] of Object.entries(values)) body.append(name, value);
    for (const file of files) body.append("files", file, file.name);
    return this.call(path, body);
  }

  /** Hears until the connection ends; `last` is the number of the last message that is known. */
  async hear(last: string, stop: AbortController, heard: (told: Told, id: string) => void, live: () => void) {
    let watch = 0;
    const alive = () => {
      clearTimeout(watch);
      // The node gives a sign every 25 seconds.
      watch = window.setTimeout(() => stop.abort(), 60_000);
    };
    try {
      alive();
      const answer = await this.ask("arus", { signal: stop.signal }, { "last-event-id": last });
      if (!answer.ok || !answer.body) throw new Refused(`${answer.status}`, "", 0);
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let text = ""; ; ) {
        const { value, done } = await reader.read();
        if (done) return;
        alive();
        const parts = (text + value).split("\n\n");
        text = parts.pop()!;
        for (const part of parts) {
          const field = (name: string) =>
            part.match(new RegExp(`^${name}: ?(.*)$`, "m"))?.[1] ?? "";
          const event = field("event");
          if (event === "hello") live();
          else if (event === "gap") return;
          else if (field("data")) heard(JSON.parse(field("data")), field("id"));
        }
      }
    } finally {
      clearTimeout(watch);
    }
  }

  /** Works for a chat that is to begin; without a proof the node is only stricter. */
  async prove(): Promise<string> {
    try {
      const task: Task & { algorithm: string; signature: string } = await this.call("pow");
      const look = search(task);
      for (let from = 0; from <= task.maxnumber; from += 1000) {
        const number = look(from, Math.min(from + 999, task.maxnumber));
        if (number >= 0) {
          const { algorithm, challenge, salt, signature } = task;
          return btoa(JSON.stringify({ algorithm, challenge, number, salt, signature }));
        }
        await new Promise((later) => setTimeout(later));
      }
    } catch {
      // Proven later, or not at all.
    }
    return "";
  }
}
