import { format } from '../report/units.ts';
import { figuresOf, MAIN, ratio, type Phase, type Scenario, type ScenarioRun } from '../scenario.ts';

const path = '/demos/cpu/inline?limit=120000';
/** Two clients behind a trusted proxy. */
const polite = { path, headers: { 'X-Forwarded-For': '192.0.2.1' } };
const greedy = { path, headers: { 'X-Forwarded-For': '192.0.2.2' } };
const POLITE_RATE = 10;
const LIMIT = 20;
const GREEDY = 'greedy';
const BOTH = 'both clients';

function phases(short: boolean): Phase[] {
  const politeLoad = { model: 'open', rate: POLITE_RATE, request: polite } as const;
  return [
    { name: 'polite only', seconds: short ? 1.5 : 3, loads: { [MAIN]: politeLoad } },
    {
      name: BOTH,
      seconds: short ? 4 : 8,
      loads: {
        [MAIN]: politeLoad,
        [GREEDY]: { model: 'open', rate: 400, request: greedy },
      },
    },
  ];
}

const settings = { WORKERS: '1', TRUST_PROXY: 'loopback', RATE_LIMIT_WINDOW_MS: '1000' };

export const rateLimit = {
  name: 'rate-limit',
  title: 'A polite and a greedy client',
  teaches:
    'Without a limit per client, one client that sends more than the service can handle takes the capacity from all ' +
    'others. Shedding saves the service, but rejects polite and greedy clients alike. A limit rejects only the greedy one.',
  expects:
    'When the greedy client starts, all requests of the polite one still succeed with a limit. Without it, most of them are rejected or slow.',
  bySettings: true,
  variants: (short) => [
    { name: 'limited', settings: { ...settings, RATE_LIMIT_MAX: String(LIMIT) }, phases: phases(short) },
    { name: 'unlimited', settings, phases: phases(short) },
  ],
  chart: {
    kind: 'time',
    yLabel: 'successful requests of the polite client',
    unit: 'share',
    points: ({ windows }) =>
      (windows[MAIN] ?? []).flatMap(({ atS, sent, ok }) => (sent === 0 ? [] : [{ x: atS, y: ok / sent }])),
  },
  thresholds: [
    {
      what: 'limited: successful requests of the polite client next to the greedy one',
      atLeast: 0.99,
      short: 0.9,
      unit: 'share',
      measure: (run) => successShare(run, 'limited'),
    },
    {
      what: 'unlimited: successful requests of the polite client next to the greedy one',
      atMost: 0.8,
      short: 0.95,
      unit: 'share',
      measure: (run) => successShare(run, 'unlimited'),
    },
    {
      what: 'limited: goodput of the greedy client, relative to its limit',
      atMost: 1.5,
      short: 2,
      unit: 'share',
      measure: (run) => ratio(figuresOf(run, 'limited', BOTH, GREEDY)?.goodput, LIMIT),
    },
  ],
  conclude(run) {
    const share = (variant: string) => format(successShare(run, variant), 'share');
    const p99 = (variant: string) => format(figuresOf(run, variant, BOTH)?.p99, 'ms');
    const limited = figuresOf(run, 'limited', BOTH, GREEDY);
    return (
      `Next to the greedy client, ${share('limited')} of the polite client's requests succeeded with a limit (p99 ${p99('limited')}), ` +
      `and ${share('unlimited')} without (p99 ${p99('unlimited')}). ` +
      `The limit rejected ${limited?.limited ?? 0} of ${limited?.sent ?? 0} requests of the greedy client.`
    );
  },
} satisfies Scenario;

function successShare(run: ScenarioRun, variant: string): number | undefined {
  const figures = figuresOf(run, variant, BOTH);
  return ratio(figures?.ok, figures?.sent);
}
