/** `npm run bench [-- sections]`: what a request costs, side by side with others, and what else costs something. */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { benchRequests } from './requests.ts';
import { machine } from './setting.ts';
import { benchStart } from './start.ts';
import { benchStreams } from './streams.ts';
import { benchThreads } from './threads.ts';
import { benchWorkers } from './workers.ts';

const usage = `npm run bench [-- [sections] [--rounds N] [--requests N] [--short]]

Sections, all of them where none is named: requests, streams, threads, workers, start.
  --rounds N    rounds that are counted, after some that warm up; 10 where it is not said, and half of it where a round
                takes long
  --requests N  requests of each contestant in a round; 3000 where it is not said
  --short       2 rounds of 1500 requests: to see that it works, not to compare
`;

interface Size {
  readonly rounds: number;
  readonly requests: number;
}

const sections: Readonly<Record<string, (size: Size) => Promise<string>>> = {
  requests: benchRequests,
  streams: ({ rounds }) => benchStreams(few(rounds)),
  threads: ({ rounds }) => benchThreads(few(rounds)),
  workers: ({ rounds, requests }) => benchWorkers(rounds, requests),
  start: ({ rounds }) => benchStart(few(rounds)),
};

function few(rounds: number): number {
  return Math.ceil(rounds / 2);
}

/** @throws {Error} with a sentence that tells what to do */
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
  if (!Number.isInteger(size.rounds) || size.rounds < 1)
    throw new Error('--rounds takes a whole number from 1');
  if (!Number.isInteger(size.requests) || size.requests < 100) {
    throw new Error('--requests takes a whole number from 100');
  }
  const unknown = positionals.find((name) => !(name in sections));
  if (unknown !== undefined) {
    throw new Error(`there is no section «${unknown}»; there are ${Object.keys(sections).join(', ')}`);
  }
  return { help: values.help, size, names: positionals.length === 0 ? Object.keys(sections) : positionals };
}

function commandLineOrExit() {
  try {
    return readCommandLine(process.argv.slice(2));
  } catch (error) {
    // What Node.js says of an option goes on with advice that does not fit here.
    const [sentence = ''] = (error instanceof Error ? error.message : String(error)).split('. ', 1);
    process.stderr.write(`bench: ${sentence}; npm run bench -- --help says what there is\n`);
    process.exit(64);
  }
}

const { help, size, names } = commandLineOrExit();
if (help) process.stdout.write(usage);
else {
  process.stdout.write(`${machine()}\n`);
  for (const name of names) process.stdout.write((await sections[name]?.(size)) ?? '');
}
