import cluster from 'node:cluster';
import type { Response } from 'express';

export const mediaType = 'application/octet-stream';

/** Sets the headers of a file that browsers save, named after this worker. */
export function setDownloadHeaders(res: Response, extension: string): void {
  res.set({
    'Content-Type': mediaType,
    'Content-Disposition': `attachment; filename="worker-${cluster.worker?.id ?? 0}.${extension}"`,
    'Cache-Control': 'no-store',
  });
}
