import { format } from '../report/units.ts';
import { figuresOf, MAIN, ratio, type Phase, type RunOf, type Scenario } from '../scenario.ts';

const path = '/demos/cpu/inline?limit=120000';
/** Two clients behind a proxy that is believed. */
const polite = { path, headers: { 'X-Forwarded-For': '192.0.2.1' } };
const greedy = { path, headers: { 'X-Forwarded-For': '192.0.2.2' } };
const POLITE_RATE = 10;
const LIMIT = 20;
const GREEDY = 'greedy';
const BESIDE = 'beside a greedy one';

function phases(short: boolean): Phase[] {
  const politeLoad = { model: 'open', rate: POLITE_RATE, shot: polite } as const;
  return [
    { name: 'alone', seconds: short ? 1.5 : 3, loads: { [MAIN]: politeLoad } },
    {
      name: BESIDE,
      seconds: short ? 4 : 8,
      loads: {
        [MAIN]: politeLoad,
        [GREEDY]: { model: 'open', rate: 400, shot: greedy },
      },
    },
  ];
}

const settings = { WORKERS: '1', TRUST_PROXY: 'loopback', RATE_LIMIT_WINDOW_MS: '1000' };

export const rateLimit = {
  name: 'rate-limit',
  title: 'A polite client beside a greedy one',
  teaches:
    'Without a limit for each client, one that asks for more than the service can do takes it from all others: ' +
    'shedding saves the service, but it does not ask who is to blame. A limit does.',
  expects:
    'When the greedy one comes, the polite one keeps all its answers with a limit, and loses most of them or waits long for them without.',
  bySettings: true,
  variants: (short) => [
    { name: 'limited', settings: { ...settings, RATE_LIMIT_MAX: String(LIMIT) }, phases: phases(short) },
    { name: 'unlimited', settings, phases: phases(short) },
  ],
  chart: {
    kind: 'time',
    yLabel: 'answered requests of the polite client',
    unit: 'share',
    of: ({ windows }) =>
      (windows[MAIN] ?? []).flatMap(({ atS, sent, ok }) => (sent === 0 ? [] : [{ x: atS, y: ok / sent }])),
  },
  thresholds: [
    {
      what: 'limited: answered requests of the polite client beside the greedy one',
      atLeast: 0.99,
      short: 0.9,
      unit: 'share',
      of: (run) => answered(run, 'limited'),
    },
    {
      what: 'unlimited: answered requests of the polite client beside the greedy one',
      atMost: 0.8,
      short: 0.95,
      unit: 'share',
      of: (run) => answered(run, 'unlimited'),
    },
    {
      what: 'limited: answers a second to the greedy client, of its limit',
      atMost: 1.5,
      short: 2,
      unit: 'share',
      of: (run) => ratio(figuresOf(run, 'limited', BESIDE, GREEDY)?.goodput, LIMIT),
    },
  ],
  concludes(run) {
    const of = (variant: string) =>
      `${format(answered(run, variant), 'share')} of its requests answered, p99 ${format(figuresOf(run, variant, BESIDE)?.p99, 'ms')}`;
    const refused = figuresOf(run, 'limited', BESIDE, GREEDY);
    return (
      `Beside the greedy client the polite one had ${of('limited')} with a limit and ${of('unlimited')} without. ` +
      `The limit refused ${refused?.limited ?? 0} of the ${refused?.sent ?? 0} requests of the greedy one.`
    );
  },
} satisfies Scenario;

function answered(run: RunOf, variant: string): number | undefined {
  const figures = figuresOf(run, variant, BESIDE);
  return ratio(figures?.ok, figures?.sent);
}
