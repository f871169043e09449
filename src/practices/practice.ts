/** What the index says about a practice. A schema, so that the list is checked and described by the same declaration. */
import { z } from 'zod';

const text = z.string().min(1);

const base = {
  id: text.describe('Its number in the source, or one of ours.'),
  title: text,
  route: z
    .string()
    .regex(/^(?:POST )?(?::3001)?\/\S*$/)
    .optional()
    .describe('A request that shows it: a path of the app, or of the management port (:3001).'),
};
const files = z.array(text).min(1).describe('Files or folders that show it.');
const proofs = z
  .array(z.string().regex(/^(?:test\/\S+\.(?:test|spec)\.ts|(?:fault|load|lint|check|ci):.+)$/))
  .min(1)
  .describe(
    'What fails when it is gone: a test file, a fault run, a load scenario, a lint rule, a check, a CI step.',
  );
const reason = text.describe('What is missing, or why it is done in another way.');

/** A row of the index. */
export const practice = z.discriminatedUnion('status', [
  z.strictObject({ ...base, status: z.literal('shown'), files, proofs }),
  z.strictObject({ ...base, status: z.literal('partly'), files, proofs: proofs.optional(), reason }),
  z.strictObject({ ...base, status: z.literal('otherwise'), files, proofs: proofs.optional(), reason }),
  z.strictObject({ ...base, status: z.literal('not-yet'), reason }),
  z.strictObject({ ...base, status: z.literal('out-of-scope'), reason }),
]);

/** Each status with its meaning. */
export const statuses = {
  shown: 'A file shows it, and a proof fails when it is gone.',
  partly: 'Something is missing; the reason names it.',
  otherwise: 'Done in another way on purpose.',
  'not-yet': 'Not shown, but it belongs here.',
  'out-of-scope': 'Not shown: it does not belong here.',
} as const satisfies Record<Practice['status'], string>;

export type Practice = z.output<typeof practice>;

/** A published list of practices. */
export interface Source {
  readonly id: string;
  readonly title: string;
  readonly url: string;
  /** The date of the version that was read. */
  readonly version: string;
  readonly practices: readonly Practice[];
}
