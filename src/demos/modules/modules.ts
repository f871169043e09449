import type { Demo } from '../kit/demo.ts';
import { exportsRoute } from './exports.ts';
import { load } from './load.ts';

export const modules = {
  id: 'modules',
  title: 'Modules',
  summary: 'What it costs to load modules, what shortens the startup, and what a package hides.',
  teaches:
    'Node.js reads, resolves and compiles each module when a process starts, so startup grows with the dependencies. Code that was ' +
    'compiled or initialized before need not be again.',
  lookFor:
    'In `load`, compare `modulesCpuMs` of the rows; `importedCounter` is 1 for a live binding. In `exports`, compare both columns.',
  terms: [
    'CommonJS',
    'ECMAScript modules',
    'live binding',
    'compile cache',
    'code cache',
    'startup snapshot',
    'cold start',
    'package exports',
    'conditional exports',
    'encapsulation',
  ],
  readMore: [
    { title: 'ECMAScript modules', url: 'https://nodejs.org/api/esm.html' },
    { title: 'Module compile cache', url: 'https://nodejs.org/api/module.html#module-compile-cache' },
    { title: 'Package entry points', url: 'https://nodejs.org/api/packages.html#package-entry-points' },
    { title: 'Startup snapshot API', url: 'https://nodejs.org/api/v8.html#startup-snapshot-api' },
  ],
  practices: [],
  routes: [load, exportsRoute],
} satisfies Demo;
