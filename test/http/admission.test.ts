import { EventEmitter, once } from 'node:events';
import express, { type Response } from 'express';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { Admission, SLICE_MS } from '../../src/http/admission.ts';
import { InFlight } from '../../src/http/in-flight.ts';
import { LOOK_EVERY_MS } from '../../src/http/pace.ts';
import { until } from '../support/program.ts';

/** So long that nobody leaves for it, however slow the machine is. */
const LONG_MS = 600_000;
/** A worker that has pauses, or has none, and of which no more is known. */
const steady = { saturated: false, perWait: 0 };
const withoutPause = { saturated: true, perWait: 0 };

type GoesBy = ConstructorParameters<typeof Admission>[3];

/** An admission with those that want to enter: their answers are open until they are told to end. */
class Door implements Disposable {
  readonly admission: Admission;
  /** Who was admitted, in that order, by the order in which they came. */
  readonly admitted: number[] = [];
  readonly #inFlight = new InFlight();
  readonly #answers: EventEmitter[] = [];

  constructor(by: GoesBy, maxWaitMs = LONG_MS) {
    this.admission = new Admission(this.#inFlight, maxWaitMs, 0.98, by);
  }

  /** @param onAdmitted is given what ends the answer */
  enter(onAdmitted?: (end: () => void) => void): boolean {
    const answer = new EventEmitter();
    const number = this.#answers.push(answer) - 1;
    this.#inFlight.add(answer as unknown as Response);
    return this.admission.enter(answer, () => {
      this.admitted.push(number);
      onAdmitted?.(() => answer.emit('close'));
    });
  }

  /** Ends these answers, by the order in which they came: sent, or given up by their clients. */
  end(from = 0, to?: number): void {
    for (const answer of this.#answers.slice(from, to)) answer.emit('close');
  }

  /** A request that was answered before it came here: with 429, say. */
  answerElsewhere(): void {
    const answer = new EventEmitter();
    this.#inFlight.add(answer as unknown as Response);
    answer.emit('close');
  }

  /** @returns how many entered */
  enterAll(count: number, onAdmitted?: (end: () => void) => void): number {
    return Array.from({ length: count }, () => this.enter(onAdmitted)).filter(Boolean).length;
  }

  /** Waits until so many were admitted, and as long again, in which there could have been more. */
  async reached(count: number): Promise<void> {
    const startedAt = performance.now();
    await until(`${count} to be admitted`, () => (this.admitted.length >= count ? true : undefined));
    await sleep(Math.max(20, performance.now() - startedAt));
  }

  /** Who waits behind an open answer asks for its turn again and again. */
  [Symbol.dispose](): void {
    this.end();
  }
}

describe('admission', () => {
  test('admits in order, and not within the turn in which a request arrived', async () => {
    using door = new Door({ pace: steady });
    expect(door.enterAll(5)).toBe(5);
    expect(door.admitted).toEqual([]);
    expect(door.admission.busy).toBe(true);
    await door.reached(5);
    expect(door.admitted).toEqual([0, 1, 2, 3, 4]);
    expect(door.admission.busy).toBe(false);
  });

  test('refuses what would wait behind too many, and admits again later', async () => {
    using door = new Door({ pace: steady });
    expect(door.enterAll(40, (end) => setImmediate(end))).toBe(32);
    await door.reached(32);
    expect(door.admitted).toHaveLength(32);
    expect(door.enter()).toBe(true);
  });

  test('lets as many wait as are finished in the time that one may wait', async () => {
    using door = new Door({ pace: { saturated: true, perWait: 50 } });
    expect(door.enterAll(60)).toBe(50);
  });

  test('refuses while the first has waited too long, unless few wait', async () => {
    let now = 0;
    using door = new Door({ pace: steady, now: () => now }, 20);
    expect(door.enterAll(23)).toBe(23);
    now = 21;
    expect(door.enter()).toBe(true);
    expect(door.enter()).toBe(false);
  });

  test('whoever leaves while waiting gives up the place, in the queue and among those that run', async () => {
    using door = new Door({ pace: withoutPause });
    door.enterAll(8);
    await door.reached(8);
    expect(door.enterAll(40)).toBe(32);
    door.end(8);
    expect(door.enterAll(40)).toBe(32);
    door.end(48, 87);
    expect(door.enter()).toBe(true);
    door.end(0, 8);
    await door.reached(9);
    expect(door.admitted).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 88]);
  });

  test('an end frees the place of that request alone, and only once', async () => {
    let now = 0;
    using door = new Door({ pace: steady, now: () => now }, 100);
    door.enterAll(32);
    await door.reached(16);
    door.end(31); // it waited
    door.answerElsewhere();
    await door.reached(16);
    now = 201; // those that run have run for so long that they do not count any more
    await door.reached(31);
    door.enterAll(8);
    door.end(0, 16); // so these free nothing
    await door.reached(32);
    expect(door.admitted).toHaveLength(32);
    door.end(16, 17);
    await door.reached(33);
    expect(door.admitted).toHaveLength(33);
  });

  test('takes in what arrives before it lets anything run, but not for ever', async () => {
    let now = 0;
    using door = new Door({ pace: steady, now: () => now });
    for (let turn = 0; turn < 5; turn += 1) {
      door.enter();
      await nextTurn();
      expect(door.admitted).toEqual([]);
    }
    now = SLICE_MS;
    door.enter();
    await nextTurn();
    expect(door.admitted).not.toEqual([]);
  });

  test('lets one run, and no more, after a turn that was long by itself', async () => {
    let now = 0;
    using door = new Door({ pace: steady, now: () => now });
    door.enterAll(5);
    now = 2 * SLICE_MS;
    await nextTurn();
    expect(door.admitted).toEqual([0]);
  });

  test('counts as finished what passed and is done, and nothing that was answered elsewhere', async () => {
    using door = new Door({ pace: steady });
    door.answerElsewhere();
    expect(door.admission.finished).toBe(0);
    door.enterAll(3);
    await door.reached(3);
    expect(door.admission.finished).toBe(0);
    door.end(0, 2);
    expect(door.admission.finished).toBe(2);
  });

  test('lets no more run at once than half of what may wait', async () => {
    const inFlight = new InFlight();
    const app = express().use((_req, res) => {
      inFlight.add(res);
      admission.enter(res, () => {
        running.push(() => res.end());
      });
    });
    const server = createServer(app);
    const running: (() => void)[] = [];
    const admission = new Admission(inFlight, LONG_MS, 0.98, { pace: steady });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const answers = Array.from({ length: 30 }, async () => {
      const [response] = (await once(get({ port, agent: false }), 'response')) as [NodeJS.ReadableStream];
      response.resume();
      await once(response, 'end');
    });
    await until('all to have arrived', () => (inFlight.size === 30 ? true : undefined));
    await until('half of what may wait', () => (running.length >= 16 ? true : undefined));
    await sleep(50); // in which there could be more
    expect(running).toHaveLength(16);
    for (let request = 0; request < 30; request += 1) {
      const end = await until('the next to run', () => running[request]);
      end();
    }
    await Promise.all(answers);
    expect(running).toHaveLength(30);
    server.close();
  });
});

describe('admission where the event loop has no pause', () => {
  test('is busy after one long turn, and no longer when there were pauses again', async () => {
    using door = new Door({});
    const pause = () => until('a pause', () => (door.admission.busy ? undefined : true));
    await pause();
    block(3 * LOOK_EVERY_MS);
    await sleep(0); // timers that are due come first
    expect(door.admission.busy).toBe(true);
    await pause();
  });

  test('runs only a few at once, so that the next turn is short', async () => {
    const pace = { ...withoutPause };
    using door = new Door({ pace });
    door.enterAll(20);
    await door.reached(8);
    expect(door.admitted).toHaveLength(8);
    pace.saturated = false;
    await door.reached(16);
    expect(door.admitted).toHaveLength(16);
  });
});

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('admission beside streams', () => {
  test('goes on when what runs has run for long', async () => {
    let now = 0;
    using door = new Door({ pace: steady, now: () => now }, 100);
    door.enterAll(32);
    await door.reached(16);
    now = 200;
    await sleep(20);
    expect(door.admitted).toHaveLength(16);
    now = 201;
    await door.reached(32);
    expect(door.admitted).toHaveLength(32);
  });
});
