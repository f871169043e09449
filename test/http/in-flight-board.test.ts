import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { InFlightBoard, NO_SLOT } from '../../src/http/in-flight-board.ts';

describe('the in-flight board', () => {
  test('shows id, method, path without query, route and age to a reader of its memory, newest request first', async () => {
    const board = new InFlightBoard();
    const route = board.registerRoute('/orders/:id');
    const first = board.begin('one', 'GET', '/orders/7?token=secret');
    board.setRoute(first, route);
    await sleep(5); // so that the requests differ in age
    board.begin('two', 'POST', '/nowhere');
    const seen = new InFlightBoard(board.memory).read(Date.now() + 1_000);
    expect(seen).toEqual([
      { requestId: 'two', method: 'POST', path: '/nowhere', route: undefined, ageMs: expect.any(Number) },
      { requestId: 'one', method: 'GET', path: '/orders/7', route: '/orders/:id', ageMs: expect.any(Number) },
    ]);
    expect(seen.every(({ ageMs }) => ageMs >= 1_000)).toBe(true);
    expect(JSON.stringify(seen)).not.toContain('secret');
  });

  test('removes a request that has ended, and shows nothing of it in the next request of its slot', () => {
    const board = new InFlightBoard();
    const slot = board.begin('a-long-request-id', 'DELETE', '/long/path');
    board.setRoute(slot, board.registerRoute('/long/path'));
    board.end(slot);
    expect(board.read()).toEqual([]);
    board.begin('b', 'GET', '/');
    expect(board.read()).toEqual([expect.objectContaining({ requestId: 'b', path: '/', route: undefined })]);
  });

  test('counts requests beyond its slots, and reuses slots of requests that have ended', () => {
    const board = new InFlightBoard();
    const slots = Array.from({ length: 300 }, (_, index) => board.begin(`${index}`, 'GET', '/'));
    expect(board.read()).toHaveLength(256);
    expect(board.unrecorded).toBe(44);
    for (const slot of slots) board.end(slot);
    expect(board.unrecorded).toBe(0);
    expect(board.begin('again', 'GET', '/')).not.toBe(NO_SLOT);
  });

  test('truncates a URL longer than its slot, and shows no name for routes beyond its capacity', () => {
    const board = new InFlightBoard();
    const routes = Array.from({ length: 600 }, (_, index) => board.registerRoute(`/route/${index}`));
    const slot = board.begin('long', 'GET', `/${'x'.repeat(10_000)}`);
    board.setRoute(slot, routes.at(-1) ?? 0);
    const [seen] = board.read();
    expect(seen?.path.length).toBeLessThan(250);
    expect(seen?.route).toBeUndefined();
  });
});
