import { demoRoute } from '../kit/demo.ts';
import { abandonDownloads, abandonedDownloads } from './abandoned-downloads.ts';

export const pipe = demoRoute({
  ...abandonedDownloads,
  path: '/pipe',
  title: 'Leak files with pipe',
  summary: 'Pipes a file to clients that disconnect midway, and counts the files left open: the wrong way.',
  teaches:
    '`pipe` handles back-pressure, but it does not destroy the source when the destination fails or closes. After a ' +
    'disconnect the file descriptor of the source stays open.',
  examples: [{ title: 'Clients disconnect from pipe', query: { as: 'text' } }],
  contrasts: ['streams/pipeline'],
  run: (call) => abandonDownloads('pipe', (source, res) => void source.pipe(res), call),
});
