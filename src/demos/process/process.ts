import type { Demo } from '../demo.ts';
import { env } from './env.ts';
import { exitCodes } from './exit-codes.ts';
import { info } from './info.ts';
import { memory } from './memory.ts';
import { resourceUsage } from './resource-usage.ts';
import { signals } from './signals.ts';
import { stdio } from './stdio.ts';

export const processDemo = {
  id: 'process',
  title: 'The process',
  summary: 'What a process knows of itself, what it costs, how it talks, and how it ends.',
  teaches:
    'A process has an environment, three standard streams, memory of several kinds, a bill from the kernel, and an end ' +
    'that its parent sees as a code or a signal.',
  lookFor: 'Which figure of the memory moves with what was taken; code and signal of each child, never both.',
  practices: ['1.4', '6.3'],
  routes: [info, memory, resourceUsage, env, stdio, exitCodes, signals],
} satisfies Demo;
