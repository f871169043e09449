import type { Demo } from '../demo.ts';
import { createRoutes } from './create.ts';
import { inspectRoute } from './inspect.ts';
import { viewRoutes } from './views.ts';

export const buffers = {
  id: 'buffers',
  title: 'Buffers',
  summary: 'Bytes: made from text, cut, shared and copied, cleaned or dirty, and read as what they are.',
  teaches:
    'A buffer is a view of memory outside the JavaScript heap. What its bytes mean an encoding says; who else sees them ' +
    'depends on whether it was made by sharing or by copying.',
  lookFor: 'characters against bytes; dirtyBytes of allocUnsafe; sawTheWrite of each view.',
  practices: ['6.14'],
  routes: [...createRoutes, ...viewRoutes, inspectRoute],
} satisfies Demo;
