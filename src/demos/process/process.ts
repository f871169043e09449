import type { Demo } from '../kit/demo.ts';
import { env } from './env.ts';
import { exitCodes } from './exit-codes.ts';
import { info } from './info.ts';
import { lastWords } from './last-words.ts';
import { memory } from './memory.ts';
import { prompt } from './prompt.ts';
import { resourceUsage } from './resource-usage.ts';
import { signals } from './signals.ts';
import { stdio } from './stdio.ts';

export const processDemo = {
  id: 'process',
  title: 'The process',
  summary: 'What a process reports about itself, what it costs, how it communicates, and how it ends.',
  teaches:
    'A process has environment variables, three standard streams, several kinds of memory, and CPU time that the kernel ' +
    'charges to it. When it ends, its parent receives an exit code or a signal.',
  lookFor:
    'In `memory`, see which figure rises with the allocation. In `exit-codes` and `signals`, each child has a code or a ' +
    'signal, never both. In `last-words`, compare `arrivedBytes` of the three ways.',
  terms: [
    'resident set size (RSS)',
    'external memory',
    'context switch',
    'exit code',
    'readline',
    'truncated output',
    'flush before exit',
    'POSIX signals',
    'default action of a signal',
    'allow-list',
  ],
  readMore: [
    { title: 'Node.js: Signal events', url: 'https://nodejs.org/api/process.html#signal-events' },
    { title: 'Node.js: Exit codes', url: 'https://nodejs.org/api/process.html#exit-codes' },
    {
      title: 'Node.js: process.memoryUsage()',
      url: 'https://nodejs.org/api/process.html#processmemoryusage',
    },
    {
      title: 'Node.js: A note on process I/O',
      url: 'https://nodejs.org/api/process.html#a-note-on-process-io',
    },
  ],
  practices: ['1.4', '6.3'],
  routes: [info, memory, resourceUsage, env, stdio, prompt, exitCodes, lastWords, signals],
} satisfies Demo;
