import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
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

/** Helmet's headers for every response over HTTPS, as pairs of name and value. They never differ. */
export const helmetHeadersOnHttps = headersOf(helmet(options));

/**
 * The same for plain HTTP, where browsers must ignore Strict-Transport-Security:
 * https://www.rfc-editor.org/rfc/rfc6797#section-7.2
 */
export const helmetHeaders = headersOf(helmet({ ...options, strictTransportSecurity: false }));

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
