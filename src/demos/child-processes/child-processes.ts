import type { Demo } from '../kit/demo.ts';
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
  summary: 'The ways to start another program, how each returns its output, and how to limit and end it.',
  teaches:
    'exec passes a command line to a shell; execFile starts a program without one. Both pass the whole output to a ' +
    'callback when the program has ended. spawn streams the output; fork starts Node.js with a message channel. ' +
    'Where possible, a child here leads a process group, so that its descendants end with the request.',
  lookFor:
    'Compare `firstOutputMs` with `endedMs`: `exec` and `exec-file` return output at the end, `spawn` while the program ' +
    'runs.',
  terms: [
    'IPC channel',
    'maxBuffer',
    'command injection',
    'shell metacharacters',
    'process group',
    'grace period',
    'orphan process',
  ],
  readMore: [
    { title: 'Node.js: Child process', url: 'https://nodejs.org/api/child_process.html' },
    {
      title: 'Node.js: Arguments with the shell option',
      url: 'https://nodejs.org/api/deprecations.html#DEP0190',
    },
    { title: 'libuv: Process handle', url: 'https://docs.libuv.org/en/v1.x/process.html' },
  ],
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
