import type { SupervisionEvent } from '../../../supervision/supervision.ts';
import { ms, plural, toText } from '../dom/format.ts';
import { countOutcomes, describeOutcomes, type Outcomes } from './outcomes.ts';
import { standalone, type Tour, type Verdict } from './tour.ts';

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
      (events) => events.find((event) => event.event === 'crashed' && event['worker'] === worker),
      TIMEOUT_MS,
    );
    if (crashed !== undefined) {
      run.mark('noticed');
      run.tell(
        `The primary has seen worker ${worker} end by ${String(crashed['signal'])}, and forks another.`,
      );
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

interface Replacement {
  readonly worker: number;
  readonly afterMs: number;
}

/** The replacement of a worker, if the primary has reported it. */
export function findReplacement(
  events: readonly SupervisionEvent[],
  worker: number,
): Replacement | undefined {
  const event = events.find((one) => one.event === 'replaced' && one['replacedWorker'] === worker);
  return event && { worker: Number(event['worker']), afterMs: Number(event['afterMs']) };
}

/** @param byOthers the responses that other workers sent to this page before the replacement was ready */
export function concludeKill(
  worker: number,
  replaced: Replacement | undefined,
  byOthers: number,
  outcomes: Outcomes,
): Verdict {
  if (replaced === undefined) {
    return {
      tone: 'open',
      headline: `No replacement of worker ${worker} within a minute`,
      text: `The primary did not report one. ${describeOutcomes(outcomes)}`,
    };
  }
  return {
    tone: 'shown',
    headline: `Worker ${replaced.worker} replaced worker ${worker} after ${toText(ms(replaced.afterMs))}`,
    text: `In the meantime this page received ${plural(byOthers, 'response')} from other workers. ${describeOutcomes(outcomes)}`,
  };
}
