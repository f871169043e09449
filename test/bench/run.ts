/** `npm run bench [-- sections] [options]`: measures what the service costs; `--help` lists sections and options. */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { exitCodes } from '../../src/supervision/exit-codes.ts';
import { benchDatabase } from './database.ts';
import { benchRequests } from './requests.ts';
import { describeMachine } from './settings.ts';
import { benchStart } from './start.ts';
import { benchStreams } from './streams.ts';
import { benchThreads } from './threads.ts';
import { benchTracing } from './tracing.ts';
import { benchWorkers } from './workers.ts';

const usage = `Usage: npm run bench [-- [SECTION…] [OPTIONS]]

Measures what the service costs, next to other servers. Without a section it runs all of them.

  requests      CPU time per request: node:http, Express, Express + middleware, Fastify + plugins, Exemplar
  database      CPU time per request that runs one statement: Fastify + pg, Exemplar
  streams       throughput and memory of large responses and bodies, next to a plain pipeline
  threads       CPU jobs in a worker pool, next to plain worker threads
  tracing       CPU time per request without traces, with 1% and with all of them exported
  workers       CPU time per request with a cluster
  start         startup time and memory

  --rounds N    counted rounds (default: 10; half of it for slow sections)
  --requests N  requests per round and contestant (default: 3000)
  --short       2 rounds of 1500 requests, to see that it works
  --help        show this text
`;

interface Size {
  readonly rounds: number;
  readonly requests: number;
}

const sections: Readonly<Record<string, (size: Size) => Promise<string>>> = {
  requests: benchRequests,
  database: benchDatabase,
  streams: ({ rounds }) => benchStreams(half(rounds)),
  threads: ({ rounds }) => benchThreads(half(rounds)),
  tracing: benchTracing,
  workers: ({ rounds, requests }) => benchWorkers(rounds, requests),
  start: ({ rounds }) => benchStart(half(rounds)),
};

function half(rounds: number): number {
  return Math.ceil(rounds / 2);
}

/** @throws {Error} if an argument is invalid */
function readCommandLine(args: readonly string[]) {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '10' },
      requests: { type: 'string', default: '3000' },
      short: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const size = values.short
    ? { rounds: 2, requests: 1_500 }
    : { rounds: Number(values.rounds), requests: Number(values.requests) };
  if (!Number.isInteger(size.rounds) || size.rounds < 1) {
    throw new Error('--rounds must be a whole number of at least 1');
  }
  if (!Number.isInteger(size.requests) || size.requests < 100) {
    throw new Error('--requests must be a whole number of at least 100');
  }
  const unknown = positionals.find((name) => !(name in sections));
  if (unknown !== undefined) {
    throw new Error(`Unknown section "${unknown}": choose from ${Object.keys(sections).join(', ')}`);
  }
  return { help: values.help, size, names: positionals.length === 0 ? Object.keys(sections) : positionals };
}

function readCommandLineOrExit() {
  try {
    return readCommandLine(process.argv.slice(2));
  } catch (error) {
    // Only the first sentence of Node.js's message fits here.
    const [problem = ''] = (error as Error).message.split('. ', 1);
    process.stderr.write(`bench: ${problem}; see npm run bench -- --help.\n`);
    process.exit(exitCodes.badUsage.code);
  }
}

const { help, size, names } = readCommandLineOrExit();
if (help) process.stdout.write(usage);
else {
  process.stdout.write(`${describeMachine()}\n`);
  for (const name of names) process.stdout.write((await sections[name]?.(size)) ?? '');
}
