import { z } from 'zod';

/** What `report-child.ts` reports about its process. */
export const childReport = z.strictObject({
  pid: z.number(),
  parentPid: z.number(),
  arguments: z.array(z.string()),
  rssBytes: z.number(),
  hasChannel: z.boolean(),
});
export type ChildReport = z.infer<typeof childReport>;

/** How a child ended. */
export const endSchema = { exitCode: z.number().nullable(), signal: z.string().nullable() };

/** @param output the standard output of `report-child.ts` */
export function parseReport(output: string): ChildReport {
  return childReport.parse(JSON.parse(output));
}
