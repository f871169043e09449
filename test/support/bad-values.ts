import type { Variables } from '../../src/config/variable.ts';

/** A value for each variable that it refuses, empty where it must be set; none for what takes any text or nothing. */
export function badValues(declared: Variables): Record<string, string> {
  return Object.fromEntries(
    Object.entries(declared).flatMap(([name, variable]) => {
      if (!variable.schema.safeParse('!?').success) return [[name, '!?']];
      return variable.default === undefined ? [[name, '']] : [];
    }),
  );
}
