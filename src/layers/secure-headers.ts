import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { RequestHandler } from 'express';
import helmet from 'helmet';

/**
 * A strict policy: everything from this origin, nothing inline, nothing framed. Helmet's default allows inline styles
 * and upgrades requests to HTTPS, which breaks a service that is reached by plain HTTP.
 */
const options = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
      imgSrc: ["'self'", 'data:'],
      objectSrc: ["'none'"],
      scriptSrcAttr: ["'none'"],
    },
  },
  xFrameOptions: { action: 'deny' },
} as const;

/** Sets helmet's headers on every response. They never differ, so helmet runs once. */
export function createSecureHeaders(): RequestHandler {
  const onHttps = headersOf(helmet(options));
  // Browsers must ignore Strict-Transport-Security over plain HTTP: https://www.rfc-editor.org/rfc/rfc6797#section-7.2
  const onHttp = headersOf(helmet({ ...options, strictTransportSecurity: false }));
  return function secureHeaders(req, res, next) {
    for (const [name, value] of req.secure ? onHttps : onHttp) res.setHeader(name, value);
    next();
  };
}

/** The headers that a layer sets. */
function headersOf(layer: ReturnType<typeof helmet>): [string, string][] {
  const headers: [string, string][] = [];
  const req = new IncomingMessage(new Socket());
  const res = new ServerResponse(req);
  res.setHeader = (name, value) => {
    headers.push([name, String(value)]);
    return res;
  };
  layer(req, res, () => undefined);
  return headers;
}
