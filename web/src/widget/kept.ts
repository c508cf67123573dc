// What the widget keeps on the device: the secret, messages that have not gone out, the draft.
// Browsers that give a frame no storage of its own leave it to the page around, if that is one of
// ours to trust; in a sandbox without an origin it lasts as long as the page.

const memory = new Map<string, string>();
const store = (() => {
  try {
    const probe = "obrolan:?";
    localStorage.setItem(probe, "1");
    localStorage.removeItem(probe);
    return localStorage;
  } catch {
    return undefined;
  }
})();
let lend: ((key: string, value: string | null) => void) | undefined;

/** Lets the page around keep what we may not keep ourselves; `kept` is what it kept before. */
export function borrow(kept: Record<string, unknown>, keep: NonNullable<typeof lend>) {
  if (store) return;
  lend = keep;
  for (const [key, value] of Object.entries(kept)) {
    if (typeof value === "string") memory.set(key, value);
  }
}
/** Whether it outlasts the page. */
export const isLasting = () => !!(store ?? lend);

export const get = (key: string) => store?.getItem(key) ?? memory.get(key) ?? null;
export const put = (key: string, value: string | null) => {
  lend?.(key, value);
  if (value === null) {
    memory.delete(key);
    store?.removeItem(key);
    return;
  }
  memory.set(key, value);
  try {
    store?.setItem(key, value);
  } catch {
    // A full storage keeps what it has; this page still holds it.
  }
};
export const keys = (prefix: string) => {
  const all = new Set(memory.keys());
  for (let i = 0; store && i < store.length; i++) all.add(store.key(i)!);
  return [...all].filter((key) => key.startsWith(prefix)).sort();
};

/** Random text for a secret or a key. */
export const random = (bytes: number) =>
  btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(bytes))))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
