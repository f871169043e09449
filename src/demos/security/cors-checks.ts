import type { RequestHandler } from 'express';
import { createCors } from '../../layers/cors.ts';

/** The page that may call. */
export const FRONT_END = 'https://app.example.com';

export interface CorsCheck {
  /** In a few words, as the column of a table. */
  readonly name: string;
  readonly layer: RequestHandler;
}

/** The layer of this service, then shortcuts, each seen in real services. */
export function createCorsChecks(): readonly CorsCheck[] {
  return [
    { name: 'exact list', layer: createCors({ config: { CORS_ORIGINS: [FRONT_END] }, features: [] }) },
    { name: 'echo', layer: allowIf(() => true) },
    { name: 'ends with', layer: allowIf((origin) => origin.endsWith('example.com')) },
    { name: 'starts with', layer: allowIf((origin) => origin.startsWith(FRONT_END)) },
    { name: 'list and sandboxed', layer: allowIf((origin) => [FRONT_END, 'null'].includes(origin)) },
    { name: 'star', layer: allowIf(() => true, '*') },
  ];
}

/** @param answer what to allow in place of the origin of the request */
function allowIf(isAllowed: (origin: string) => boolean, answer?: string): RequestHandler {
  return function allow(req, res, next) {
    const { origin } = req.headers;
    if (origin !== undefined && isAllowed(origin)) {
      res.setHeader('Access-Control-Allow-Origin', answer ?? origin);
      res.setHeader('Access-Control-Allow-Credentials', 'true');
      res.setHeader('Access-Control-Allow-Methods', 'GET, POST, DELETE');
    }
    if (req.method === 'OPTIONS') res.status(204).end();
    else next();
  };
}
