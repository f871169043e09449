/** Modules only declare: a program, a child or a thread is what its entry point makes of them. */
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { expect, test } from '@jest/globals';
import { sources } from '../support/architecture.ts';
import { root } from '../support/program.ts';

const modules = sources.filter(
  (file) => !/^(?:main|migrate|start|web\/client\/.*)\.ts$|-(?:child|thread)\.ts$/.test(file),
);

test('no module prints, listens or starts a timer, a thread or a child when it is loaded', () => {
  const load = `
    const before = [process.stdin, process.stdout, process.stderr].map(({ constructor }) => constructor.name);
    before.push(...process.getActiveResourcesInfo(), ...process.eventNames());
    for (const file of ${JSON.stringify(modules)}) {
      await import('${root}src/' + file);
      const added = [...process.getActiveResourcesInfo(), ...process.eventNames()].filter((name) => !before.includes(name));
      if (added.length > 0) throw new Error(file + ': ' + added.join(', '));
    }`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', load], {
    encoding: 'utf8',
    env: {},
  });
  expect({ stdout, stderr, status }).toEqual({ stdout: '', stderr: '', status: 0 });
  expect(modules.length).toBeGreaterThan(50);
});
