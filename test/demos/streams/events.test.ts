import { describe, expect, test } from '@jest/globals';
import { parseEvents } from '../../../src/demos/streams/event-parser.ts';
import { createTestApp } from '../../support/app.ts';
import { useTestApp } from '../../support/use-test-app.ts';
import { collect, run, type Figures } from './responses.ts';

const service = await useTestApp();

describe('streams/ndjson', () => {
  test('lets a client parse rows before the last one arrives', async () => {
    const { result } = await run<Figures>(service, 'ndjson?rows=4&everyMs=20');

    expect(result['rows']).toBe(4);
    expect(result['rowsBeforeLastByte']).toBeGreaterThan(0);
  });

  test('sends one JSON object per line', async () => {
    const response = await service.client
      .get('/demos/streams/ndjson?rows=3&everyMs=0')
      .buffer(true)
      .parse(collect)
      .expect(200);

    expect(
      (response.body as Buffer)
        .toString()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { row: 1, square: 1 },
      { row: 2, square: 4 },
      { row: 3, square: 9 },
    ]);
  });

  test('rejects rows and pauses that would take too long with 400', async () => {
    await service.client.get('/demos/streams/ndjson?rows=1000&everyMs=1000').expect(400);
  });
});

describe('streams/events', () => {
  test('a client that reconnects misses no event and receives none twice', async () => {
    const { result } = await run<Figures>(service, 'events?events=6&everyMs=10');

    expect(result).toMatchObject({ missed: 0, repeated: 0, goodbye: '{"reason":"complete"}' });
    expect(result['idsOfSecondConnection']).toEqual([4, 5, 6]);
  });

  test('resumes after Last-Event-ID, and responds with 204 to a client that has every event', async () => {
    const resumed = await readEvents({ 'Last-Event-ID': '2' }, 'events=4&everyMs=10');

    expect(resumed.map(({ id }) => id)).toEqual(['3', '4', undefined]);
    await service.client.get('/demos/streams/events?events=4').set('Last-Event-ID', '4').expect(204);
  });

  test('ends with a goodbye that names where to resume when the worker drains', async () => {
    await using draining = await createTestApp();
    let drains = false;
    const events = await readEvents({}, 'events=1000&everyMs=20', draining, (soFar) => {
      if (drains || !soFar.includes('id: 2')) return;
      drains = true;
      void draining.lifecycle.stop({ reason: 'test', exitCode: 0, keepListening: false });
    });
    const last = events.at(-1);
    const resumeWith = Number(events.at(-2)?.id);

    expect(resumeWith).toBeGreaterThanOrEqual(2);
    expect(last?.event).toBe('goodbye');
    expect(JSON.parse(last?.data ?? '')).toEqual({ reason: 'draining', resumeWith });
  });

  test('the parser returns complete events and keeps the rest', () => {
    expect(parseEvents('retry: 5\n\n: ping\n\nid: 1\nevent: tick\ndata: a\ndata: b\n\nid: 2\nda')).toEqual({
      events: [{ id: '1', event: 'tick', data: 'a\nb' }],
      rest: 'id: 2\nda',
    });
  });

  /** @param onText receives the whole text so far whenever more arrives */
  async function readEvents(
    headers: Record<string, string>,
    query: string,
    app = service,
    onText: (soFar: string) => void = () => undefined,
  ) {
    const response = await app.client
      .get(`/demos/streams/events?${query}`)
      .set({ Accept: 'text/event-stream', ...headers })
      .buffer(true)
      .parse((res, done) => {
        let soFar = '';
        res.on('data', (chunk: Buffer) => onText((soFar += chunk.toString())));
        collect(res, done);
      })
      .expect(200);
    return parseEvents((response.body as Buffer).toString()).events;
  }
});
