import type { ReceivedSpan } from '../../support/span-receiver.ts';

interface Row {
  readonly span: Pick<ReceivedSpan, 'name' | 'kind' | 'startMs' | 'endMs'>;
  readonly depth: number;
}

const WIDTH = 760;
const ROW = 22;
const LABELS = 300;
const TOP = 44;
const MIN_BAR = 2;
/** By kind of OTLP: what a bar is, and its color in light and dark. */
const kinds = [
  { of: [2], name: 'request', light: '#0063c6', dark: '#63b0ff' },
  { of: [1], name: 'wait', light: '#5c6570', dark: '#a3adb8' },
  { of: [4, 5], name: 'job', light: '#cf4500', dark: '#ff9457' },
  { of: [3], name: 'database or webhook', light: '#0b7d57', dark: '#49cf9c' },
] as const;

/** Draws the spans of a trace by their time, each below its parent. Readable in light and dark. */
export function drawTrace(spans: readonly ReceivedSpan[]): string {
  const rows = nest(spans);
  const begin = Math.min(...spans.map(({ startMs }) => startMs));
  const totalMs = Math.max(...spans.map(({ endMs }) => endMs)) - begin;
  const scale = (WIDTH - LABELS - 70) / totalMs;
  const height = TOP + rows.length * ROW + 8;
  const bars = rows.map(({ span, depth }, index) => {
    const y = TOP + index * ROW;
    const x = LABELS + (span.startMs - begin) * scale;
    const width = Math.max(MIN_BAR, (span.endMs - span.startMs) * scale);
    const kind = kinds.findIndex(({ of }) => (of as readonly number[]).includes(span.kind));
    const duration = `${(span.endMs - span.startMs).toFixed(1)} ms`;
    return [
      `<text class="name" x="${8 + depth * 12}" y="${y + 14}">${escape(span.name)}</text>`,
      `<rect class="k${kind}" x="${x.toFixed(1)}" y="${y + 4}" width="${width.toFixed(1)}" height="12" rx="2"/>`,
      `<text class="time" x="${(x + width + 5).toFixed(1)}" y="${y + 14}">${duration}</text>`,
    ].join('');
  });
  const legend = kinds.map(({ name }, index) => {
    const x = LABELS + index * 112;
    return `<rect class="k${index}" x="${x}" y="14" width="10" height="10" rx="2"/><text class="time" x="${x + 14}" y="23">${name}</text>`;
  });
  const label = `A trace of ${rows.length} spans in ${totalMs.toFixed(0)} ms: ${rows.map(({ span }) => span.name).join(', ')}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escape(label)}">`,
    `<style>${style()}</style>`,
    `<text class="name head" x="8" y="23">${rows.length} spans in ${totalMs.toFixed(0)} ms</text>`,
    ...legend,
    ...bars,
    '</svg>\n',
  ].join('\n');
}

/** Each span after its parent, siblings by their start. */
function nest(spans: readonly ReceivedSpan[]): Row[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const children = (parent: string | undefined, depth: number): Row[] =>
    spans
      .filter(({ parentSpanId }) =>
        parent === undefined ? parentSpanId === undefined || !ids.has(parentSpanId) : parentSpanId === parent,
      )
      .toSorted((a, b) => a.startMs - b.startMs)
      .flatMap((span) => [{ span, depth }, ...children(span.spanId, depth + 1)]);
  return children(undefined, 0);
}

function style(): string {
  const colors = (ink: string, soft: string, scheme: 'light' | 'dark') =>
    [
      `svg .name { fill: ${ink}; } svg .time { fill: ${soft}; }`,
      ...kinds.map((kind, index) => `svg .k${index} { fill: ${kind[scheme]}; }`),
    ].join(' ');
  return [
    'svg text { font: 12px system-ui, sans-serif; } svg .head { font-weight: 600; }',
    colors('#1c2024', '#5c6570', 'light'),
    `@media (prefers-color-scheme: dark) { svg { background: #14181c; } ${colors('#e9ecef', '#a3adb8', 'dark')} }`,
  ].join('\n');
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
