import process from 'node:process';

/** Milliseconds on the clock that all threads and processes of a machine share. Only differences mean anything. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
