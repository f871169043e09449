import type { Request, RequestHandler } from 'express';
import { DEFAULT_ORIGIN, exampleCurl } from './curl.ts';
import type { Extra, Feature } from './feature.ts';

/**
 * `GET /`: what is here, as lines to paste into a terminal, or as JSON on request.
 *
 * @param page what a browser gets instead, where there is one
 */
export function createIndexPage(features: readonly Feature[], page?: Extra['handler']): RequestHandler {
  const forms = page === undefined ? ['text', 'json'] : ['text', 'json', 'html'];
  return async function indexPage(req, res) {
    res.vary('Accept');
    const form = req.accepts(forms);
    const host = hostOf(req);
    if (form === 'html') await page?.(req, res);
    else if (form === 'json') res.json(describeFeatures(features, host));
    else res.type('text').send(renderText(features, host));
  };
}

/** The manifest as plain data, without handlers and schemas; its examples go to `host`. */
export function describeFeatures(features: readonly Feature[], host: string) {
  return {
    features: features.map((feature) => ({
      id: feature.id,
      title: feature.title,
      summary: feature.summary,
      ...(feature.practices === undefined ? {} : { practices: feature.practices }), // not in a copy
      routes: feature.routes.map((route) => ({
        method: route.method.toUpperCase(),
        path: feature.base + route.path,
        summary: route.summary,
        ...(route.teaches === undefined ? {} : { teaches: route.teaches }), // not in a copy
        ...(route.contrasts === undefined ? {} : { contrasts: route.contrasts }), // not in a copy
        ...(route.danger === undefined ? {} : { danger: true }), // not in a copy
        examples: route.examples.map((example) => exampleCurl(feature, route, example, host)),
      })),
    })),
    links: { openapi: '/openapi.json', problems: '/problems', live: '/livez', ready: '/readyz' },
  };
}

/** The host that the caller itself used: lines that are printed for it go there as well. */
export function hostOf(req: Request): string {
  return req.get('host') ?? DEFAULT_ORIGIN;
}

function renderText(features: readonly Feature[], host: string): string {
  const blocks = features.map((feature) => {
    const lines = feature.routes.map(
      (route) => `  ${exampleCurl(feature, route, route.examples[0], host)}\n      ${route.summary}`,
    );
    return `${feature.title} - ${feature.summary}\n\n${lines.join('\n')}\n`;
  });
  return `${blocks.join('\n')}\nMore: /openapi.json (OpenAPI 3.1)  /problems (every error code)  /livez  /readyz\n`;
}
