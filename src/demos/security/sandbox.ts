import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { count } from '../kit/answer/units.ts';
import { demoRoute, type Lesson } from '../kit/demo.ts';
import { overLoopback } from '../kit/measure/loopback.ts';
import { readOutput, withChild } from '../kit/resources/with-child.ts';
import { places, type Loot, type Place, type SandboxJob } from './sandbox-protocol.ts';

const program = new URL('./sandbox-host-child.ts', import.meta.url);

const shown: Readonly<Record<Place, string>> = {
  vm: 'vm context',
  thread: 'worker thread',
  child: 'child process',
  permission: 'child, --permission',
};

const row = z.strictObject({
  place: z.string(),
  readsFile: z.boolean(),
  writesFile: z.boolean(),
  readsVariable: z.boolean().describe('A global variable of the host'),
  readsEnvironment: z.boolean().describe('The environment of the host, also over /proc'),
  startsProgram: z.boolean(),
  connects: z.boolean().describe('To a server on loopback'),
  killsHost: z.boolean(),
});
type Row = z.infer<typeof row>;

const result = z.strictObject({ accesses: z.number(), places: z.array(row) });
type Result = z.infer<typeof result>;

export const sandbox = demoRoute({
  method: 'get',
  path: '/sandbox',
  title: 'Where untrusted code gets out',
  summary:
    'Runs the same hostile code in a vm context, a thread, a child and a child with --permission, and lists its loot.',
  teaches:
    'A vm context separates names, not rights. A thread and a child have the rights of their user. The permission model ' +
    'takes rights away, and its documentation says that it is no defense against malicious code: use a container or another user.',
  result,
  examples: [{ title: 'What the same code gets in each place', query: { as: 'text' } }],
  contrasts: ['worker-threads/memory-limit', 'child-processes/time-out'],
  run({ signal, timeline, resources }) {
    return resources.budgets.children.use(places.length, signal, () =>
      overLoopback(
        (_req, res) => res.end(),
        async (origin) => {
          const port = Number(new URL(origin).port);
          const rows = await Promise.all(
            places.map((place) =>
              timeline.record(shown[place], 'child', () =>
                resources.scratch.withPath(async (file) => {
                  const job = { place, secret: randomUUID(), file, port };
                  await writeFile(file, job.secret);
                  const host = resources.children.startNode(program, {
                    args: [JSON.stringify(job)],
                    env: { SANDBOX_SECRET: job.secret },
                    signal,
                  });
                  const output = await withChild(host, async (child) => {
                    const text = await readOutput(child);
                    return { text, exit: await child.exited };
                  });
                  signal.throwIfAborted();
                  const written = existsSync(`${file}.written`);
                  await rm(`${file}.written`, { force: true });
                  return toRow(
                    job,
                    JSON.parse(output.text) as Loot,
                    written,
                    output.exit.signal === 'SIGKILL',
                  );
                }),
              ),
            ),
          );
          const observed = { accesses: Object.keys(row.shape).length - 1, places: rows };
          return { result: observed, lesson: conclude(observed) };
        },
      ),
    );
  },
});

function toRow({ place, secret }: SandboxJob, loot: Loot, writesFile: boolean, killsHost: boolean): Row {
  return {
    place: shown[place],
    readsFile: loot.file === secret,
    writesFile,
    readsVariable: loot.variable === secret,
    readsEnvironment: loot.environment === secret,
    startsProgram: loot.program !== '',
    connects: loot.connection !== '',
    killsHost,
  };
}

function conclude({ accesses, places: rows }: Result): Lesson {
  const taken = ({ place: _, ...figures }: Row) => Object.entries(figures).filter(([, got]) => got);
  const details = rows.map((each) => `${each.place} ${taken(each).length}`).join(', ');
  const [worst] = rows.map((each) => ({ place: each.place, taken: taken(each).length }));
  const best = rows.at(-1);
  const left = best === undefined ? [] : taken(best).map(([name]) => name);
  return {
    headline: `Of ${accesses} accesses the ${worst?.place ?? ''} allowed ${worst?.taken ?? 0}, --permission ${left.length}`,
    text:
      `What succeeded: ${details}. ` +
      (left.length === 0
        ? 'Under --permission nothing succeeded.'
        : `Under --permission ${count(left.length, 'access', 'accesses')} still succeeded: ${left.join(', ')}. A container, another user and a firewall stop these.`),
  };
}
