import process from 'node:process';
import { z } from 'zod';

/** What `report-child.ts` reports about its process. */
export const childReport = z.object({
  pid: z.number(),
  parentPid: z.number(),
  arguments: z.array(z.string()),
  rssBytes: z.number(),
  hasChannel: z.boolean(),
});
export type ChildReport = z.infer<typeof childReport>;

const withTime = childReport.extend({ printedAt: z.number() });

/** How a child ended. */
export const endSchema = { exitCode: z.number().nullable(), signal: z.string().nullable() };

/**
 * @param output the standard output of `report-child.ts`
 * @returns the report, and when the program printed it, by `monotonicMs()`
 */
export function parseReport(output: string): { readonly child: ChildReport; readonly printedAt: number } {
  const { printedAt, ...child } = withTime.parse(JSON.parse(output));
  return { child, printedAt };
}

/** Whether a shell, or any other process, stands between this process and the program. */
export function hasShell({ parentPid }: Pick<ChildReport, 'parentPid'>): boolean {
  return parentPid !== process.pid;
}
