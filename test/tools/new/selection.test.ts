/** Which files `npm run new` selects; `new.slow.test.ts` generates a service. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { featureFolders } from '../../support/architecture.ts';
import { root } from '../../support/program.ts';
import { pages, selectFiles } from './selection.ts';

const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
  cwd: root,
  encoding: 'utf8',
}).split('\0');
const tracked = new Map(
  listed
    .filter((path) => path !== '' && existsSync(root + path))
    .map((path) => [path, readFileSync(root + path, 'utf8')]),
);
const kept = selectFiles(tracked);
const names = [...kept.keys()];
const removedFolders = featureFolders.filter((name) => name !== 'tasks');

describe('a generated service', () => {
  test('has every file of the core', () => {
    const core = [...tracked.keys()].filter(
      (path) => path.startsWith('src/') && !removedFolders.some((name) => path.startsWith(`src/${name}/`)),
    );
    // Only demos and the index of practices respond in two formats; only the control room caches what may fail to be created.
    const unused = ['src/shared/format.ts', 'src/shared/lazy.ts'];
    expect(core.filter((path) => !kept.has(path))).toEqual(unused);
  });

  test('has its tests', () => {
    for (const folder of ['contract', 'faults', 'http', 'layers', 'primary', 'program', 'routes', 'tasks']) {
      expect(names.filter((path) => path.startsWith(`test/${folder}/`))).not.toEqual([]);
    }
  });

  test('does not mention demos or what they add', () => {
    const wrong = [...kept].filter(
      ([path, text]) =>
        path !== '.env.example' && // rendered again in the generated service
        /demo|teaches|contrasts|control room|client\/tsconfig/i.test(path + text),
    );
    expect(wrong.map(([path]) => path)).toEqual([]);
  });

  test('does not mention a script that it does not have', () => {
    const { scripts } = JSON.parse(kept.get('package.json') ?? '') as { scripts: Record<string, string> };
    const texts = [...kept, ...Object.values(pages).map((path) => [path, tracked.get(path) ?? ''] as const)];
    const missing = texts.flatMap(([path, text]) =>
      [...text.matchAll(/npm run (?:-s )?([\w:-]+)/g)]
        .filter(([, name = '']) => scripts[name] === undefined)
        .map(([line]) => `${path}: ${line}`),
    );
    expect(missing).toEqual([]);
  });

  test('does not have tests of removed files, or files that only those tests used', () => {
    const small = selectFiles(
      new Map([
        [
          'package.json',
          '{"scripts":{"start":"node src/main.ts","bench":"node test/bench/run.ts","page":"jest **/test/browser/**"}}',
        ],
        ['src/main.ts', "import './a.ts'; // template: omit\nimport './b.ts';\nimport './c.ts';\n"],
        ['src/c.ts', '// see ./d.ts\na;\n\n// template: omit until blank line\nb;\nc;\n\nd;\n'],
        ['src/d.ts', ''],
        ['.gitignore', 'a/\n\n# template: omit until blank line\nb/\n'],
        ['src/a.ts', ''],
        ['src/b.ts', ''],
        ['test/bench/run.ts', ''],
        ['test/one.test.ts', "import './support/one.ts';\nfetch('/demos/one');\n"],
        ['test/two.test.ts', "import './support/two.ts';\n"],
        ['test/support/one.ts', ''],
        ['test/support/two.ts', ''],
      ]),
    );
    expect(Object.fromEntries(small)).toEqual({
      'package.json': `${JSON.stringify({ scripts: { start: 'node src/main.ts' } }, null, 2)}\n`,
      'src/main.ts': "import './b.ts';\nimport './c.ts';\n",
      '.gitignore': 'a/\n',
      'src/b.ts': '',
      'src/c.ts': '// see ./d.ts\na;\n\nd;\n',
      'test/two.test.ts': "import './support/two.ts';\n",
      'test/support/two.ts': '',
    });
  });
});
