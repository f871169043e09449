import { describe, expect, test } from '@jest/globals';
import { NO_SLOT, RequestBoard } from '../../src/process/request-board.ts';

describe('the board of requests in flight', () => {
  test('is read from its memory alone: method, path without its query, route, id and age, the latest first', () => {
    const board = new RequestBoard();
    const route = board.registerRoute('/orders/:id');
    const first = board.begin('one', 'GET', '/orders/7?token=secret');
    board.nameRoute(first, route);
    board.begin('two', 'POST', '/nowhere');
    const seen = new RequestBoard(board.memory).read(Date.now() + 1_000);
    expect(seen.map(({ requestId, method, path, route: name }) => [requestId, method, path, name])).toEqual(
      expect.arrayContaining([
        ['one', 'GET', '/orders/7', '/orders/:id'],
        ['two', 'POST', '/nowhere', undefined],
      ]),
    );
    expect(seen.every(({ ageMs }) => ageMs >= 1_000)).toBe(true);
    expect(JSON.stringify(seen)).not.toContain('secret');
  });

  test('forgets what has ended, and nothing of it is seen in the next request of its slot', () => {
    const board = new RequestBoard();
    const slot = board.begin('a-long-request-id', 'DELETE', '/long/path');
    board.nameRoute(slot, board.registerRoute('/long/path'));
    board.end(slot);
    expect(board.read()).toEqual([]);
    board.begin('b', 'GET', '/');
    expect(board.read()).toEqual([expect.objectContaining({ requestId: 'b', path: '/', route: undefined })]);
  });

  test('counts requests beyond its slots, and has room again when they end', () => {
    const board = new RequestBoard();
    const slots = Array.from({ length: 300 }, (_, index) => board.begin(`${index}`, 'GET', '/'));
    expect(board.read()).toHaveLength(256);
    expect(board.unrecorded).toBe(44);
    for (const slot of slots) board.end(slot);
    expect(board.unrecorded).toBe(0);
    expect(board.begin('again', 'GET', '/')).not.toBe(NO_SLOT);
  });

  test('takes a URL longer than its slot, and more routes than it has room for', () => {
    const board = new RequestBoard();
    const routes = Array.from({ length: 600 }, (_, index) => board.registerRoute(`/route/${index}`));
    const slot = board.begin('long', 'GET', `/${'x'.repeat(10_000)}`);
    board.nameRoute(slot, routes.at(-1) ?? 0);
    const [seen] = board.read();
    expect(seen?.path.length).toBeLessThan(250);
    expect(seen?.route).toBeUndefined();
  });
});
