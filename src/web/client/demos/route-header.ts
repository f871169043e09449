import type { PageFeature } from '../../page-data.ts';
import { h, withCode } from '../dom/elements.ts';
import type { Entry } from './catalog.ts';

/** The title and summary of a route, and whether it is dangerous. */
export function createRouteHeader({ feature, route }: Entry): HTMLElement {
  return h(
    'header.route-header',
    h('p.route-name', feature.title, h('span.mono', `${route.method} ${route.path}`)),
    h('h3.title', { tabindex: -1 }, route.title),
    h('p.summary', ...withCode(route.summary)),
    route.danger &&
      h(
        'p.danger-note',
        h('span', { 'aria-hidden': 'true' }, '▲ '),
        'Dangerous: it may crash, block or end a worker.',
      ),
  );
}

/** What a route teaches, and its feature. */
export function createRouteFooter({ feature, route }: Entry): HTMLElement {
  return h(
    'footer.route-footer',
    route.teaches !== undefined && h('p.teaches', ...withCode(route.teaches)),
    route.media !== undefined &&
      h('p.meaning', `Responds with ${route.media.mediaType}: ${route.media.description}.`),
    ...describeFeature(feature),
  );
}

function describeFeature({ kind, summary, description, lookFor, terms, readMore, practices }: PageFeature) {
  const about = [
    description !== undefined && h('p.teaches', ...withCode(description)),
    lookFor !== undefined && h('p.teaches', 'What to look for: ', ...withCode(lookFor)),
    practices.length > 0 &&
      h(
        'p.meaning.read-more',
        'Node.js best practices:',
        ...practices.map((id) => h('a', { href: `/practices?id=${id}&as=text` }, id)),
      ),
  ].filter((part) => part !== false);
  return [
    terms.length > 0 && h('p.meaning', `Search for: ${terms.join(', ')}`),
    readMore.length > 0 &&
      h(
        'p.meaning.read-more',
        'Read more:',
        ...readMore.map(({ title, url }) => h('a', { href: url, rel: 'noreferrer' }, title)),
      ),
    about.length > 0
      ? h(
          'details.collapsed.about',
          h('summary', kind === 'demo' ? 'About this demo, and what to look for' : 'About this feature'),
          ...about,
        )
      : kind === 'api' && h('p.teaches', summary),
  ];
}
