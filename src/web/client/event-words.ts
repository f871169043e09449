import { asText, figure, plain, words } from './format.ts';
import type { LiveEvent } from './shapes.ts';

export type Tone = 'good' | 'bad' | 'wait' | 'plain';

const tones: Readonly<Record<string, Tone>> = {
  ready: 'good',
  replaced: 'good',
  'reload-finished': 'good',
  crashed: 'bad',
  unresponsive: 'bad',
  'start-failed': 'bad',
  'reload-failed': 'bad',
  'gave-up': 'bad',
  stopping: 'wait',
  recycling: 'wait',
  'restart-delayed': 'wait',
  'reload-started': 'wait',
};

/** What stands in the sentence already, or says nothing to people. */
const spoken = new Set(['at', 'event', 'worker', 'pid', 'slot', 'reason', 'replacedWorker']);

export interface EventWords {
  readonly tone: Tone;
  readonly what: string;
  readonly why: string;
}

/** What was last heard of a place, for the card of the worker that has it: without what the card says already. */
export function describeOnCard(event: LiveEvent, worker: number | undefined): string {
  const { what, why } = describeEvent({ ...event, pid: undefined });
  const about = event['worker'] === worker ? what.replace(/^Worker \d+ /, '') : what;
  return [about, why].filter(Boolean).join(': ');
}

/** An event as a sentence, in the words of the log. */
export function describeEvent(event: LiveEvent): EventWords {
  const { worker, pid, reason, replacedWorker } = event;
  const name = event.event.replaceAll('-', ' ');
  const details = Object.entries(event)
    .filter(([key, value]) => !spoken.has(key) && value !== undefined && value !== null && value !== '')
    .map(
      ([key, value]) =>
        `${words(key)} ${typeof value === 'number' ? plain(figure(key, value)) : asText(value)}`,
    );
  const about = [
    pid === undefined ? '' : `pid ${asText(pid)}`,
    reason === undefined ? '' : asText(reason),
    ...details,
  ];
  return {
    tone: tones[event.event] ?? 'plain',
    what: [
      worker === undefined ? name : `Worker ${asText(worker)} ${name}`,
      replacedWorker === undefined ? '' : `worker ${asText(replacedWorker)}`,
    ]
      .filter(Boolean)
      .join(' '),
    why: about.filter(Boolean).join(' · '),
  };
}

export function eventKey(event: LiveEvent): string {
  return `${event.at} ${event.event} ${asText(event['worker'] ?? event['slot'])}`;
}
