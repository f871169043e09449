import { describe, expect, test } from '@jest/globals';
import { conclude, myths } from '../../src/demos/myths/verdicts.ts';
import { useTestApp } from '../support/use-test-app.ts';

interface Verdicts {
  readonly result: {
    readonly myths: readonly {
      readonly sentence: string;
      readonly verdict: string;
      readonly measured: string;
      readonly command: string;
    }[];
  };
  readonly lesson: { readonly headline: string; readonly text: string };
}

const service = await useTestApp();

describe('myths/verdicts', () => {
  test('tests twelve sentences, each by a figure of this run or by a command', async () => {
    const { result, lesson } = (await service.client.get('/demos/myths/verdicts').expect(200))
      .body as Verdicts;
    const of = (sentence: string) => result.myths.find((each) => each.sentence === sentence);

    expect(result.myths).toHaveLength(12);
    expect(of('Threads share memory')).toMatchObject({
      verdict: 'false',
      measured: 'After a thread set both to 1, an object had 0 here, and a SharedArrayBuffer 1.',
    });
    expect(of('await makes code faster')?.verdict).toBe('false');
    expect(of('Microtasks run after each phase of the event loop')?.measured).toContain(
      'timer 1, microtask, timer 2',
    );
    expect(of('setTimeout(0) comes before setImmediate')?.measured).toContain('in 20 of 20 rounds');
    expect(of('try/catch catches every error in its block')?.measured).toBe(
      'A rejection was not caught without await, and was with it.',
    );
    expect(of('vm is a sandbox')).toMatchObject({
      verdict: 'false',
      measured: expect.stringContaining(`${process.pid} of ${process.pid}`),
    });
    expect(of('process.exit is a clean end')).toMatchObject({
      verdict: 'false',
      command: expect.stringContaining('/demos/process/last-words?way=exit&as=text'),
    });
    expect(of('JSON is cheap')?.command).toContain('/demos/event-loop/json?way=parse&as=text');
    expect(of('An async function runs in the background')?.verdict).toBe('false');
    expect(of('A stream takes little memory')?.verdict).toBe('false');
    const heavy = result.myths.filter(({ verdict }) => verdict === 'run the command');
    expect(heavy.map(({ sentence }) => sentence)).toContain('More pool threads are faster');
    expect(lesson.headline).toMatch(/^\d+ of 12 sentences did not hold in this run$/);
  });

  test.each(myths.map(({ sentence, demo }) => [sentence, demo]))(
    'the command of "%s" runs a demo: %s',
    async (_sentence, demo) => {
      const response = await service.client.head(`/demos/${demo}${demo.includes('?') ? '&' : '?'}as=text`);

      expect(response.status).toBe(200);
      expect(response.headers['content-type']).toContain('text/plain');
    },
  );

  test('the lesson names a sentence that held', () => {
    const row = { measured: 'It was measured.', command: 'curl' };
    const rows = [
      { ...row, sentence: 'One', verdict: 'false' as const },
      { ...row, sentence: 'Two', verdict: 'true' as const },
    ];

    expect(conclude(rows)).toMatchObject({
      headline: '1 of 2 sentences did not hold in this run',
      text: expect.stringContaining('does not refute "Two". 0 sentences need'),
    });
  });

  test('GET /demos?myths leads there, in the requested format', async () => {
    const response = await service.client.get('/demos?myths&as=text').expect(303);
    expect(response.headers['location']).toBe('/demos/myths/verdicts?as=text');

    await service.client.get('/demos?myths=1').expect(400);
  });
});
