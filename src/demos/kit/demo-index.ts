import type { Request } from 'express';
import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { exampleCurl } from '../../manifest/curl.ts';
import { describeFeatures, originOf } from '../../manifest/index-page.ts';
import type { Feature } from '../../routes/feature.ts';
import type { PlainRoute } from '../../routes/route.ts';
import { formatParameter, requestedFormat } from '../../shared/format.ts';
import { wrapIndented } from './answer/terminal.ts';

const query = z.strictObject({ as: formatParameter });
const indexQuery = query.extend({
  myths: z
    .literal('', { error: 'takes no value' })
    .optional()
    .describe('Leads to the test of twelve sentences'),
});
const MYTHS = '/demos/myths/verdicts';

/** `GET /demos` and `GET /demos/:id`: the manifest of the demos, as JSON or as text for a terminal. `GET /demos?myths` leads to the demo of that. */
export function createDemoIndex(features: readonly Feature[]): PlainRoute[] {
  return [
    {
      path: '/demos',
      query: indexQuery,
      handler(req, res) {
        const { myths, as } = req.query;
        if (myths !== undefined) {
          // Measured by a demo like any other: with its budgets, its place in the manifest, and its cancellation.
          res.redirect(303, typeof as === 'string' ? `${MYTHS}?as=${as}` : MYTHS);
          return;
        }
        if (requestedFormat(req) === 'text') {
          res.type('text').send(features.map((feature) => explain(feature, req)).join('\n\n'));
        } else {
          const { features: demos } = describeFeatures(features, originOf(req));
          res.type('json').send(`${JSON.stringify({ demos }, null, 2)}\n`);
        }
      },
    },
    {
      path: '/demos/:id',
      query,
      handler(req, res) {
        const feature = features.find(({ id }) => id === req.params['id']);
        if (feature === undefined)
          throw new Problem('not-found', { detail: 'See GET /demos for all demos.' });
        if (requestedFormat(req) === 'text') res.type('text').send(explain(feature, req));
        else {
          const [demo] = describeFeatures([feature], originOf(req)).features;
          res.type('json').send(`${JSON.stringify(demo, null, 2)}\n`);
        }
      },
    },
  ];
}

function explain(feature: Feature, req: Request): string {
  const { teaches = '', lookFor = '', terms = [], readMore = [], practices = [] } = feature.meta ?? {};
  const routes = feature.routes.flatMap((route) => [
    '',
    `  ${route.title}${route.meta?.danger === true ? '  (dangerous)' : ''}`,
    ...wrapIndented(route.summary, '      '),
    ...route.examples.map((example) => `      $ ${exampleCurl(feature, route, example, originOf(req))}`),
  ]);
  return [
    `${feature.title.toUpperCase()} (${feature.id})`,
    '',
    ...wrapIndented(teaches, '  '),
    '',
    ...wrapIndented(`Look for: ${lookFor}`, '  '),
    '',
    ...wrapIndented(`Search for: ${terms.join(', ')}`, '  '),
    ...readMore.map(({ title, url }) => `  ${title}: ${url}`),
    ...(practices.length > 0 ? [`  Node.js best practices: ${practices.join(', ')}`] : []),
    ...routes,
    '',
  ].join('\n');
}
