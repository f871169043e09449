/** What `npm run new` takes along, looked at without making anything; `test/slow/new.test.ts` makes it. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { root } from '../support/program.ts';
import { pages, selectFiles } from './rules.ts';

const listed = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0');
const tracked = new Map(
  listed
    .filter((path) => path !== '' && existsSync(root + path))
    .map((path) => [path, readFileSync(root + path, 'utf8')]),
);
const kept = selectFiles(tracked);
const names = [...kept.keys()];

describe('a copy of this service', () => {
  test('has all of the service: no layer, no part of the supervision is left behind but what only demos and the page use', () => {
    const core = [...tracked.keys()].filter((path) =>
      /^src\/((cluster|config|http|process|tasks)\/|[^/]+$)/.test(path),
    );
    // Only demos start children, and only they and the page make things once that may fail.
    expect(core.filter((path) => !kept.has(path))).toEqual([
      'src/process/child-groups.ts',
      'src/process/made-once.ts',
    ]);
  });

  test('has its tests', () => {
    for (const folder of ['cluster', 'contract', 'docs', 'faults', 'http', 'process', 'slow', 'tasks']) {
      expect(names.filter((path) => path.startsWith(`test/${folder}/`))).not.toEqual([]);
    }
  });

  test('has nothing about demos or what they teach; a line that only this repository needs ends with the mark', () => {
    const wrong = [...kept].filter(
      // Rendered anew in the copy.
      ([path, text]) =>
        path !== '.env.example' &&
        /demo|teaches|contrasts|control room|measurement|client\/tsconfig/i.test(path + text),
    );
    expect(wrong.map(([path]) => path)).toEqual([]);
  });

  test('says nowhere to run a script that is not there', () => {
    const { scripts } = JSON.parse(kept.get('package.json') ?? '') as { scripts: Record<string, string> };
    const texts = [...kept, ...Object.values(pages).map((path) => [path, tracked.get(path) ?? ''] as const)];
    const missing = texts.flatMap(([path, text]) =>
      [...text.matchAll(/npm run (?:-s )?([\w:-]+)/g)]
        .filter(([, name = '']) => scripts[name] === undefined)
        .map(([line]) => `${path}: ${line}`),
    );
    expect(missing).toEqual([]);
  });

  test('loses a test that uses what is gone, and then what only that has used', () => {
    const small = selectFiles(
      new Map([
        [
          'package.json',
          '{"scripts":{"start":"node src/main.ts","bench":"node test/bench/run.ts","page":"jest **/test/browser/**"}}',
        ],
        ['src/main.ts', "import './a.ts'; // not in a copy\nimport './b.ts';\nimport './c.ts';\n"],
        ['src/c.ts', 'a;\n\n// not in a copy, down to the next empty line\nb;\nc;\n\nd;\n'],
        ['.gitignore', 'a/\n\n# not in a copy, down to the next empty line\nb/\n'],
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
      'src/c.ts': 'a;\n\nd;\n',
      'test/two.test.ts': "import './support/two.ts';\n",
      'test/support/two.ts': '',
    });
  });
});
