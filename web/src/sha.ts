// SHA-256 for the proof of work: finds the number whose hash with the salt is the challenge. Plain
// arithmetic and not WebCrypto, which is absent on pages without TLS and slower for many short
// messages.

export interface Task {
  challenge: string;
  salt: string;
  maxnumber: number;
}

const K = new Uint32Array(64);
const START = new Uint32Array(8);

// The round constants are the fractional parts of roots of the first primes (FIPS 180-4, 4.2.2).
function fill(): void {
  const fraction = (root: number) => ((root - Math.floor(root)) * 2 ** 32) | 0;
  let found = 0;
  for (let n = 2; found < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (!prime) continue;
    if (found < 8) START[found] = fraction(n ** (1 / 2));
    K[found++] = fraction(n ** (1 / 3));
  }
}

const words = new Uint32Array(64);
const state = new Uint32Array(8);

function block(message: Uint8Array, at: number): void {
  for (let i = 0; i < 16; i++) {
    const j = at + i * 4;
    words[i] =
      (message[j]! << 24) | (message[j + 1]! << 16) | (message[j + 2]! << 8) | message[j + 3]!;
  }
  for (let i = 16; i < 64; i++) {
    const x = words[i - 15]!;
    const y = words[i - 2]!;
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    words[i] = (words[i - 16]! + s0 + words[i - 7]! + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as number[] as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i]! + words[i]!) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  const next = [a, b, c, d, e, f, g, h];
  for (let i = 0; i < 8; i++) state[i] = state[i]! + next[i]!;
}

/** Looks for the number of a task in slices: gives it, or -1 while it is not found. */
export function search({ challenge, salt }: Task): (from: number, to: number) => number {
  fill();
  const wanted = new Uint32Array(8);
  for (let i = 0; i < 8; i++) {
    wanted[i] = Number.parseInt(challenge.slice(i * 8, i * 8 + 8), 16);
  }
  const prefix = new TextEncoder().encode(salt);
  const message = new Uint8Array(((prefix.length + 16 + 9 + 63) >> 6) << 6);
  message.set(prefix);
  return (from, to) => {
    for (let number = from; number <= to; number++) {
      const digits = String(number);
      let end = prefix.length;
      for (let i = 0; i < digits.length; i++) message[end++] = digits.charCodeAt(i);
      const size = ((end + 9 + 63) >> 6) << 6;
      message[end] = 0x80;
      message.fill(0, end + 1, size);
      const bits = end * 8;
      message[size - 4] = bits >>> 24;
      message[size - 3] = bits >>> 16;
      message[size - 2] = bits >>> 8;
      message[size - 1] = bits;
      state.set(START);
      for (let at = 0; at < size; at += 64) block(message, at);
      if (state.every((word, i) => word === wanted[i])) return number;
    }
    return -1;
  };
}
