/** What ends or harms a worker: each answers first, and then does it, so that the answer can say where to watch. */
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { z } from 'zod';
import { demoRoute, oneOf, wholeNumber } from '../demo.ts';
import { ms } from '../evidence/words.ts';
import { announce } from './announce.ts';
import { courses, drains, fallsSilent, isCut, otherEnds, signals } from './courses.ts';
import { leakRoute } from './leak.ts';

const brewing = z.strictObject({
  worker: z.strictObject({ pid: z.number() }),
  willHappen: z.string(),
  watch: z.array(z.string()),
});

export const dangerRoutes = [
  demoRoute({
    method: 'post',
    path: '/uncaught-exception',
    danger: true,
    summary:
      'Throws outside of any request: this worker drains, ends with its own code, and the primary replaces it.',
    teaches:
      'After an exception that nobody caught the process cannot be trusted, but what it has begun can be finished.',
    result: brewing,
    examples: [{ title: 'End a worker by an exception' }],
    contrasts: otherEnds('uncaught-exception'),
    run: (call) =>
      announce(call, { willDo: 'throw outside of any request', ...drains('uncaught-exception', 80) }, () => {
        throw new Error('thrown on purpose, outside of any request');
      }),
  }),
  demoRoute({
    method: 'post',
    path: '/unhandled-rejection',
    danger: true,
    summary:
      'Rejects a promise that nobody waits for: this worker drains, ends with its own code, and the primary replaces it.',
    teaches: 'A forgotten await can end a process: let the linter find floating promises before they do.',
    result: brewing,
    examples: [{ title: 'End a worker by a rejection' }],
    contrasts: otherEnds('unhandled-rejection'),
    run: (call) =>
      announce(
        call,
        {
          willDo: 'reject a promise that nobody waits for',
          ...drains('unhandled-rejection', 81),
        },
        () => {
          void Promise.reject(new Error('rejected on purpose, and nobody waits'));
        },
      ),
  }),
  demoRoute({
    method: 'post',
    path: '/block',
    danger: true,
    summary: 'Holds the event loop: beyond the heartbeat time the primary kills this worker.',
    teaches:
      'A process that hangs cannot notice it. Only another one can, by a heartbeat that stops; SIGTERM would never be read.',
    query: z.object({
      ms: wholeNumber('How long the event loop is held', { min: 1, max: 120_000, default: 15_000 }),
    }),
    result: brewing,
    examples: [
      { title: 'Longer than the heartbeat allows' },
      { title: 'Two seconds: late, and alive', query: { ms: 2_000 } },
    ],
    contrasts: [...otherEnds('block'), 'cpu/inline'],
    run(call) {
      const { query, tools } = call;
      const willDo = `hold its event loop for ${ms(query.ms)} and answer nobody meanwhile`;
      const course = fallsSilent(query.ms, 'its requests are late, and then it goes on', tools.dependencies);
      return announce(call, { willDo, ...course }, () => holdEventLoop(query.ms));
    },
  }),
  demoRoute({
    method: 'post',
    path: '/exit',
    danger: true,
    summary: 'Calls process.exit: nothing is drained, and every request of this worker is lost.',
    teaches: 'process.exit in a service cuts whatever is under way: only the end of a drain may call it.',
    query: z.object({ code: wholeNumber('The exit code', { min: 0, max: 255, default: 1 }) }),
    result: brewing,
    examples: [{ title: 'Leave with code 7', query: { code: 7 } }],
    contrasts: otherEnds('exit'),
    run(call) {
      const { code } = call.query;
      return announce(call, { willDo: 'exit at once', ...isCut(`code ${code}`) }, () => process.exit(code));
    },
  }),
  leakRoute,
  demoRoute({
    method: 'post',
    path: '/kill',
    danger: true,
    summary: 'Sends this worker a signal, as an operator or the kernel would.',
    teaches:
      'SIGTERM asks, and is answered with a drain. SIGKILL asks nobody: what was under way is lost, and it is the primary ' +
      'that starts another worker.',
    query: z.object({ signal: oneOf('The signal', signals) }),
    result: brewing,
    examples: [{ title: 'Without warning' }, { title: 'Politely', query: { signal: 'SIGTERM' } }],
    contrasts: otherEnds('kill'),
    run(call) {
      const { signal: name } = call.query;
      const course = courses[name](name, call.tools.dependencies);
      return announce(call, { willDo: `get ${name}`, ...course }, () => process.kill(process.pid, name));
    },
  }),
];

function holdEventLoop(forMs: number): void {
  const end = performance.now() + forMs;
  while (performance.now() < end);
}
