import { digits, plural } from '../dom/format.ts';
import type { Tour } from './tour.ts';
import { concludeBlock, inMs, type Impact } from './verdicts.ts';

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
