/**
 * `npm run corpus -- FOLDER…`: sends the files of public test corpora to the service and reports those with another
 * outcome than the corpus expects. It reads two kinds of file:
 *
 * - `*.http` in a folder `valid` or `invalid`, with `\r\n` written out, as in the tests of gunicorn
 * - `y_*.json`, `n_*.json` and `i_*.json`, as in JSONTestSuite; those of `i_` may be accepted or rejected
 */
import { readFileSync, readdirSync } from 'node:fs';
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
  readonly file: string;
  readonly sent: Buffer;
  /** Whether the service should accept it; undefined if both are right. */
  readonly valid: boolean | undefined;
}

/** @returns undefined for a file that is no case */
function readCase(file: string): Case | undefined {
  const name = basename(file);
  if (!/\.(?:http|json)$/.test(name)) return undefined;
  const content = readFileSync(file);
  if (name.endsWith('.http')) {
    const valid = basename(dirname(file)) !== 'invalid';
    return { file, sent: toBytes(content.toString('latin1')), valid };
  }
  const kind = /^([yni])_.*\.json$/.exec(name)?.[1];
  if (kind === undefined) return undefined;
  const head = `POST /reader/json HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${content.length}\r\nConnection: close\r\n\r\n`;
  return {
    file,
    sent: Buffer.concat([Buffer.from(head), content]),
    valid: kind === 'i' ? undefined : kind === 'y',
  };
}

/** Undoes the notation of the files. A Host header is added where HTTP/1.1 requires one and the corpus does not. */
function toBytes(notation: string): Buffer {
  const text = notation
    .replaceAll('\n', '')
    .replaceAll('\\r\\n', '\r\n')
    .replaceAll('\\0', '\0')
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
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
  for (const found of files.map((file) => readCase(join(folder, file))).filter((one) => one !== undefined)) {
    total += 1;
    const outcomes = outcomesIn(await send(server.port, found.sent));
    if (found.valid === undefined || found.valid === isAccepted(outcomes)) continue;
    unexpected += 1;
    const expected = found.valid ? 'valid' : 'invalid';
    process.stdout.write(`${found.file}: ${expected}, and got ${outcomes.join(' ') || 'no response'}\n`);
  }
}
process.stdout.write(`${total} files, ${unexpected} with another outcome than the corpus expects\n`);
