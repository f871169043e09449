import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { until } from '../../support/program.ts';
import type { Fault } from '../fault.ts';
import { send } from '../traffic.ts';

const TIMEOUT_MS = 1_000;
/** A busy machine runs timers late. */
const MAX_RESPONSE_MS = 10 * TIMEOUT_MS;
const REQUESTS = 40;

export const silentDependency: Fault = {
  name: 'silent-dependency',
  expects:
    'handlers wait for a server that never responds: 504 in time, and their calls are aborted; other requests are served',
  async run(sandbox) {
    const open = new Set<Socket>();
    let calls = 0; // fetch may open more than one connection
    const silent = createServer((socket) => {
      calls += 1;
      open.add(socket.on('error', () => undefined).once('close', () => open.delete(socket)));
      socket.resume();
    }).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const program = await sandbox.start({ HANDLER_TIMEOUT_MS: String(TIMEOUT_MS) });
    const traffic = sandbox.startTraffic(program);
    await traffic.untilSent(sandbox.amount(1_000));
    const responses = await Promise.all(
      Array.from({ length: REQUESTS }, async () => {
        const startedAt = performance.now();
        const { status } = await send({ url: `${program.url}/faults/dependency?n=${port}` });
        return { status, tookMs: Math.round(performance.now() - startedAt) };
      }),
    );
    const isGone = () => (open.size === 0 ? true : undefined);
    await until('the end of all calls', isGone, 5_000).catch(() => undefined);
    const left = open.size;
    await traffic.stop();
    const { code } = await program.stop();
    for (const socket of open) socket.destroy();
    silent.close();
    const timedOut = responses.filter(({ status }) => status === 504).length;
    const slowestMs = Math.max(...responses.map(({ tookMs }) => tookMs));
    return {
      figure: `${timedOut} × 504 of ${REQUESTS}, the slowest after ${slowestMs} ms (timeout ${TIMEOUT_MS} ms); ${left} of ${calls} connections left; others: ${traffic.summary}; exit code ${code}`,
      checks: {
        'every handler timed out': timedOut === REQUESTS,
        'in time': slowestMs < MAX_RESPONSE_MS,
        'every call aborted': calls >= REQUESTS && left === 0,
        'others served': traffic.failed === 0,
        'exit code 0': code === 0,
      },
    };
  },
};
