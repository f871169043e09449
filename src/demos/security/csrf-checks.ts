import type { Request, RequestHandler } from 'express';
import { createCrossSite } from '../../layers/cross-site.ts';

/** The host that users have signed in to. */
export const HOST = 'shop.example.com';

export interface CsrfCheck {
  /** In a few words, as the column of a table. */
  readonly name: string;
  readonly layer: RequestHandler;
}

/** The layer of this service, then shortcuts, each of which stops something. */
export function createCsrfChecks(): readonly CsrfCheck[] {
  return [
    { name: 'metadata and origin', layer: createCrossSite({ config: { CORS_ORIGINS: [] } }) },
    { name: 'session only', layer: rejectUnless(() => true) },
    { name: 'referer contains', layer: rejectUnless((req) => req.get('referer')?.includes(HOST) ?? true) },
    {
      name: 'origin ends with',
      layer: rejectUnless((req) => req.get('origin')?.endsWith('example.com') ?? true),
    },
    { name: 'not cross-site', layer: rejectUnless((req) => req.get('sec-fetch-site') !== 'cross-site') },
  ];
}

function rejectUnless(isGenuine: (req: Request) => boolean): RequestHandler {
  return function check(req, res, next) {
    if (isGenuine(req)) next();
    else res.status(403).end();
  };
}
