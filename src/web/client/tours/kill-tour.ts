import { countOutcomes } from './outcomes.ts';
import type { Tour } from './tour.ts';
import { concludeKill, findReplacement, standalone } from './verdicts.ts';

const TIMEOUT_MS = 60_000;

export const killTour: Tour = {
  title: 'Kill a worker',
  steps: [
    'Send 20 requests per second',
    'Send SIGKILL to the worker that responds',
    'The primary notices, and starts a replacement',
    'The replacement serves',
  ],
  route: '/demos/failures/kill',
  async run(run) {
    if (!run.clustered) return standalone;
    await run.startTraffic();

    run.nextStep();
    const { worker, pid } = (await run.request('/demos/failures/kill', { signal: 'SIGKILL' })).ranOn;
    run.worker = worker;
    const killedMs = run.nowMs;
    run.mark('SIGKILL');
    run.tell(`Worker ${worker}, pid ${pid}, ends without a chance to complete its requests.`);

    run.nextStep();
    const crashed = await run.until(
      (events) => events.find((event) => event.event === 'crashed' && event.worker === worker),
      TIMEOUT_MS,
    );
    if (crashed !== undefined) {
      run.mark('noticed');
      const end = crashed.signal ?? `exit code ${crashed.code}`;
      run.tell(`The primary has seen worker ${worker} end (${end}), and forks another.`);
    }
    const replaced = await run.until((events) => findReplacement(events, worker), TIMEOUT_MS);

    run.nextStep();
    const byOthers = run.since(killedMs).filter((sample) => sample.outcome === 'answered').length;
    if (replaced !== undefined) {
      run.mark('ready');
      run.tell(`Worker ${replaced.worker} is ready, in the slot of worker ${worker}.`);
    }
    await run.pause(2_000);
    return concludeKill(worker, replaced, byOthers, countOutcomes(run.samples, await run.endTraffic()));
  },
};
