import type { SupervisionEvent } from '../../../supervision/supervision.ts';
import { digits, ms, plural, toText } from '../dom/format.ts';
import { describeOutcomes, type Outcomes } from './outcomes.ts';

/** What a tour has shown, computed from what was measured in it. */
export interface Verdict {
  /** `shown`: the figures show it; `not-shown`: they show the opposite; `open`: they do not tell. */
  readonly tone: 'shown' | 'not-shown' | 'open';
  readonly headline: string;
  readonly text: string;
}

/** What a tour cannot show without a primary. */
export const standalone: Verdict = {
  tone: 'open',
  headline: 'This service runs without a cluster',
  text: 'WORKERS is 0: there is one process, and no primary that would replace it. Nothing was sent.',
};

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
      text: `${both} Something else may have kept this machine busy. ${own}`,
    };
  }
  return {
    tone: 'shown',
    headline: `In one go, others wait ${digits(Math.round(ratio))}× longer than with slices`,
    text: `${both} The work took ${inMs(inOneGo.workMs)} and ${inMs(inSlices.workMs)}. ${own}`,
  };
}

interface Replacement {
  readonly worker: number;
  readonly afterMs: number;
}

/** The replacement of a worker, if the primary has reported it. */
export function findReplacement(
  events: readonly SupervisionEvent[],
  worker: number,
): Replacement | undefined {
  const event = events.find((one) => one.event === 'replaced' && one.replacedWorker === worker);
  return event && { worker: Number(event.worker), afterMs: Number(event.afterMs) };
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

export function concludeReload(end: SupervisionEvent | undefined, outcomes: Outcomes): Verdict {
  const text = describeOutcomes(outcomes);
  if (end === undefined) {
    return { tone: 'open', headline: 'The reload did not end within 5 minutes', text };
  }
  if (end.event === 'reload-failed') {
    return {
      tone: 'open',
      headline: 'The reload stopped, and the old workers serve on',
      text: `The primary reports: ${end.reason}. ${text}`,
    };
  }
  const replaced = plural(Number(end.replaced), 'worker');
  return {
    tone: outcomes.failed === 0 ? 'shown' : 'not-shown',
    headline: `${replaced} replaced in ${toText(ms(Number(end.durationMs)))}, ${outcomes.failed} of ${plural(outcomes.sent, 'request')} failed`,
    text,
  };
}

export function inMs(value: number): string {
  return toText(ms(Math.round(value)));
}
