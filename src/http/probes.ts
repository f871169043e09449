const probe = /^\/(?:livez|readyz)\/?$/i;

/**
 * Whether a path is a probe, in any spelling that the router accepts: probes get a response even when every other request
 * is refused.
 */
export function isProbe(path: string): boolean {
  return probe.test(path);
}
