import type { Demo } from '../demo.ts';
import { rateLimited } from './bucket.ts';
import { cookies } from './cookies.ts';
import { headers } from './headers.ts';
import { passwords } from './passwords.ts';
import { pollution } from './pollution.ts';
import { timing } from './timing.ts';

export const security = {
  id: 'security',
  title: 'Security',
  summary: 'Headers, cookies, limits, comparisons and passwords: what each protection really does.',
  teaches:
    'Most protections cost one line and are forgotten for that reason. Each is shown here with what happens without it, ' +
    'measured or tried out.',
  lookFor:
    'leaks in timing, pollutes in prototype, eventLoopMaxDelayMs in passwords, and the 429 of rate-limit.',
  practices: ['6.2', '6.6', '6.8', '6.10', '6.12', '6.22'],
  routes: [headers, cookies, rateLimited, timing, pollution, passwords],
} satisfies Demo;
