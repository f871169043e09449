import { randomBytes } from 'node:crypto';

export const contents = ['json', 'text', 'zeros', 'random'] as const;
export type Content = (typeof contents)[number];

const words =
  'the event loop runs while a worker waits for bytes that a client has yet to send over the wire'.split(' ');

/** @returns content of this size: the same for each call, except for `random` */
export function makeContent(content: Content, bytes: number): Buffer {
  if (content === 'zeros') return Buffer.alloc(bytes);
  if (content === 'random') return randomBytes(bytes);
  const next = createRandom();
  const pieces: string[] = [];
  for (let length = 0; length < bytes; length += pieces.at(-1)?.length ?? 0) {
    pieces.push(
      content === 'json'
        ? `${JSON.stringify({ id: pieces.length, name: words[next() % words.length], price: next() / 100, inStock: next() % 2 === 0 })},`
        : `${words[next() % words.length] ?? ''} `,
    );
  }
  return Buffer.from(pieces.join('')).subarray(0, bytes);
}

/**
 * A pseudo-random number generator with a fixed seed (xorshift32, https://www.jstatsoft.org/v08/i14). It repeats after
 * 2^32 - 1 numbers: one that repeats earlier would compress better than real content.
 *
 * @returns whole numbers from 0 to 2^20 - 1
 */
export function createRandom(): () => number {
  let state = 42;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 12;
  };
}
