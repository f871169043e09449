/** `npm run receiver`: shows the webhooks of a service that runs with WEBHOOK_URL=http://127.0.0.1:4000/. */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { variables } from '../../../src/tasks/variables.ts';
import { startReceiver } from '../../support/receiver.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4000' },
    /** Responds 503 to this many before it accepts one. */
    fail: { type: 'string', default: '0' },
  },
});
const { url } = await startReceiver({
  secret: process.env['WEBHOOK_SECRET'] ?? variables.WEBHOOK_SECRET.default ?? '',
  port: Number(values.port),
  failFirst: Number(values.fail),
  onRequest: (status, { 'webhook-id': id }, body) =>
    void process.stdout.write(`${status} ${String(id)} ${body}\n`),
});
process.stdout.write(`waiting for webhooks on ${url}\n`);
