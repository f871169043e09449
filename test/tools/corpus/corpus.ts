/**
 * `npm run corpus -- FOLDER…`: sends the cases of public test corpora to the service and reports those with another
 * outcome than the corpus expects. It reads these kinds of file:
 *
 * - `*.http` in a folder `valid` or `invalid`, with `\r\n` written out, as in the tests of gunicorn
 * - `*.md` with a block of a request and one of the parser's events, as in the tests of llhttp
 * - `y_*.json`, `n_*.json` and `i_*.json`, as in JSONTestSuite; those of `i_` may be accepted or rejected
 *
 * In a folder with a `test.py` it runs that one, as in the tests of trace-context, against a route that forwards requests.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { createTestServer } from '../../http/test-server.ts';

const folders = process.argv.slice(2);
if (folders.length === 0) {
  process.stderr.write('Name at least one folder: npm run corpus -- FOLDER\n');
  process.exit(64);
}

interface Case {
  /** The file, and the title if it holds several. */
  readonly name: string;
  readonly sent: Buffer;
  /** Whether the service should accept it; undefined if both are right. */
  readonly valid: boolean | undefined;
}

function readCases(file: string): Case[] {
  const name = basename(file);
  if (name.endsWith('.md')) return readBlocks(file);
  if (!/\.(?:http|json)$/.test(name)) return [];
  const content = readFileSync(file);
  if (name.endsWith('.http')) {
    const valid = basename(dirname(file)) !== 'invalid';
    return [{ name: file, sent: toBytes(content.toString('latin1')), valid }];
  }
  const kind = /^([yni])_.*\.json$/.exec(name)?.[1];
  if (kind === undefined) return [];
  const head = `POST /reader/json HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${content.length}\r\nConnection: close\r\n\r\n`;
  const valid = kind === 'i' ? undefined : kind === 'y';
  return [{ name: file, sent: Buffer.concat([Buffer.from(head), content]), valid }];
}

const blocks =
  /^#+ (.+)\n\n(?:[^`#]*\n)?<!-- meta=\{\s*"type":\s*"request"[^}p]*\} -->\n```http\n([\s\S]*?)\n```[^`]*```log\n([\s\S]*?)```/gm;

/** Cases of the default mode whose request is complete, or an error. */
function readBlocks(file: string): Case[] {
  return [...readFileSync(file, 'latin1').matchAll(blocks)].flatMap(
    ([, title, notation = '', events = '']) => {
      const error = /error code=(\d+)/.exec(events)?.[1];
      // The parser pauses where a connection is upgraded.
      const valid = error === undefined || error === '22';
      if (valid && !events.includes('message complete')) return [];
      return [
        {
          name: `${file}: ${title}`,
          sent: toBytes(notation.replaceAll(/\\\n/g, '').replaceAll('\n', '\\r\\n')),
          valid,
        },
      ];
    },
  );
}

/** Undoes the notation of the files. A Host header is added where HTTP/1.1 requires one and the corpus does not. */
function toBytes(notation: string): Buffer {
  const text = notation
    .replaceAll('\n', '')
    .replaceAll('\\r\\n', '\r\n')
    .replaceAll('\\0', '\0')
    .replaceAll('\\r', '\r')
    .replaceAll('\\f', '\f')
    .replaceAll('\\n', '\n')
    .replaceAll('\\t', '\t')
    .replaceAll(/\\x([0-9a-f]{2})/gi, (_match, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const withHost = /^host:/im.test(text)
    ? text
    : text.replaceAll(/( HTTP\/1\.1\r\n)/g, '$1Host: localhost\r\n');
  return Buffer.from(withHost, 'latin1');
}

/** @returns everything received until the connection ends, or for three seconds */
function send(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const timer = setTimeout(() => socket.destroy(), 3_000);
    socket.setEncoding('latin1').on('data', (part: string) => (received += part));
    socket
      .on('error', () => undefined)
      .on('close', () => {
        clearTimeout(timer);
        resolve(received);
      });
    socket.end(bytes);
  });
}

/** The outcome of each request: a status, or the code of a problem. A request for an unknown path was read, too. */
function outcomesIn(received: string): string[] {
  return received
    .split(/^(?=HTTP\/1\.1 )/m)
    .slice(received.startsWith('HTTP') ? 0 : 1)
    .map((response) => /"code":"([^"]+)"/.exec(response)?.[1] ?? response.slice(9, 12));
}

const readable = new Set(['not-found', 'method-not-allowed', 'invalid-input']);

function isAccepted(outcomes: readonly string[]): boolean {
  return outcomes.length > 0 && outcomes.every((outcome) => /^[1-3]/.test(outcome) || readable.has(outcome));
}

await using server = await createTestServer();
let total = 0;
let unexpected = 0;
for (const folder of folders) {
  if (existsSync(join(folder, 'test.py'))) {
    const env = { ...process.env, SERVICE_ENDPOINT: `http://127.0.0.1:${server.port}/reader/forward` };
    const suite = spawn('python3', ['test.py'], { cwd: folder, env, stdio: 'inherit' });
    const [code] = (await once(suite, 'exit')) as [number | null];
    total += 1;
    if (code === 0) continue;
    unexpected += 1;
    process.stdout.write(`${join(folder, 'test.py')}: exit code ${code}\n`);
    continue;
  }
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
  for (const found of files.flatMap((file) => readCases(join(folder, file)))) {
    total += 1;
    const outcomes = outcomesIn(await send(server.port, found.sent));
    if (found.valid === undefined || found.valid === isAccepted(outcomes)) continue;
    unexpected += 1;
    const expected = found.valid ? 'valid' : 'invalid';
    process.stdout.write(`${found.name}: ${expected}, and got ${outcomes.join(' ') || 'no response'}\n`);
  }
}
process.stdout.write(`${total} cases, ${unexpected} with another outcome than the corpus expects\n`);
