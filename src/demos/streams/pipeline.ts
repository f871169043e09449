import { pipeline } from 'node:stream';
import { demoRoute } from '../kit/demo.ts';
import { abandonDownloads, abandonedDownloads } from './abandoned-downloads.ts';

export const pipelineRoute = demoRoute({
  ...abandonedDownloads,
  path: '/pipeline',
  title: 'Close files with pipeline',
  summary:
    'Sends the same file with `pipeline` to clients that disconnect midway, and counts the files left open.',
  teaches:
    '`pipeline` destroys all its streams when one fails or closes early, except those that have already ended, finished ' +
    'or closed.',
  examples: [{ title: 'Clients disconnect from pipeline', query: { as: 'text' } }],
  contrasts: ['streams/pipe'],
  run: (call) =>
    abandonDownloads('pipeline', (source, res) => void pipeline(source, res, () => undefined), call),
});
