/** `npm run docs`: writes the generated parts of the documentation. */
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { root } from '../../support/program.ts';
import { startTestServers } from '../../support/resources.ts';
import { renderDocs } from './render.ts';

const stopTestServers = await startTestServers();
for (const [file, text] of await renderDocs()) {
  writeFileSync(root + file, text);
  process.stdout.write(`wrote ${file}\n`);
}
await stopTestServers();
