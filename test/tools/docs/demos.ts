import { exampleCurl } from '../../../src/manifest/curl.ts';
import type { Feature } from '../../../src/routes/feature.ts';
import { anchorOf } from './anchor.ts';
import { table } from './table.ts';

/** A row per demo with its first command. */
export function renderTopics(features: readonly Feature[]): string {
  const rows = demosOf(features).map((feature) => {
    const [route] = feature.routes;
    const command = route === undefined ? '' : `\`${exampleCurl(feature, route, route.examples[0])}\``;
    return [`[${feature.title}](docs/demos.md#${anchorOf(feature.title)})`, command];
  });
  return table(['topic', 'try'], rows);
}

function demosOf(features: readonly Feature[]): Feature[] {
  return features.filter(({ meta }) => meta?.teaches !== undefined);
}

/** Every demo: what it teaches, and its routes with a command each. */
export function renderDemos(features: readonly Feature[]): string {
  return demosOf(features)
    .map((feature) => {
      const { teaches = '', lookFor = '', terms = [], readMore = [], practices = [] } = feature.meta ?? {};
      const rows = feature.routes.map((route) => [
        `${route.title}${route.meta?.danger === true ? ' (dangerous)' : ''}`,
        `\`${exampleCurl(feature, route, route.examples[0])}\``,
        route.meta?.teaches ?? route.summary,
      ]);
      return [
        `## ${feature.title}`,
        teaches,
        `**Look for:** ${lookFor}`,
        `**Search for:** ${terms.join(', ')}`,
        ...(readMore.length > 0
          ? [`**Read more:** ${readMore.map(({ title, url }) => `[${title}](${url})`).join(', ')}`]
          : []),
        ...(practices.length > 0
          ? [
              `**[Node.js best practices](practices.md#goldbergyoninodebestpractices):** ${practices.join(', ')}`,
            ]
          : []),
        table(['route', 'try', 'what it teaches'], rows),
      ].join('\n\n');
    })
    .join('\n\n');
}
