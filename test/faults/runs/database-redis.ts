/** Two machines that share a Redis and a database. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseServer } from '../database-server.ts';
import type { Fault, Finding } from '../fault.ts';
import type { Sandbox } from '../sandbox.ts';
import { send } from '../traffic.ts';
import { hasRedis, RedisServer } from '../../support/redis-server.ts';

const SKIPPED: Finding = { figure: 'skipped: redis-server is not installed', checks: {} };

async function startTwo(sandbox: Sandbox, env: Readonly<Record<string, string>> = {}) {
  const [redis, database] = await Promise.all([RedisServer.start(), DatabaseServer.start(sandbox)]);
  sandbox.use(redis);
  const start = () => sandbox.start({ REDIS_URL: redis.url, DATABASE_URL: database.url, ...env });
  return { redis, programs: [await start(), await start()] as const };
}

export const sharedLimit: Fault = {
  name: 'shared-limit',
  expects: 'limit of 1,000, 1,600 requests to two machines with two workers each: 1,000 pass exactly',
  async run(sandbox) {
    if (!hasRedis) return SKIPPED;
    const { programs } = await startTwo(sandbox, { RATE_LIMIT_MAX: '1000', RATE_LIMIT_WINDOW_MS: '3600000' });
    const passed = [0, 0];
    let refused = 0;
    await Promise.all(
      Array.from({ length: 16 }, async (_, client) => {
        for (let request = 0; request < 100; request += 1) {
          const machine = (client + request) % 2;
          const { status } = await send({ url: `${programs[machine === 0 ? 0 : 1].url}/faults/small` });
          if (status === 200) passed[machine] = (passed[machine] ?? 0) + 1;
          if (status === 429) refused += 1;
        }
      }),
    );
    const [one = 0, other = 0] = passed;
    return {
      figure: `${one} + ${other} requests passed, ${refused} × 429`,
      checks: { '1,000 passed': one + other === 1_000, 'the others got 429': refused === 600 },
    };
  },
};

export const redisAway: Fault = {
  name: 'redis-away',
  expects:
    'Redis suspended, continued, killed and started again under load of two machines: no failed request; each machine counts for itself, logged once per outage',
  async run(sandbox) {
    if (!hasRedis) return SKIPPED;
    const { redis, programs } = await startTwo(sandbox);
    const traffics = programs.map((program) => sandbox.startTraffic(program));
    const untilLogged = (event: string, count: number) =>
      Promise.all(
        programs.map(async ({ lines }) => {
          while (lines.filter((line) => line['event'] === event).length < count) await sleep(20);
        }),
      );
    const awayMs = sandbox.amount(5_000);
    redis.signal('SIGSTOP');
    await untilLogged('rate-limit-local', 1);
    await sleep(awayMs);
    redis.signal('SIGCONT');
    await untilLogged('rate-limit-shared', 1);
    await redis.kill();
    await untilLogged('rate-limit-local', 2);
    await sleep(awayMs);
    await redis.startAgain();
    await untilLogged('rate-limit-shared', 2);
    await sleep(awayMs);
    await Promise.all(traffics.map((traffic) => traffic.stop()));
    const lines = programs.flatMap((program) => program.lines);
    const outages = lines.filter(({ event }) => event === 'rate-limit-local').length;
    const uncounted = lines.filter(({ event }) => event === 'rate-limit').length;
    const slowestMs = Math.round(Math.max(...traffics.map(({ latenciesMs }) => Math.max(...latenciesMs))));
    const { text } = await send({ url: `${programs[0].managementUrl}/metrics` });
    const counted = Number(/^rate_limit_hits_local_total (\d+)/m.exec(text)?.[1] ?? 0);
    return {
      figure: `${traffics.map(({ summary }) => summary).join('; ')}; slowest ${slowestMs} ms; ${outages} outages logged; ${uncounted} requests uncounted; ${counted} hits counted by the first machine alone`,
      checks: {
        'no failed request': traffics.every(({ failed }) => failed === 0),
        'both outages logged once by each machine': outages === 4,
        'no request uncounted': uncounted === 0,
        'hits of the outages counted by the machine': counted > 0,
      },
    };
  },
};
