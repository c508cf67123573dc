// What a text takes as SMS: the same count as channels::sms::parts on the server, which decides.
const BASIC =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
  "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENDED = "\f^{}\\[~]|€";
// Signs of word processors, which go out as plain ones where that saves a part.
const PLAIN: Record<string, string> = {
  "‘": "'",
  "’": "'",
  "‚": ",",
  "“": '"',
  "”": '"',
  "„": '"',
  "–": "-",
  "—": "-",
  "‐": "-",
  "‑": "-",
  "…": "...",
  "•": "*",
  "\t": " ",
  "\u00a0": " ",
  "\u202f": " ",
};

export interface Measure {
  parts: number;
  left: number;
  plain: boolean;
}

const isPlain = (text: string): boolean =>
  [...text].every((letter) => BASIC.includes(letter) || EXTENDED.includes(letter));

export function measure(typed: string): Measure {
  const text = typed.replaceAll("\r\n", "\n");
  const lighter = [...text].map((letter) => PLAIN[letter] ?? letter).join("");
  const plain = isPlain(lighter);
  const letters = [...(plain ? lighter : text)];
  const units = (letter: string): number =>
    plain ? (EXTENDED.includes(letter) ? 2 : 1) : letter.length;
  const [alone, among] = plain ? [160, 153] : [70, 67];
  const all = letters.reduce((sum, letter) => sum + units(letter), 0);
  if (all <= alone) return { parts: 1, left: alone - all, plain };
  let [parts, used] = [1, 0];
  for (const letter of letters) {
    if (used + units(letter) > among) [parts, used] = [parts + 1, 0];
    used += units(letter);
  }
  return { parts, left: among - used, plain };
}
