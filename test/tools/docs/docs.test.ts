import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { demos } from '../../../src/demos/demos.ts'; // template: omit
import { eventNames } from '../../../src/supervision/supervision.ts';
import { faults } from '../../faults/list.ts'; // template: omit
import { scenarios } from '../../load/list.ts'; // template: omit
import { layers } from '../../support/architecture.ts';
import { root } from '../../support/program.ts';
import { logEvents } from './log-events.ts';
import { readLogEvents } from './read-log-events.ts';
import { renderDocs } from './render.ts';

describe('documentation', () => {
  // template: omit until blank line
  test('counts routes, topics, faults and scenarios as the code does', () => {
    const routes = demos.reduce((sum, demo) => sum + demo.routes.length, 0);
    const readme = readFileSync(`${root}README.md`, 'utf8');
    expect(readme).toContain(`${routes} routes in ${demos.length} topics`);
    expect(readme).toContain(`All ${routes} routes`);
    expect(readme).toContain(`${faults.length} fault runs`);
    expect(readme).toContain(`${scenarios.length} load scenarios`);
  });

  test('matches the code; `npm run docs` writes it', async () => {
    for (const [file, text] of await renderDocs()) {
      expect({ file, text: readFileSync(root + file, 'utf8') }).toEqual({ file, text });
    }
  });

  test('lists every event that the core logs', () => {
    const core = [...Object.keys(layers), 'primary', 'worker'];
    const logged = readLogEvents().filter(({ file }) => core.includes(file.split('/')[0] ?? ''));
    expect(logged.filter(({ event }) => event === undefined || !(event in logEvents))).toEqual([]);
    const events = new Set(logged.map(({ event }) => event));
    expect(eventNames.filter((event) => !events.has(event))).toEqual([]);
  });
});
