import type { Entry } from './catalogue.ts';
import { h } from './dom.ts';
import type { PageFeature } from './shapes.ts';

/** What a route is for: its feature, its summary, what it teaches and whether it is dangerous. */
export function createHead({ feature, route }: Entry): HTMLElement {
  return h(
    'header',
    { class: 'head' },
    h(
      'p',
      { class: 'eyebrow' },
      feature.title,
      h('span', { class: 'mono' }, `${route.method} ${route.path}`),
    ),
    h('h3', { class: 'title', tabindex: -1 }, route.summary),
    route.danger &&
      h(
        'p',
        { class: 'danger-note' },
        h('span', { 'aria-hidden': 'true' }, '▲ '),
        'Dangerous: it harms the worker that serves it.',
      ),
    route.teaches !== undefined && h('p', { class: 'teaches' }, route.teaches),
    route.media !== undefined &&
      h('p', { class: 'meaning' }, `Gives ${route.media.mediaType}: ${route.media.description}.`),
    describeFeature(feature),
  );
}

function describeFeature({ kind, summary, description, practices }: PageFeature): HTMLElement | undefined {
  if (description === undefined) {
    return kind === 'api' ? h('p', { class: 'teaches' }, summary) : undefined;
  }
  return h(
    'details',
    { class: 'source about-demo' },
    h('summary', {}, kind === 'demo' ? 'About this demo, and what to look for' : 'About this feature'),
    h('p', { class: 'teaches' }, description),
    practices.length > 0 && h('p', { class: 'meaning' }, `Node.js best practices: ${practices.join(', ')}`),
  );
}
