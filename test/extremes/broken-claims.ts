/**
 * Holds what a lesson claims against the figures of the same response. A headline that no claim knows is a fault as well:
 * add the claim that it makes.
 */
import type { Answer } from '../../src/demos/kit/answer/answer.ts';
import { count } from '../../src/demos/kit/answer/units.ts';
import type { Claims } from './claim.ts';
import { attackClaims } from './claims/attacks.ts';
import { concurrencyClaims } from './claims/concurrency.ts';
import { dataClaims } from './claims/data.ts';
import { databaseClaims } from './claims/database.ts';
import { engineClaims } from './claims/engine.ts';
import { networkClaims } from './claims/network.ts';
import { processClaims } from './claims/processes.ts';
import { protocolClaims } from './claims/protocols.ts';
import { runtimeClaims } from './claims/runtime.ts';
import { serviceClaims } from './claims/service.ts';
import type { ExtremeRequest } from './extreme-requests.ts';
import { Figures } from './figures.ts';

const claims: Claims = {
  ...runtimeClaims,
  ...concurrencyClaims,
  ...processClaims,
  ...dataClaims,
  ...serviceClaims,
  ...engineClaims,
  ...databaseClaims,
  ...networkClaims,
  ...protocolClaims,
  ...attackClaims,
};

/** Whether there is a checker for a demo. */
export function hasClaims(demo: string): boolean {
  return Object.hasOwn(claims, demo);
}

/** @param threads how many pool threads the worker has */
export function brokenClaims({ demo, query }: ExtremeRequest, answer: Answer, threads: number): string[] {
  const known = claims[demo];
  if (known === undefined) return [];
  const { headline, text } = answer.lesson;
  const figures = new Figures(answer.result);
  const asked = new Figures({ ...defaultsOf(answer), ...query, threads });
  const lesson = `${headline}\n${text}`;
  const broken = known.flatMap(({ says, holds }) => {
    const match = says.exec(headline) ?? says.exec(text);
    return match === null || holds(figures, match.slice(1), asked)
      ? []
      : [`"${match[0]}" is not in the figures: ${lesson}`];
  });
  const isKnown = known.some(({ says }) => says.test(headline));
  return isKnown
    ? broken
    : [...broken, `no claim of ${count(known.length, 'claim')} knows the headline "${headline}"`];
}

/** What the result repeats of the parameters. */
function defaultsOf({ result }: Answer): Record<string, unknown> {
  return typeof result === 'object' && result !== null ? (result as Record<string, unknown>) : {};
}
