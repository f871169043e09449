import { Agent, get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { Program } from '../../support/program.ts';

interface Answer {
  readonly result?: { readonly used: number };
  readonly ranOn?: { readonly worker: number };
  readonly code?: string;
}

test('security/rate-limit allows ten requests over two workers, then responds with 429 and Retry-After', async () => {
  await using program = await Program.start({ WORKERS: '2' });
  await program.readyWorkers(2);
  // One connection per worker: the second is opened while the first worker is too busy to accept it.
  const agents = [0, 1].map(() => new Agent({ keepAlive: true, maxSockets: 1 }));
  const send = async (path: string, agent: Agent | undefined) => {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(program.url + path, { agent }, resolve).once('error', reject);
    });
    return { response, body: JSON.parse(await text(response)) as Answer };
  };
  await send('/demos/cluster/whoami', agents[0]);
  const busy = send('/demos/cpu/inline?limit=2000000', agents[0]);
  await sleep(50);
  await send('/demos/cluster/whoami', agents[1]);
  await busy;

  const answers = [];
  for (let i = 0; i < 14; i += 1) {
    const { response, body } = await send('/demos/security/rate-limit', agents[i % 2]);
    answers.push({ status: response.statusCode, retryAfter: response.headers['retry-after'], body });
  }
  for (const agent of agents) agent.destroy();

  const passed = answers.filter(({ status }) => status === 200);
  const rejected = answers.filter(({ status }) => status === 429);
  expect([passed.length, rejected.length]).toEqual([10, 4]);
  expect(passed.map(({ body }) => body.result?.used)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(new Set(passed.map(({ body }) => body.ranOn?.worker)).size).toBe(2);
  for (const { retryAfter, body } of rejected) {
    expect(Number(retryAfter)).toBeGreaterThan(0);
    expect(body.code).toBe('rate-limited');
  }
});
