import { describe, expect, test } from '@jest/globals';
import { conclude as concludeExports, type Result as Exports } from '../../src/demos/modules/exports.ts';
import { conclude } from '../../src/demos/modules/load.ts';
import { until } from '../support/program.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();

type Result = Parameters<typeof conclude>[0];
interface Answer {
  readonly result: Result;
  readonly lesson: { readonly headline: string; readonly text: string };
}

async function run(query: string): Promise<Answer> {
  const response = await service.client.get(`/demos/modules/load?${query}`).expect(200);
  return response.body as Answer;
}

function modulesCpuMs({ rows }: Result, program: string): number {
  return rows.find((each) => each.program === program)?.modulesCpuMs ?? NaN;
}

describe('modules/load', () => {
  test('more modules cost more CPU time, and require() with destructuring copies', async () => {
    const { result, lesson } = await until('a cost of modules', async () => {
      const [few, many] = [await run('kind=cjs&modules=1'), await run('kind=cjs&modules=150')];
      return modulesCpuMs(many.result, 'cjs') > 2 * modulesCpuMs(few.result, 'cjs') ? many : undefined;
    });

    expect(result).toMatchObject({ allLoaded: true, importedCounter: 0, prepareMs: 0 });
    expect(lesson.headline).toMatch(/^150 modules added /);
  });

  test('an ES import is a live binding', async () => {
    const { result, lesson } = await run('kind=esm&modules=10');

    expect(result).toMatchObject({ allLoaded: true, importedCounter: 1 });
    expect(result.rows.map(({ program }) => program)).toEqual(['empty', 'cjs', 'esm']);
    expect(lesson.text).toContain('a live binding');
  });

  test.each([
    ['cached', 'The compile cache', 0.85],
    ['snapshot', 'The startup snapshot', 0.6],
  ])('%s: saves some of what the modules cost', async (kind, name, share) => {
    const { result, lesson } = await until('a saving', async () => {
      const each = await run(`kind=${kind}&modules=150`);
      return modulesCpuMs(each.result, kind) < share * modulesCpuMs(each.result, 'cjs') ? each : undefined;
    });

    expect(result).toMatchObject({ allLoaded: true });
    expect(result.prepareMs).toBeGreaterThan(0);
    expect(lesson.headline).toMatch(new RegExp(`^${name} saved \\d+% of what the modules cost$`));
  });

  test('the lesson follows the figures', () => {
    const result = (own: number): Result => ({
      kind: 'cached',
      modules: 80,
      prepareMs: 200,
      allLoaded: true,
      importedCounter: 0,
      rows: [
        { program: 'empty', firstLineMs: 40, cpuMs: 40, modulesCpuMs: 0 },
        { program: 'cjs', firstLineMs: 60, cpuMs: 60, modulesCpuMs: 20 },
        { program: 'cached', firstLineMs: 50, cpuMs: 40 + own, modulesCpuMs: own },
      ],
    });

    expect(conclude(result(10)).headline).toBe('The compile cache saved 50% of what the modules cost');
    expect(conclude(result(19)).headline).toBe(
      'The compile cache cost about as much as CommonJS in this run',
    );
    expect(conclude(result(40)).headline).toBe('The compile cache cost 2.0× as much as CommonJS');
  });

  test('compares nothing if the modules cost less than two runs of one program differ', () => {
    const rows = [
      { program: 'empty' as const, firstLineMs: 40, cpuMs: 40, modulesCpuMs: 0 },
      { program: 'cjs' as const, firstLineMs: 40, cpuMs: 40.1, modulesCpuMs: 0.1 },
      { program: 'cached' as const, firstLineMs: 42, cpuMs: 42, modulesCpuMs: 2 },
    ];
    const result = {
      kind: 'cached' as const,
      modules: 1,
      prepareMs: 9,
      allLoaded: true,
      importedCounter: 0,
      rows,
    };

    expect(conclude(result).headline).toBe('This run does not tell: 1 module cost too little');
  });

  test.each(['kind=wasm', 'modules=0', 'modules=151'])('rejects %s with 400', async (query) => {
    await service.client.get(`/demos/modules/load?${query}`).expect(400);
  });
});

describe('modules/exports', () => {
  test('hides internal files, and chooses a file for import and require', async () => {
    const response = await service.client.get('/demos/modules/exports').expect(200);
    const { result, lesson } = response.body as Pick<Answer, 'lesson'> & { readonly result: Exports };

    expect(result.requests).toEqual([
      { request: "import('pkg')", withoutExports: 'lib/main.cjs', withExports: 'lib/main.mjs' },
      { request: "require('pkg')", withoutExports: 'lib/main.cjs', withExports: 'lib/main.cjs' },
      {
        request: "import('pkg/feature')",
        withoutExports: 'ERR_MODULE_NOT_FOUND',
        withExports: 'lib/feature.mjs',
      },
      {
        request: "import('pkg/lib/internal.mjs')",
        withoutExports: 'lib/internal.mjs',
        withExports: 'ERR_PACKAGE_PATH_NOT_EXPORTED',
      },
      {
        request: "require('pkg/package.json')",
        withoutExports: 'package.json',
        withExports: 'ERR_PACKAGE_PATH_NOT_EXPORTED',
      },
      {
        request: "import('./node_modules/pkg/lib/internal.mjs')",
        withoutExports: 'lib/internal.mjs',
        withExports: 'lib/internal.mjs',
      },
    ]);
    expect(lesson.headline).toBe('exports refused 2 paths that loaded without it');
    expect(lesson.text).toContain('A path to the same file loaded it nevertheless.');
  });

  test('the lesson claims nothing if the internal file was loaded', () => {
    const rows = [
      { request: "import('pkg/lib/internal.mjs')", withoutExports: 'a.mjs', withExports: 'a.mjs' },
    ];

    expect(concludeExports({ exports: '{}', requests: rows }).headline).toMatch(/^This run does not tell/);
  });
});
