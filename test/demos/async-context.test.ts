import { describe, expect, test } from '@jest/globals';
import { conclude as concludeLost, type Row } from '../../src/demos/async-context/lost.ts';
import { conclude as concludeWho } from '../../src/demos/async-context/who.ts';
import type { Lesson } from '../../src/demos/kit/demo.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();

async function run<Result>(path: string): Promise<{ result: Result; lesson: Lesson }> {
  const response = await service.client.get(`/demos/async-context/${path}`).expect(200);
  return response.body as { result: Result; lesson: Lesson };
}

describe('async-context/who', () => {
  interface Who {
    readonly lines: number;
    readonly linesOfAnotherRequest: number;
    readonly maxAtOnce: number;
    readonly readNs: number;
  }

  test('a global variable holds the id of another request in most lines', async () => {
    const { result, lesson } = await run<Who>('who?way=global&requests=50');

    expect(result.lines).toBe(150);
    expect(result.maxAtOnce).toBeGreaterThan(1);
    expect(result.linesOfAnotherRequest).toBeGreaterThan(75);
    expect(lesson.headline).toBe(
      `${result.linesOfAnotherRequest} of 150 log lines had the id of another request`,
    );
  });

  test('AsyncLocalStorage holds the right id in every line', async () => {
    const { result, lesson } = await run<Who>('who?way=local&requests=50');

    expect(result).toMatchObject({ lines: 150, linesOfAnotherRequest: 0 });
    expect(result.maxAtOnce).toBeGreaterThan(1);
    expect(result.readNs).toBeGreaterThan(0);
    expect(lesson.headline).toBe('All 150 log lines had the id of their own request');
  });

  test.each(['global', 'local'])('a single request does not tell anything about way=%s', async (way) => {
    const { result, lesson } = await run<Who>(`who?way=${way}&requests=1`);

    expect(result).toMatchObject({ lines: 3, linesOfAnotherRequest: 0, maxAtOnce: 1 });
    expect(lesson.headline).toMatch(/^This run does not tell/);
  });

  test('does not praise a global variable that was right by luck', () => {
    const result = { requests: 2, lines: 6, linesOfAnotherRequest: 0, maxAtOnce: 2, readNs: 1 };

    expect(concludeWho({ ...result, way: 'global' }).headline).toMatch(/^This run does not tell/);
    expect(concludeWho({ ...result, way: 'local' }).headline).toMatch(/^All 6 log lines/);
  });
});

describe('async-context/lost', () => {
  interface Lost {
    readonly places: readonly Row[];
  }

  test('places that store callbacks lose the context, promises and timers keep it, and bind restores it', async () => {
    const { result, lesson } = await run<Lost>('lost?requests=8');
    const tallies = result.places.map(({ place, right, other, none, rightIfBound }) => [
      place,
      [right, other, none],
      rightIfBound,
    ]);

    expect(tallies).toEqual([
      ['poller', [0, 0, 8], 8],
      ['emitter', [1, 7, 0], 8],
      ['pool', [1, 7, 0], 8],
      ['batch', [1, 7, 0], 8],
      ['await', [8, 0, 0], 8],
      ['shared promise', [8, 0, 0], 8],
      ['setTimeout', [8, 0, 0], 8],
    ]);
    expect(lesson.headline).toBe('4 of 7 places ran callbacks in the wrong context');
    expect(lesson.text).toContain('poller 0 of 8, emitter 1 of 8, pool 1 of 8, batch 1 of 8.');
    expect(lesson.text).toContain('With AsyncResource.bind every callback was right.');
  });

  test('a single request loses its context only if no request runs its callback', async () => {
    const { lesson } = await run<Lost>('lost?requests=1');

    expect(lesson.headline).toBe('1 of 7 places ran callbacks in the wrong context');
  });

  test('the lesson names the places in which bind did not help', () => {
    const row: Row = { place: 'pool', runBy: '', right: 1, other: 1, none: 0, rightIfBound: 1 };

    expect(concludeLost([row], 2).text).toContain('AsyncResource.bind did not help: pool.');
    expect(concludeLost([{ ...row, right: 2 }], 2).headline).toBe(
      'Every callback saw the context of its own request',
    );
  });
});
