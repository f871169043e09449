/** `npm run bench`: what a request costs, side by side with others. */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { benchRequests } from './requests.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    requests: { type: 'string', default: '6000' },
    short: { type: 'boolean', default: false },
  },
});
const rounds = values.short ? 2 : Number(values.rounds);
const requests = values.short ? 1_500 : Number(values.requests);
if (!Number.isInteger(rounds) || rounds < 1 || !Number.isInteger(requests) || requests < 100) {
  process.stderr.write('bench: --rounds takes a whole number from 1, --requests one from 100\n');
  process.exit(64);
}
process.stdout.write(await benchRequests({ rounds, requests }));
