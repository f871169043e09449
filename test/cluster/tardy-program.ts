/** A worker that reads its metrics slowly: each count it says is higher than the last, but it may say it later. */
import process from 'node:process';
import { pack, unpack, type FromPrimary, type FromWorker } from '../../src/cluster/messages.ts';
import type { MetricsJson } from '../../src/process/metrics-reader.ts';

const say = (message: FromWorker) => process.send?.(pack(message));
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
  // The first reading is done after the second has been said, the third after the goodbye.
  if (message?.type === 'metrics' && message.id === 2) {
    say({ type: 'metrics', id: 2, metrics: count(2) });
    say({ type: 'metrics', id: 1, metrics: count(1) });
  }
  if (message?.type === 'metrics' && message.id === 3) {
    say({ type: 'goodbye', metrics: count(4) });
    say({ type: 'metrics', id: 3, metrics: count(3) });
  }
});
say({ type: 'ready', address: '' });
