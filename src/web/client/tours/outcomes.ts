import { plural } from '../dom/format.ts';
import type { Sample } from '../load-burst/sample.ts';

/** The requests of a tour. */
export interface Outcomes {
  readonly sent: number;
  readonly failed: number;
  readonly shed: number;
  /** Due, but not sent. */
  readonly unsent: number;
}

export function countOutcomes(samples: readonly Sample[], unsent: number): Outcomes {
  const count = (outcome: Sample['outcome']) => samples.filter((sample) => sample.outcome === outcome).length;
  return { sent: samples.length, failed: count('failed'), shed: count('shed'), unsent };
}

/** "0 of 120 requests failed", and what else became of them. */
export function describeOutcomes({ sent, failed, shed, unsent }: Outcomes): string {
  return [
    `${failed} of ${plural(sent, 'request')} of this page failed.`,
    shed > 0 && `${plural(shed, 'request')} ${shed === 1 ? 'was' : 'were'} shed.`,
    unsent > 0 &&
      `${plural(unsent, 'request')} ${unsent === 1 ? 'was' : 'were'} not sent, since all connections were busy.`,
    'Browsers repeat a GET whose connection is closed before its response begins.',
  ]
    .filter(Boolean)
    .join(' ');
}
