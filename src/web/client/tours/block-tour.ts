import { digits, ms, plural, toText } from '../dom/format.ts';
import type { Tour, Verdict } from './tour.ts';

/** The part of the evidence of `/demos/event-loop/block` and `/yield` that the verdict is made of. */
export interface Impact {
  readonly workMs: number;
  readonly healthSlowestMs: number;
  readonly timerTicks: number;
  readonly timerExpectedTicks: number;
}

/** What this page's own requests experienced while the event loop was blocked. */
export interface PageWaits {
  readonly requests: number;
  readonly slowestMs: number;
}

/** The least ratio that shows a difference. */
const MIN_RATIO = 3;
const WORK = { ms: '1000' };

export const blockTour: Tour = {
  title: 'Block the event loop',
  steps: [
    'Send 20 requests per second',
    'Compute for a second in one go, on the event loop of one worker',
    'Do the same work in slices of 5 ms',
  ],
  route: '/demos/event-loop/block',
  async run(run) {
    await run.startTraffic();

    run.nextStep();
    const startedMs = run.nowMs;
    run.mark('in one go');
    const blocked = await run.request('/demos/event-loop/block', WORK);
    const endedMs = run.nowMs;
    run.worker = blocked.ranOn.worker;
    run.mark('done');
    const inOneGo = blocked.result as Impact;
    run.tell(describe(blocked.ranOn.worker, inOneGo));
    await run.pause(1_500);
    const waited = run.since(startedMs, endedMs).filter(({ worker }) => worker === run.worker);

    run.nextStep();
    run.mark('in slices');
    const yielding = await run.request('/demos/event-loop/yield', { ...WORK, sliceMs: '5' });
    run.mark('done');
    const inSlices = yielding.result as Impact;
    run.tell(describe(yielding.ranOn.worker, inSlices));
    await run.pause(1_000);

    await run.endTraffic();
    return concludeBlock(inOneGo, inSlices, {
      requests: waited.length,
      slowestMs: Math.max(0, ...waited.map(({ tookMs }) => tookMs)),
    });
  },
};

function describe(
  worker: number,
  { workMs, healthSlowestMs, timerTicks, timerExpectedTicks }: Impact,
): string {
  return (
    `Worker ${worker} computed for ${inMs(workMs)}. Of its timer, ${digits(timerTicks)} of ` +
    `${plural(timerExpectedTicks, 'tick')} came, and its slowest health check took ${inMs(healthSlowestMs)}.`
  );
}

/** The verdict from both runs and from what this page's requests to the blocked worker experienced. */
export function concludeBlock(inOneGo: Impact, inSlices: Impact, page: PageWaits): Verdict {
  const ratio = inOneGo.healthSlowestMs / Math.max(inSlices.healthSlowestMs, 0.001);
  const own =
    page.requests === 0
      ? 'None of the requests of this page used a connection to that worker in that second.'
      : `${plural(page.requests, 'request')} of this page reached that worker in that second; the slowest took ${inMs(page.slowestMs)}.`;
  const both = `A health check of the same process waited up to ${inMs(inOneGo.healthSlowestMs)}, and up to ${inMs(inSlices.healthSlowestMs)} with slices.`;
  if (ratio < MIN_RATIO) {
    return {
      tone: 'open',
      headline: `Inconclusive: the waits differ by ${ratio.toFixed(1)}×`,
      text: `${both} Something else kept this machine busy. ${own}`,
    };
  }
  return {
    tone: 'shown',
    headline: `In one go, others wait ${digits(Math.round(ratio))}× longer than with slices`,
    text: `${both} The work took ${inMs(inOneGo.workMs)} and ${inMs(inSlices.workMs)}. ${own}`,
  };
}

function inMs(value: number): string {
  return toText(ms(Math.round(value)));
}
