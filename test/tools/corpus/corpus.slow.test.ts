import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { root } from '../../support/program.ts';

/** A case as the tests of llhttp write it. */
function block(title: string, request: string, events: string): string[] {
  const code = (language: string, text: string) => [`\`\`\`${language}`, text, '```', ''];
  const meta = '<!-- meta={"type": "request"} -->';
  return [`### ${title}`, '', meta, ...code('http', `${request}\n\n`), ...code('log', events)];
}

test('npm run corpus reports the files whose outcome is not the expected one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'corpus-'));
  const files = {
    'requests/valid/get.http': 'GET /x HTTP/1.1\\r\\nAccept: */*\\r\\n\n\\r\\n',
    'requests/valid/wrong.http': 'GET /x HTTP/1.1\\r\\nA B: c\\r\\n\\r\\n',
    'requests/invalid/two-lengths.http':
      'POST /x HTTP/1.1\\r\\nContent-Length: 1\\r\\nContent-Length: 2\\r\\n\\r\\nxx',
    'requests/invalid/wrong.http': 'GET /x HTTP/1.0\\r\\n\\r\\n',
    'requests/blocks.md': [
      ...block('a request', 'GET /x HTTP/1.1', 'message complete'),
      ...block('a wrong one', 'GET  HTTP/1.1', 'message complete'),
      ...block('an error', 'GET /x JTTP/1.1', 'error code=8'),
      ...block('incomplete', 'GET /x HTTP/1.1\nContent-Length: 5', 'headers complete'),
    ].join('\n'),
    'json/y_object.json': '{}',
    'json/n_comma.json': '{,}',
    'json/n_right.json': '{"a":1}',
    'json/i_number.json': '{"a":1e999}',
    'json/README.md': 'no case',
  };
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    const output = execFileSync(process.execPath, ['test/tools/corpus/corpus.ts', folder], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(output.replaceAll(`${folder}/`, '').trim().split('\n')).toEqual([
      'json/n_right.json: invalid, and got 200',
      'requests/blocks.md: a wrong one: valid, and got bad-request',
      'requests/invalid/wrong.http: invalid, and got not-found',
      'requests/valid/wrong.http: valid, and got bad-request',
      '11 cases, 4 with another outcome than the corpus expects',
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
