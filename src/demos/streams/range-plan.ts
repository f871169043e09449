/** Bytes to send, from `start` to `end` inclusive; or no bytes. */
export type RangePlan =
  { readonly status: 200 | 206; readonly start: number; readonly end: number } | { readonly status: 416 };

/**
 * Decides by RFC 9110, section 14. Ignores an invalid range and multiple ranges: the response is the whole file.
 *
 * @param size of the file, in bytes
 */
export function planRange(size: number, range: string | undefined): RangePlan {
  const whole = { status: 200, start: 0, end: size - 1 } as const;
  const [, from, to] = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(range ?? '') ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) return whole;
  if (from === '') {
    // "-500" requests the last 500 bytes.
    return Number(to) === 0
      ? { status: 416 }
      : { status: 206, start: Math.max(0, size - Number(to)), end: size - 1 };
  }
  const start = Number(from);
  const end = to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== '' && Number(to) < start) return whole; // invalid
  return start >= size ? { status: 416 } : { status: 206, start, end };
}
