import type { Request, RequestHandler } from 'express';
import { preferredType } from '../http/negotiation.ts';
import type { Feature } from '../routes/feature.ts';
import { titleOf, type PlainRoute } from '../routes/route.ts';
import { DEFAULT_ORIGIN, exampleCurl } from './curl.ts';

/**
 * `GET /`: every route, as curl commands for a terminal or as JSON on request.
 *
 * @param page what a browser gets instead, if there is a page
 */
export function createIndexPage(features: readonly Feature[], page?: PlainRoute['handler']): RequestHandler {
  const formats = page === undefined ? ['text', 'json'] : ['text', 'json', 'html'];
  return async function indexPage(req, res) {
    res.vary('Accept');
    const format = preferredType(req, formats);
    const origin = originOf(req);
    if (format === 'html') await page?.(req, res);
    else if (format === 'json') res.json(describeFeatures(features, origin));
    else res.type('text').send(renderText(features, origin));
  };
}

/** The manifest as plain data, without handlers and schemas; its examples request `origin`. */
export function describeFeatures(features: readonly Feature[], origin: string) {
  return {
    features: features.map((feature) => ({
      id: feature.id,
      title: feature.title,
      summary: feature.summary,
      ...feature.meta,
      routes: feature.routes.map((route) => ({
        method: route.method.toUpperCase(),
        path: feature.base + route.path,
        title: route.title,
        summary: route.summary,
        ...route.meta,
        examples: route.examples.map((example) => exampleCurl(feature, route, example, origin)),
      })),
    })),
    links: { openapi: '/openapi.json', problems: '/problems', live: '/livez', ready: '/readyz' },
  };
}

/** The host that the caller used, with its scheme if that is not HTTP: commands printed for the caller use it, too. */
export function originOf(req: Request): string {
  return (req.secure ? 'https://' : '') + (req.get('host') ?? DEFAULT_ORIGIN);
}

function renderText(features: readonly Feature[], origin: string): string {
  const blocks = features.map((feature) => {
    const lines = feature.routes.map(
      (route) => `  # ${titleOf(route)}\n  ${exampleCurl(feature, route, route.examples[0], origin)}`,
    );
    return `${feature.title} - ${feature.summary}\n\n${lines.join('\n')}\n`;
  });
  return `${blocks.join('\n')}\nMore: /openapi.json (OpenAPI 3.1)  /problems (every error code)  /livez  /readyz\n`;
}
