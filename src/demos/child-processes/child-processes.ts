import type { Demo } from '../demo.ts';
import { compare } from './compare.ts';
import { execFileRoute } from './exec-file.ts';
import { execRoute } from './exec.ts';
import { forkRoute } from './fork.ts';
import { injection } from './injection.ts';
import { overflow } from './overflow.ts';
import { spawnRoute } from './spawn.ts';
import { streamRoute } from './stream.ts';
import { timeOut } from './time-out.ts';

export const childProcesses = {
  id: 'child-processes',
  title: 'Child processes',
  summary:
    'Other programs as children: how each way to start one differs, and how they are bounded and ended.',
  teaches:
    'exec has a shell read a line; execFile starts a program without one; both buffer what it prints. spawn streams it as it comes; fork starts Node.js ' +
    'with a channel for messages. A child leads a process group here wherever it can, so that nothing it ' +
    'starts outlives the request.',
  lookFor: 'firstOutputMs against endedMs: buffered output comes with the end, streamed output long before.',
  practices: ['6.19'],
  routes: [
    execRoute,
    execFileRoute,
    spawnRoute,
    forkRoute,
    streamRoute,
    overflow,
    timeOut,
    injection,
    compare,
  ],
} satisfies Demo;
