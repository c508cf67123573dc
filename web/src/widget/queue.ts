// Messages that have not gone out: kept one by one on the device, sent in order, each with a key
// of its own, so that sending again after a lost answer or from two pages doubles nothing.
import { get, keys, put } from "./kept";
import { Refused, type Wire } from "./wire";

export interface Unsent {
  key: string;
  at: number;
  text: string;
  /** Names of files; their bytes last as long as the page. */
  names: string[];
  who: Record<string, string>;
  /** Why the node does not take it as it is. */
  refused?: string;
}

export class Queue {
  readonly files = new Map<string, File[]>();
  private busy = false;
  private timer = 0;
  private wait = 1000;

  constructor(
    private readonly prefix: string,
    private readonly wire: Wire,
    private readonly extra: (first: boolean) => Promise<Record<string, string>>,
    private readonly changed: (problem?: string) => void,
    private readonly sent: (entry: Unsent, told: { talk: string; id: string; number: string }) => void,
    private readonly closed: (entry: Unsent) => void,
  ) {}

  all(): Unsent[] {
    return keys(this.prefix)
      .map((key) => JSON.parse(get(key) ?? "null") as Unsent | null)
      .filter((entry): entry is Unsent => !!entry)
      .sort((a, b) => a.at - b.at);
  }

  add(entry: Unsent, files: File[]) {
    if (files.length > 0) this.files.set(entry.key, files);
    this.save(entry);
    void this.run();
  }

  private save(entry: Unsent) {
    put(this.prefix + entry.key, JSON.stringify(entry));
    this.changed();
  }

  drop(key: string) {
    put(this.prefix + key, null);
    this.files.delete(key);
    this.changed();
  }

  /** Whether its files were lost with the page that held them. */
  isHollow(entry: Unsent) {
    return entry.names.length > 0 && !this.files.has(entry.key);
  }

  again(entry: Unsent) {
    if (this.isHollow(entry)) entry.names = [];
    entry.refused = undefined;
    if (entry.text || entry.names.length > 0) this.save(entry);
    else this.drop(entry.key);
    this.soon(0);
  }

  soon(ms = 0) {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.run(), ms);
  }

  private async run() {
    if (this.busy) return;
    this.busy = true;
    try {
      for (;;) {
        const next = this.all().find((entry) => !entry.refused && !this.isHollow(entry));
        if (!next || !(await this.send(next))) return;
      }
    } finally {
      this.busy = false;
    }
  }

  /** Sends one; `false`: later. */
  private async send(entry: Unsent): Promise<boolean> {
    try {
      const more = await this.extra(true);
      const values = { ...entry.who, ...more, key: entry.key, text: entry.text };
      const told = await this.wire.post("pesan", values, this.files.get(entry.key));
      this.wait = 1000;
      this.sent(entry, told);
      this.drop(entry.key);
      return true;
    } catch (error) {
      if (error instanceof Refused && error.what === "closed") {
        this.drop(entry.key);
        this.closed(entry);
        return false;
      }
      if (error instanceof Refused && !["failed", "busy"].includes(error.what)) {
        this.save({ ...entry, refused: error.text || error.what });
        return true;
      }
      this.wait = Math.min(this.wait * 2, 30_000);
      const asked = error instanceof Refused ? error.wait * 1000 : 0;
      this.soon(Math.max(asked, this.wait * (0.75 + Math.random() / 2)));
      this.changed(error instanceof Refused ? error.what : "offline");
      return false;
    }
  }
}
