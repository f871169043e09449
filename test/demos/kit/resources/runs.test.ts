import { describe, expect, test } from '@jest/globals';
import { Runs, type Run } from '../../../../src/demos/kit/resources/runs.ts';

const never = new AbortController().signal;
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Starts a run without waiting for it. */
function start(runs: Runs, ...args: Parameters<Runs['start']>) {
  const started: { run?: Run; error?: unknown } = {};
  runs.start(...args).then(
    (run) => (started.run = run),
    (error: unknown) => (started.error = error),
  );
  return started;
}

describe('runs', () => {
  test('count the others that overlap, also those that end earlier or start later', async () => {
    const runs = new Runs();
    const first = await runs.start('shared', never);
    const second = await runs.start('shared', never);
    second.end();
    const third = await runs.start('stream', never);
    first.end();
    const fourth = await runs.start('shared', never);

    expect([first, second, third, fourth].map(({ others }) => others)).toEqual([2, 1, 2, 1]);
    third.end();
    fourth.end();
    expect((await runs.start('shared', never)).others).toBe(0);
  });

  test('that must be alone wait for others and keep later ones waiting, but not streams', async () => {
    const runs = new Runs();
    const stream = await runs.start('stream', never);
    const first = await runs.start('shared', never);
    const alone = start(runs, 'alone', never);
    const later = start(runs, 'shared', never);
    await settle();
    expect([alone.run, later.run]).toEqual([undefined, undefined]);

    first.end();
    await settle();
    expect(alone.run?.others).toBe(1); // the stream
    expect(later.run).toBeUndefined();
    expect((await runs.start('stream', never)).others).toBe(2);

    alone.run?.end();
    await settle();
    expect(later.run).toBeDefined();
    stream.end();
  });

  test('start anyway after the longest wait, and then count the others', async () => {
    const runs = new Runs(20);
    const shared = await runs.start('shared', never);
    const alone = await runs.start('alone', never);

    expect([shared.others, alone.others]).toEqual([1, 1]);
  });

  test('leave the queue if the client disconnects, and let the next one start', async () => {
    const runs = new Runs();
    const first = await runs.start('shared', never);
    const disconnect = new AbortController();
    const alone = start(runs, 'alone', disconnect.signal);
    const later = start(runs, 'shared', never);
    await settle();
    disconnect.abort(new Error('client disconnected'));
    await settle();

    expect(alone.error).toMatchObject({ message: 'client disconnected' });
    expect(later.run?.others).toBe(1);
    first.end();
  });
});
