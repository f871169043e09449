import type { Extra, Feature } from '../http/feature.ts';
import { exampleCurl } from '../http/curl.ts';
import { describeFeatures, hostOf } from '../http/index-page.ts';
import { Problem } from '../http/problem.ts';
import type { Demo } from './demo.ts';
import { wrap } from './evidence/text.ts';

/** `GET /demos` and `GET /demos/:id`: the manifest, as JSON or to read in a terminal. */
export function createDemoIndex(features: readonly Feature[], demos: readonly Demo[]): Extra[] {
  const describe = (feature: Feature, index: number, host: string) => ({
    ...describeFeatures([feature], host).features[0],
    teaches: demos[index]?.teaches,
    lookFor: demos[index]?.lookFor,
  });
  return [
    {
      path: '/demos',
      handler(req, res) {
        const host = hostOf(req);
        if (wantsText(req.query['as'], req.accepts(['json', 'text']))) {
          res.type('text').send(features.map((feature, i) => explain(feature, demos[i], host)).join('\n\n'));
        } else {
          const described = features.map((feature, i) => describe(feature, i, host));
          res.type('json').send(`${JSON.stringify({ demos: described }, null, 2)}\n`);
        }
      },
    },
    {
      path: '/demos/:id',
      handler(req, res) {
        const index = features.findIndex(({ id }) => id === req.params['id']);
        const feature = features[index];
        if (feature === undefined) throw new Problem('not-found', { detail: 'GET /demos lists the demos.' });
        const host = hostOf(req);
        if (wantsText(req.query['as'], req.accepts(['json', 'text']))) {
          res.type('text').send(explain(feature, demos[index], host));
        } else res.type('json').send(`${JSON.stringify(describe(feature, index, host), null, 2)}\n`);
      },
    },
  ];
}

function wantsText(asked: unknown, accepted: unknown): boolean {
  return (asked ?? accepted) === 'text';
}

function explain(feature: Feature, demo: Demo | undefined, host: string): string {
  const routes = feature.routes.flatMap((route) => [
    '',
    `  ${route.method.toUpperCase()} ${feature.base}${route.path}${route.danger === true ? '  (dangerous)' : ''}`,
    ...wrap(route.summary, '      '),
    ...route.examples.map((example) => `      $ ${exampleCurl(feature, route, example, host)}`),
  ]);
  return [
    `${feature.title.toUpperCase()} (${feature.id})`,
    '',
    ...wrap(demo?.teaches ?? feature.summary, '  '),
    '',
    ...wrap(`Look for: ${demo?.lookFor ?? ''}`, '  '),
    ...(feature.practices?.length ? ['', `  Node.js best practices: ${feature.practices.join(', ')}`] : []),
    ...routes,
    '',
  ].join('\n');
}
