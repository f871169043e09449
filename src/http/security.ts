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

/** Security headers on every answer. */
export function createSecurity(): RequestHandler {
  const onHttps = helmet(options);
  // Over plain http a browser must ignore this header (RFC 6797, 7.2), so it is not sent there.
  const onHttp = helmet({ ...options, strictTransportSecurity: false });
  return function security(req, res, next) {
    (req.secure ? onHttps : onHttp)(req, res, next);
  };
}
