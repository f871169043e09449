import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { compareContestants, type RequestsOptions } from './requests.ts';
import { exemplarEnv } from './settings.ts';

/** Measures the CPU time of a request without traces, with 1% and with all of them exported. @returns a table, as text */
export async function benchTracing(options: RequestsOptions): Promise<string> {
  // Receives spans and drops them, in the process of the benchmark, which is not measured.
  const receiver = createServer((req, res) => void req.resume().on('end', () => res.end('{}')));
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const env = {
    ...exemplarEnv,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`,
    OTEL_TRACES_SAMPLER: 'traceidratio',
  };
  try {
    return await compareContestants({
      ...options,
      contestants: [
        { name: 'Exemplar', program: 'exemplar.ts', env: exemplarEnv },
        { name: '1% of traces', program: 'exemplar.ts', env: { ...env, OTEL_TRACES_SAMPLER_ARG: '0.01' } },
        { name: 'all traces', program: 'exemplar.ts', env: { ...env, OTEL_TRACES_SAMPLER_ARG: '1' } },
      ],
      createWorkloads: () => [
        { name: 'small JSON', method: 'GET', path: '/bench/small', headers: {}, share: 1 },
      ],
    });
  } finally {
    receiver.closeAllConnections();
    receiver.close();
  }
}
