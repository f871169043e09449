import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { RequestHandler } from 'express';
import helmet from 'helmet';

/**
 * A policy of our own: everything from this origin, nothing inline, nothing framed. Helmet's default would allow
 * inline styles, and ask browsers to upgrade to https, which breaks a service that is reached by plain http.
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

/** Security headers on every answer. They are the same for each, so helmet is asked for them once. */
export function createSecurity(): RequestHandler {
  const onHttps = headersOf(helmet(options));
  // Over plain http a browser must ignore this header (RFC 6797, 7.2), so it is not sent there.
  const onHttp = headersOf(helmet({ ...options, strictTransportSecurity: false }));
  return function security(req, res, next) {
    for (const [name, value] of req.secure ? onHttps : onHttp) res.setHeader(name, value);
    next();
  };
}

/** What a layer sets on an answer that it is shown. */
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
