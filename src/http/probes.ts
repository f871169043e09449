const probes = new Set(['/livez', '/readyz']);

/** Whether a path is a probe: probes get a response even when every other request is refused. */
export function isProbe(path: string): boolean {
  return probes.has(path);
}
