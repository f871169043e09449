import type { EventName, SupervisionEvent } from '../../../supervision/supervision.ts';
import { figure, label, stringify, toText } from '../dom/format.ts';

type Tone = 'good' | 'bad' | 'wait' | 'plain';

interface EventText {
  readonly tone: Tone;
  readonly what: string;
  readonly details: string;
}

const tones: Partial<Record<EventName, Tone>> = {
  ready: 'good',
  replaced: 'good',
  'reload-finished': 'good',
  crashed: 'bad',
  unresponsive: 'bad',
  'start-failed': 'bad',
  'reload-failed': 'bad',
  'gave-up': 'bad',
  'primary-failed': 'bad',
  stopping: 'wait',
  recycling: 'wait',
  paused: 'wait',
  'restart-delayed': 'wait',
  'reload-started': 'wait',
};

/** Members that have a place of their own in the text, or mean nothing to people. */
const omitted = new Set(['at', 'event', 'worker', 'workerPid', 'slot', 'reason', 'replacedWorker']);

/** An event for the row of a worker, without what the row shows already. */
export function describeForRow(event: SupervisionEvent, worker: number | undefined): string {
  const { what, details } = describeEvent({ ...event, workerPid: undefined });
  const short = event.worker === worker ? what.replace(/^Worker \d+ /, '') : what;
  return [short, details].filter(Boolean).join(': ');
}

/** An event as a sentence, in the words of the log, and its details. */
export function describeEvent(event: SupervisionEvent): EventText {
  const { worker, workerPid, reason, replacedWorker } = event;
  const name = event.event.replaceAll('-', ' ');
  const more = Object.entries(event)
    .filter(([key, value]) => !omitted.has(key) && stringify(value) !== '')
    .map(
      ([key, value]) =>
        `${label(key)} ${typeof value === 'number' ? toText(figure(key, value)) : stringify(value)}`,
    );
  const replaced = replacedWorker === undefined ? '' : ` worker ${stringify(replacedWorker)}`;
  return {
    tone: tones[event.event] ?? 'plain',
    what: (worker === undefined ? name : `Worker ${stringify(worker)} ${name}`) + replaced,
    details: [workerPid === undefined ? '' : `pid ${workerPid}`, stringify(reason), ...more]
      .filter(Boolean)
      .join(' · '),
  };
}

/** Identifies an event: the server may send it again. */
export function eventKey(event: SupervisionEvent): string {
  return `${event.at} ${event.event} ${stringify(event.worker ?? event.slot)}`;
}
