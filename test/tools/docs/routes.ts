import { exampleCurl } from '../../../src/manifest/curl.ts';
import type { Feature } from '../../../src/routes/feature.ts';
import { table } from './table.ts';

/** The routes of all features, a table for each feature. */
export function renderRoutes(features: readonly Feature[]): string {
  return features
    .filter(({ meta }) => meta?.teaches === undefined) // template: omit (demos have a page of their own)
    .map((feature) => {
      const rows = feature.routes.map((route) => [
        route.title,
        `\`${exampleCurl(feature, route, route.examples[0])}\``,
        route.summary,
      ]);
      return `**${feature.title}**: ${feature.summary}\n\n${table(['route', 'try', 'what it does'], rows)}`;
    })
    .join('\n\n');
}
