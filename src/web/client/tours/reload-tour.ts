import { plural } from '../dom/format.ts';
import { countOutcomes, describeOutcomes } from './outcomes.ts';
import type { Tour } from './tour.ts';
import { concludeReload, standalone } from './verdicts.ts';

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
        run.tell(`Worker ${event.worker} is ready: ${told} of ${ready}.`);
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
