/** `npm run trace`: sends one request through the edge and draws its trace (`docs/trace.svg`). */
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { recordOneTrace } from '../../tasks/one-trace.ts';
import { root } from '../../support/program.ts';
import { startTestServers } from '../../support/resources.ts';
import { drawTrace } from './draw-trace.ts';

const stop = await startTestServers();
try {
  const { spans } = await recordOneTrace();
  writeFileSync(`${root}docs/trace.svg`, drawTrace(spans));
  process.stdout.write(`wrote docs/trace.svg: ${spans.length} spans\n`);
} finally {
  await stop();
}
