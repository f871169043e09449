/** What a lesson may say, and what the figures of its response must then show. */
import type { Figures } from './figures.ts';

export interface Claim {
  readonly says: RegExp;
  /**
   * Whether the figures show that.
   *
   * @param groups those of the pattern
   * @param query the parameters of the request, and `threads`: how many pool threads the worker has
   */
  readonly holds: (figures: Figures, groups: readonly string[], query: Figures) => boolean;
}

/** By demo. Some claim is about the headline, whatever that is. */
export type Claims = Readonly<Record<string, readonly Claim[]>>;

/** For a sentence that claims nothing: that a run does not tell. */
export const nothing = () => true;

export const max = (values: readonly number[]) => Math.max(...values);
export const min = (values: readonly number[]) => Math.min(...values);
export const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
