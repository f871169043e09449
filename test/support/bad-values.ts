import type { Variables } from '../../src/config/declare.ts';

/** An invalid value for every variable that has one. For a required variable that accepts any text, it is empty. */
export function badValues(declared: Variables): Record<string, string> {
  return Object.fromEntries(
    Object.entries(declared).flatMap(([name, variable]) => {
      if (!variable.schema.safeParse('!?').success) return [[name, '!?']];
      return variable.default === undefined ? [[name, '']] : [];
    }),
  );
}
