import type { SupervisionEvent } from '../../../supervision/supervision.ts';
import { ms, plural, toText } from '../dom/format.ts';
import { countOutcomes, describeOutcomes, type Outcomes } from './outcomes.ts';
import { standalone, type Tour, type Verdict } from './tour.ts';

const TIMEOUT_MS = 300_000;

export const reloadTour: Tour = {
  title: 'Reload under load',
  steps: [
    'Send 20 requests per second',
    'Request a reload',
    'Each old worker drains after its replacement is ready',
    'The new workers serve',
  ],
  route: '/demos/cluster/reload',
  async run(run) {
    if (!run.clustered) return standalone;
    await run.startTraffic();

    run.nextStep();
    const { ready } = (await run.request('/demos/cluster/reload')).result as { ready: number };
    run.mark('reload');
    run.tell(`The primary replaces ${plural(ready, 'worker')}, one after the other.`);

    run.nextStep();
    let told = 0;
    const end = await run.until((events) => {
      const started = events.slice(events.findIndex(({ event }) => event === 'reload-started'));
      for (const event of started.filter((one) => one.event === 'ready').slice(told)) {
        told += 1;
        run.mark(`${told} of ${ready}`);
        run.tell(`Worker ${String(event['worker'])} is ready: ${told} of ${ready}.`);
      }
      return events.find(({ event }) => event === 'reload-finished' || event === 'reload-failed');
    }, TIMEOUT_MS);

    run.nextStep();
    await run.pause(1_500);
    const outcomes = countOutcomes(run.samples, await run.endTraffic());
    run.tell(describeOutcomes(outcomes));
    return concludeReload(end, outcomes);
  },
};

export function concludeReload(end: SupervisionEvent | undefined, outcomes: Outcomes): Verdict {
  const text = describeOutcomes(outcomes);
  if (end === undefined) {
    return { tone: 'open', headline: 'The reload did not end within 5 minutes', text };
  }
  if (end.event === 'reload-failed') {
    return {
      tone: 'open',
      headline: 'The reload stopped, and the old workers serve on',
      text: `The primary reports: ${String(end['reason'])}. ${text}`,
    };
  }
  const replaced = plural(Number(end['replaced']), 'worker');
  return {
    tone: outcomes.failed === 0 ? 'shown' : 'not-shown',
    headline: `${replaced} replaced in ${toText(ms(Number(end['durationMs'])))}, ${outcomes.failed} of ${plural(outcomes.sent, 'request')} failed`,
    text,
  };
}
