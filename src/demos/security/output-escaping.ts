import { z } from 'zod';
import { helmetHeaders } from '../../http/helmet-headers.ts';
import { demoRoute, type Lesson } from '../kit/demo.ts';
import { findActive, stops, type Active } from './markup.ts';

/** Where a value is put on a page. */
const contexts = {
  text: (value: string) => `<p>Hello ${value}</p>`,
  attribute: (value: string) => `<input name="name" value="${value}">`,
  url: (value: string) => `<a href="${value}">home page</a>`,
  script: (value: string) => `<script>var words = ["${value}", "${value}"];</script>`,
} as const;
type Context = keyof typeof contexts;

const payloads: readonly { readonly context: Context; readonly value: string }[] = [
  { context: 'text', value: '<script>alert(1)</script>' },
  { context: 'text', value: '<img src=x onerror=alert(1)>' },
  { context: 'text', value: '<svg/onload=alert(1)>' },
  { context: 'text', value: '<meta http-equiv="refresh" content="0;url=https://evil.example/">' },
  { context: 'attribute', value: '"><script>alert(1)</script>' },
  { context: 'attribute', value: '" autofocus onfocus="alert(1)' },
  { context: 'url', value: 'javascript:alert(1)' },
  { context: 'url', value: 'JAVA\tSCRIPT:alert(1)' },
  { context: 'url', value: '#" onclick="alert(1)' },
  { context: 'script', value: '</script><script>alert(1)</script>' },
  { context: 'script', value: '"];alert(1);["' },
  { context: 'script', value: ',alert(1)];//\\' },
];

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escapeHtml = (value: string) => value.replaceAll(/[&<>"']/g, (character) => escapes[character] ?? '');

function safeUrl(value: string): string {
  const { protocol = '' } = URL.parse(value, 'https://here.example/') ?? {};
  return ['http:', 'https:', 'mailto:'].includes(protocol) ? value : '#';
}

/** JSON in a script: `</script>` would end it, whatever JSON says. */
const scriptString = (value: string) => JSON.stringify(value).slice(1, -1).replaceAll('<', '\\u003c');

/** The wrong ways first. */
const ways: readonly {
  readonly way: string;
  readonly render: (context: Context, value: string) => string;
}[] = [
  { way: 'concatenated', render: (context, value) => contexts[context](value) },
  {
    way: 'without <script>',
    render: (context, value) => contexts[context](value.replaceAll(/<\/?script>/gi, '')),
  },
  { way: 'HTML-escaped', render: (context, value) => contexts[context](escapeHtml(value)) },
  {
    way: 'by context',
    render(context, value) {
      if (context === 'script') return contexts.script(scriptString(value));
      return contexts[context](escapeHtml(context === 'url' ? safeUrl(value) : value));
    },
  },
];

const row = z.strictObject({
  way: z.string(),
  active: z.number().describe('Payloads that became active markup'),
  activeWithPolicy: z
    .number()
    .describe('Those that the Content-Security-Policy of this service does not stop'),
});

const result = z.strictObject({
  payloads: z.number(),
  ways: z.array(row),
  rows: z.array(
    z.strictObject({
      context: z.string(),
      payload: z.string(),
      activeWith: z.array(z.string()).describe('Ways with which it becomes active markup'),
    }),
  ),
  policy: z.string().describe('The Content-Security-Policy of this service'),
});
type Result = z.infer<typeof result>;

export const outputEscaping = demoRoute({
  method: 'get',
  path: '/output-escaping',
  title: 'Escape output by its context',
  summary: 'Renders payloads into a text, an attribute, a URL and a script, and counts what becomes active.',
  teaches:
    'What must be escaped depends on where it goes: text, attribute, URL, script. One escape for all leaves ' +
    '`javascript:` URLs and scripts open. A template engine escapes HTML only. A strict policy (CSP) is the second line.',
  result,
  examples: [{ title: 'Which payload survives which way', query: { as: 'text' } }],
  contrasts: ['security/headers', 'http/anything'],
  run() {
    const policy = new Map(helmetHeaders).get('Content-Security-Policy') ?? '';
    const runs = payloads.flatMap(({ context, value }) =>
      ways.map(({ way, render }) => ({ context, value, way, active: findActive(render(context, value)) })),
    );
    const observed = summarize(runs, policy);
    return { result: observed, lesson: conclude(observed) };
  },
});

interface Run {
  readonly context: Context;
  readonly value: string;
  readonly way: string;
  readonly active: readonly Active[];
}

function summarize(runs: readonly Run[], policy: string): Result {
  return {
    payloads: payloads.length,
    ways: [...Map.groupBy(runs, ({ way }) => way)].map(([way, own]) => ({
      way,
      active: own.filter(({ active }) => active.length > 0).length,
      activeWithPolicy: own.filter(({ active }) => active.some((found) => !stops(policy, found))).length,
    })),
    rows: [...Map.groupBy(runs, ({ value }) => value)].map(([value, own]) => ({
      context: own[0]?.context ?? '',
      payload: value.replace('\t', '\\t'),
      activeWith: own.filter(({ active }) => active.length > 0).map(({ way }) => way),
    })),
    policy,
  };
}

function conclude({ payloads: total, ways: rows }: Result): Lesson {
  const right = rows.at(-1);
  const details = rows.map(({ way, active }) => `"${way}" ${active}`).join(', ');
  const remaining = rows
    .filter(({ activeWithPolicy }) => activeWithPolicy > 0)
    .map(({ way, activeWithPolicy }) => `"${way}" ${activeWithPolicy}`);
  return {
    headline:
      (right?.active ?? 0) > 0
        ? 'A payload survived the escape for its context, which should be impossible'
        : `${rows[0]?.active ?? 0} of ${total} payloads active concatenated, by context none`,
    text:
      `Payloads of ${total} that became active markup: ${details}. ` +
      (remaining.length === 0
        ? 'The policy of this service would stop all of them.'
        : `The policy of this service stops what runs code, and leaves: ${remaining.join(', ')}, a redirect by markup.`),
  };
}
