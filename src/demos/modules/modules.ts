import type { Demo } from '../kit/demo.ts';
import { load } from './load.ts';

export const modules = {
  id: 'modules',
  title: 'Modules',
  summary: 'What it costs to load modules, and what shortens the startup.',
  teaches:
    'Node.js reads, resolves and compiles each module when a process starts, so startup grows with the dependencies. Code that was ' +
    'compiled or initialized before need not be again.',
  lookFor: 'In `load`, compare `modulesCpuMs` of the rows; `importedCounter` is 1 for a live binding.',
  terms: [
    'CommonJS',
    'ECMAScript modules',
    'live binding',
    'compile cache',
    'code cache',
    'startup snapshot',
    'cold start',
  ],
  readMore: [
    { title: 'ECMAScript modules', url: 'https://nodejs.org/api/esm.html' },
    { title: 'Module compile cache', url: 'https://nodejs.org/api/module.html#module-compile-cache' },
    { title: 'Startup snapshot API', url: 'https://nodejs.org/api/v8.html#startup-snapshot-api' },
  ],
  practices: [],
  routes: [load],
} satisfies Demo;
