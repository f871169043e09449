import type { Demo } from '../kit/demo.ts';
import { allocRoute } from './alloc.ts';
import { createRoute } from './create.ts';
import { inspectRoute } from './inspect.ts';
import { methodsRoute } from './methods.ts';
import { textRoute } from './text.ts';
import { viewsRoute } from './views.ts';

export const buffers = {
  id: 'buffers',
  title: 'Buffers',
  summary: 'Creates, shares, copies, decodes and inspects bytes.',
  teaches:
    'A buffer is a view of memory outside the JavaScript heap. The encoding determines what its bytes mean. Buffers that ' +
    'share memory see the writes of each other; copies do not.',
  lookFor:
    '`characters` against `fromTextBytes`; `writtenBytes` against `textBytes`; `dirtyBytes` of `allocUnsafe`; `sawTheWrite` of each view; `replacements` of each decoder.',
  terms: [
    'character encoding',
    'UTF-16 code unit',
    'grapheme cluster',
    'replacement character',
    'buffer pool',
    'uninitialized memory',
    'magic number',
    'endianness',
  ],
  readMore: [
    {
      title: 'Buffers and character encodings',
      url: 'https://nodejs.org/api/buffer.html#buffers-and-character-encodings',
    },
    {
      title: 'What makes Buffer.allocUnsafe() unsafe?',
      url: 'https://nodejs.org/api/buffer.html#what-makes-bufferallocunsafe-and-bufferallocunsafeslow-unsafe',
    },
    { title: 'String decoder', url: 'https://nodejs.org/api/string_decoder.html' },
  ],
  practices: [],
  routes: [createRoute, methodsRoute, allocRoute, viewsRoute, textRoute, inspectRoute],
} satisfies Demo;
