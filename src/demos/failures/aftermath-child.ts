/**
 * A small service that fails in the way a request asks for. It reports its port and how many requests it works on, and
 * finishes their work a moment after all of them have arrived.
 */
import { createServer } from 'node:http';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { AFTERMATH, type AftermathMessage } from './aftermath-protocol.ts';

const { requests, workMs, blockMs } = AFTERMATH;
const drains = process.argv[2] === 'drain';
const allArrived = Promise.withResolvers<undefined>();
let working = 0;

const endings: Readonly<Record<string, () => void>> = {
  '/exit': () => process.exit(7),
  '/uncaught': () => {
    setImmediate(() => {
      throw new Error('thrown outside of any request');
    });
  },
  '/unhandled': () => void Promise.reject(new Error('rejected without a handler')),
  '/block': () => {
    for (const end = performance.now() + blockMs; performance.now() < end;);
  },
};

const server = createServer((req, res) => {
  if (req.url === '/work') {
    working += 1;
    report({ working });
    if (working === requests) allArrived.resolve(undefined);
    void allArrived.promise.then(() => setTimeout(() => res.end('done'), workMs));
    return;
  }
  if (req.url === '/handled') {
    try {
      throw new Error('thrown in a handler that catches');
    } catch {
      res.writeHead(500).end('failed');
    }
    return;
  }
  endings[req.url ?? '']?.();
  res.end('late');
});

if (drains) {
  process.once('SIGTERM', () => drain(0));
  process.once('uncaughtException', () => drain(80));
  process.once('unhandledRejection', () => drain(81));
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) report({ port: address.port });
});

/** Accepts no more connections, and exits when every accepted request has its response. */
function drain(code: number): void {
  server.close(() => process.exit(code));
}

function report(message: AftermathMessage): void {
  process.send?.(message);
}
