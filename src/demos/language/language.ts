import type { Demo } from '../kit/demo.ts';
import { globalsRoute } from './globals.ts';
import { typesRoute } from './types.ts';

export const language = {
  id: 'language',
  title: 'Types and globals',
  summary: 'Examines the types of JavaScript and the global names of Node.js in the running engine.',
  teaches:
    'Assigning a primitive copies its value; assigning an object copies a reference to it. Node.js adds dozens of globals ' +
    'to those of the language, most of which browsers have as well.',
  lookFor: '`changeSeenThroughCopy` and `equalToTwin`: what assignment and `===` do with each type.',
  terms: [
    'primitive value',
    'reference',
    'object identity',
    'strict equality',
    'IEEE 754 double',
    'globalThis',
    'CommonJS module wrapper',
  ],
  readMore: [
    { title: 'Global objects', url: 'https://nodejs.org/api/globals.html' },
    { title: 'The module wrapper', url: 'https://nodejs.org/api/modules.html#the-module-wrapper' },
    {
      title: 'Differences between ES modules and CommonJS',
      url: 'https://nodejs.org/api/esm.html#differences-between-es-modules-and-commonjs',
    },
  ],
  practices: [],
  routes: [typesRoute, globalsRoute],
} satisfies Demo;
