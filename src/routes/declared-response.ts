import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Metrics } from '../telemetry/metrics.ts';

interface DeclaredResponseOptions {
  /** The method and path, for errors. */
  readonly name: string;
  readonly schema: z.ZodType;
  readonly production: boolean;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'responseMismatches'>;
}

/**
 * Holds what a handler returns to the response that its route declares. What is not declared is never sent: it may be a
 * password. Outside production any mismatch is an error. In production it is logged once and counted, and the rest is
 * sent: a slightly wrong response beats a 500.
 *
 * @returns a function from what the handler returned to what may be sent
 * @throws {Error} naming every mismatch, outside production
 */
export function holdToDeclaration({ name, schema, production, log, metrics }: DeclaredResponseOptions) {
  let logged = false;
  return (returned: unknown): unknown => {
    const parsed = schema.safeParse(returned);
    if (parsed.success) return parsed.data;
    const { issues } = parsed.error;
    const faults = issues.map(({ path, message }) => `${path.join('.') || 'value'}: ${message}`).join('; ');
    const reason = `${name} returned a value that does not match its response schema: ${faults}`;
    if (!production) throw new Error(reason);
    metrics.responseMismatches.inc({ route: name });
    if (!logged) log.warn({ event: 'response-mismatch', route: name }, reason);
    logged = true;
    return withoutUnrecognized(returned, issues);
  };
}

function withoutUnrecognized(returned: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  const copy = JSON.parse(JSON.stringify(returned)) as unknown;
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    const target = issue.path.reduce<unknown>(
      (value, key) => (value as Record<PropertyKey, unknown>)[key],
      copy,
    );
    for (const key of issue.keys) Reflect.deleteProperty(target as object, key);
  }
  return copy;
}
