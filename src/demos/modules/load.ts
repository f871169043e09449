import { performance } from 'node:perf_hooks';
import { rm } from 'node:fs/promises';
import process from 'node:process';
import { z } from 'zod';
import { count, ms, percent, times } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { readOutput, withChild } from '../kit/resources/with-child.ts';
import { writeModules, type FirstLine, type ModuleFiles } from './module-files.ts';

/** Each program runs this often, in turns, and the fastest run counts: others may have waited for a core. */
const ROUNDS = 3;
/** A smaller difference, as a share of what the modules cost, is noise. */
const TELLING_SHARE = 0.15;
/** CPU time varies by about as much between two runs of one program: modules that add less cannot be compared. */
const NOISE_SHARE = 0.2;

const kinds = ['cjs', 'esm', 'cached', 'snapshot'] as const;
type Kind = (typeof kinds)[number];

const row = z.strictObject({
  program: z.enum(['empty', ...kinds]),
  firstLineMs: z.number().describe('From the start of the process to its first line'),
  cpuMs: z.number().describe('CPU time of the process until then'),
  modulesCpuMs: z.number().describe('The same, without that of the empty program'),
});
type Row = z.infer<typeof row>;

const resultSchema = z.strictObject({
  kind: z.enum(kinds),
  modules: z.number(),
  rows: z.array(row),
  prepareMs: z.number().describe('To fill the compile cache or to build the snapshot, once'),
  allLoaded: z.boolean().describe('Whether each program computed the sum over all modules'),
  importedCounter: z
    .number()
    .nullable()
    .describe('An imported counter after its module incremented it: 1 if the import is a live binding'),
});
type Result = z.infer<typeof resultSchema>;

export const load = demoRoute({
  method: 'get',
  path: '/load',
  title: 'Load modules at startup',
  summary:
    'Starts a program of many modules: as CommonJS, as ES modules, with the compile cache, or from a startup snapshot.',
  teaches:
    'Startup reads, resolves and compiles every module. NODE_COMPILE_CACHE keeps the compiled code on disk, and a startup snapshot ' +
    'keeps the initialized heap. An ES import is a live binding; a value destructured from require() is a copy.',
  query: z.object({
    kind: oneOf('How the program loads its modules', kinds),
    modules: wholeNumber('Number of modules', { min: 1, max: 150, default: 80 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'CommonJS', query: { kind: 'cjs', as: 'text' } },
    { title: 'ES modules', query: { kind: 'esm', as: 'text' } },
    { title: 'CommonJS with the compile cache', query: { kind: 'cached', as: 'text' } },
    { title: 'From a startup snapshot', query: { kind: 'snapshot', as: 'text' } },
  ],
  contrasts: [
    'modules/load?kind=cjs',
    'modules/load?kind=esm',
    'modules/load?kind=cached',
    'modules/load?kind=snapshot',
    'child-processes/compare',
  ],
  async run({ query: { kind, modules }, signal, timeline, resources }) {
    const result = await resources.budgets.children.use(1, signal, () =>
      resources.scratch.withPath(async (folder) => {
        try {
          const files = await writeModules(folder, modules);
          return await measureStarts(kind, modules, files, folder, { signal, timeline, resources });
        } finally {
          await rm(folder, { recursive: true, force: true });
        }
      }),
    );
    return { result, lesson: conclude(result) };
  },
});

type Call = Pick<DemoCall<never, never, never>, 'signal' | 'timeline' | 'resources'>;

interface Start {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

async function measureStarts(
  kind: Kind,
  modules: number,
  files: ModuleFiles,
  folder: string,
  call: Call,
): Promise<Result> {
  // The service may run with a compile cache, which its children inherit.
  const uncached = { NODE_DISABLE_COMPILE_CACHE: '1' };
  const blob = `${folder}/snapshot.blob`;
  const starts: Readonly<Record<Row['program'], Start>> = {
    empty: { args: [files.empty], env: uncached },
    cjs: { args: [files.cjs], env: uncached },
    esm: { args: [files.esm], env: uncached },
    cached: { args: [files.cjs], env: { NODE_COMPILE_CACHE: `${folder}/compile-cache` } },
    snapshot: { args: ['--snapshot-blob', blob, files.snapshot], env: uncached },
  };
  const prepareMs = await prepare(kind, starts.cached, blob, files, uncached, call);

  const programs = [...new Set<Row['program']>(['empty', 'cjs', kind])];
  const runs: { readonly program: Row['program']; readonly firstLineMs: number; readonly line: FirstLine }[] =
    [];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const program of programs) runs.push({ program, ...(await start(program, starts[program], call)) });
  }
  const of = (program: Row['program']) => runs.filter((run) => run.program === program);
  const fastest = (program: Row['program'], by: (run: (typeof runs)[number]) => number) =>
    Math.min(...of(program).map(by));
  const cpuMs = (program: Row['program']) => fastest(program, ({ line }) => line.cpuMs);
  const sum = (modules * (modules + 1)) / 2;
  return {
    kind,
    modules,
    rows: programs.map((program) => ({
      program,
      firstLineMs: toMicroseconds(fastest(program, ({ firstLineMs }) => firstLineMs)),
      cpuMs: toMicroseconds(cpuMs(program)),
      modulesCpuMs: toMicroseconds(Math.max(0, cpuMs(program) - cpuMs('empty'))),
    })),
    prepareMs: toMicroseconds(prepareMs),
    allLoaded: runs.every(({ program, line }) => line.sum === (program === 'empty' ? 0 : sum)),
    importedCounter: kind === 'snapshot' ? null : (of(kind)[0]?.line.counter ?? null),
  };
}

/** Fills the compile cache or builds the snapshot. @returns how long it took */
async function prepare(
  kind: Kind,
  cached: Start,
  blob: string,
  files: ModuleFiles,
  env: Start['env'],
  call: Call,
): Promise<number> {
  const startedAt = performance.now();
  if (kind === 'cached') await runNode('fill the cache', cached, call);
  else if (kind === 'snapshot') {
    const args = ['--snapshot-blob', blob, '--build-snapshot', files.snapshot];
    await runNode('build the snapshot', { args, env }, call);
  } else return 0;
  return performance.now() - startedAt;
}

async function start(program: string, how: Start, call: Call) {
  const { output, firstLineMs } = await runNode(program, how, call);
  return { firstLineMs, line: JSON.parse(output) as FirstLine };
}

function runNode(label: string, { args, env }: Start, { resources, signal, timeline }: Call) {
  return timeline.record(label, 'child', () =>
    withChild(resources.children.start(process.execPath, { args, env, signal }), async (child) => {
      // A program prints one line, at its end.
      const output = await readOutput(child);
      const firstLineMs = performance.now() - child.startedAt;
      const { code } = await child.exited;
      signal.throwIfAborted();
      if (code !== 0) throw new Error(`${label} exited with code ${String(code)}`);
      return { output, firstLineMs };
    }),
  );
}

const names: Readonly<Record<Kind, string>> = {
  cjs: 'CommonJS',
  esm: 'ES modules',
  cached: 'The compile cache',
  snapshot: 'The startup snapshot',
};

export function conclude({ kind, modules, rows, prepareMs, importedCounter }: Result): Lesson {
  const find = (program: Row['program']) => rows.find((each) => each.program === program);
  const [empty, plain, own] = [find('empty'), find('cjs'), find(kind)];
  if (empty === undefined || plain === undefined || own === undefined) {
    return { headline: 'Nothing was measured', text: 'This run measured nothing at all.' };
  }
  const binding =
    importedCounter === null
      ? ''
      : importedCounter === 1
        ? ' An imported counter showed its increment: a live binding.'
        : ' An imported counter did not show its increment: require() with destructuring copies.';
  const figures =
    `An empty program took ${ms(empty.cpuMs)} of CPU time to its first line, and ${count(modules, 'CommonJS module')} added ` +
    `${ms(plain.modulesCpuMs)}.`;
  if (plain.modulesCpuMs < NOISE_SHARE * empty.cpuMs) {
    return {
      headline: `This run does not tell: ${count(modules, 'module')} cost too little`,
      text: `${figures} Two runs of one program differ by as much: load more modules.${binding}`,
    };
  }
  if (kind === 'cjs') {
    return {
      headline: `${count(modules, 'module')} added ${ms(plain.modulesCpuMs)} to ${ms(empty.cpuMs)} of startup`,
      text: `${figures} It printed the line ${ms(plain.firstLineMs)} after its start.${binding}`,
    };
  }
  const saved = plain.modulesCpuMs - own.modulesCpuMs;
  const share = saved / Math.max(plain.modulesCpuMs, 0.001);
  const once = prepareMs === 0 ? '' : ` Preparing it once took ${ms(prepareMs)}.`;
  const text = `${figures} ${names[kind]} made that ${ms(own.modulesCpuMs)}.${once}${binding}`;
  if (Math.abs(share) < TELLING_SHARE) {
    return { headline: `${names[kind]} cost about as much as CommonJS in this run`, text };
  }
  return share > 0
    ? { headline: `${names[kind]} saved ${percent(share)} of what the modules cost`, text }
    : {
        headline: `${names[kind]} cost ${times(own.modulesCpuMs / Math.max(plain.modulesCpuMs, 0.001))} as much as CommonJS`,
        text,
      };
}
