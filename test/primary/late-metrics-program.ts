/** A worker whose metrics arrive out of order: reading 1 after reading 2, and reading 3 after the final one. */
import process from 'node:process';
import { pack, unpack, type FromPrimary, type FromWorker } from '../../src/supervision/messages.ts';
import type { MetricsJson } from '../../src/telemetry/metrics-reader.ts';

const send = (message: FromWorker) => process.send?.(pack(message));
const count = (value: number): MetricsJson => [
  {
    name: 'requests_total',
    help: 'Requests.',
    type: 'counter',
    aggregator: 'sum',
    values: [{ value, labels: {} }],
    collect: () => undefined,
  },
];

process.on('message', (received) => {
  const message = unpack<FromPrimary>(received);
  if (message?.type === 'metrics' && message.id === 2) {
    send({ type: 'metrics', id: 2, metrics: count(2) });
    send({ type: 'metrics', id: 1, metrics: count(1) });
  }
  if (message?.type === 'metrics' && message.id === 3) {
    send({ type: 'final-metrics', metrics: count(4) });
    send({ type: 'metrics', id: 3, metrics: count(3) });
  }
});
send({ type: 'ready', address: '' });
