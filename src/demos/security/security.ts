import type { Demo } from '../kit/demo.ts';
import { cookies } from './cookies.ts';
import { cors } from './cors.ts';
import { csrf } from './csrf.ts';
import { headers } from './headers.ts';
import { massAssignment } from './mass-assignment.ts';
import { outputEscaping } from './output-escaping.ts';
import { ownership } from './ownership.ts';
import { passwords } from './passwords.ts';
import { pathTraversal } from './path-traversal.ts';
import { prototype } from './prototype.ts';
import { rateLimited } from './rate-limit.ts';
import { redos } from './redos.ts';
import { sandbox } from './sandbox.ts';
import { sessions } from './sessions.ts';
import { ssrf } from './ssrf.ts';
import { timing } from './timing.ts';
import { tokens } from './tokens.ts';
import { unknownUser } from './unknown-user.ts';

export const security = {
  id: 'security',
  title: 'Security',
  summary:
    'Headers, cookies, origins, limits, patterns, passwords, sessions, ownership, URLs, paths and sandboxes: what each protection prevents.',
  teaches:
    'Most protections take one line, and are easy to forget. Each route here shows what happens with and without one, ' +
    'measured or tried out.',
  lookFor:
    'In `timing`, `leaks` marks a comparison that reveals the secret. In `prototype`, `pollutes` lists what a merge changed. ' +
    'In `cors` and `csrf`, compare the first row with the others. ' +
    'In `passwords`, compare `eventLoopMaxDelayMs` of both ways, and `unknownUserMs` with `wrongPasswordMs`; in `unknown-user`, `ratio`. In `sessions`, compare `workedMs`. `rate-limit` responds with 429 after ten requests. In ' +
    '`redos`, follow `timesPerCharacter`. In `ownership`, `ssrf`, `path-traversal`, `output-escaping` and `sandbox` the last row ' +
    'is the right way, and in `mass-assignment` the last two are.',
  terms: [
    'Content-Security-Policy',
    'clickjacking',
    'cross-site request forgery',
    'cross-origin resource sharing',
    'Fetch Metadata',
    'cookie signing',
    'fixed-window rate limiting',
    'timing attack',
    'prototype pollution',
    'ReDoS',
    'catastrophic backtracking',
    'memory-hard key derivation',
    'JSON Web Token',
    'algorithm confusion',
    'session fixation',
    'user enumeration',
    'broken object level authorization',
    'mass assignment',
    'server-side request forgery',
    'DNS rebinding',
    'path traversal',
    'cross-site scripting',
    'permission model',
  ],
  readMore: [
    {
      title: 'Node.js security best practices',
      url: 'https://nodejs.org/en/learn/getting-started/security-best-practices',
    },
    { title: 'crypto.timingSafeEqual', url: 'https://nodejs.org/api/crypto.html#cryptotimingsafeequala-b' },
    {
      title: 'crypto.scrypt',
      url: 'https://nodejs.org/api/crypto.html#cryptoscryptpassword-salt-keylen-options-callback',
    },
    { title: 'Fetch: the CORS protocol', url: 'https://fetch.spec.whatwg.org/#http-cors-protocol' },
    { title: 'Fetch Metadata Request Headers', url: 'https://www.w3.org/TR/fetch-metadata/' },
    { title: 'Permissions', url: 'https://nodejs.org/api/permissions.html' },
    { title: 'RFC 6265: HTTP cookies', url: 'https://www.rfc-editor.org/rfc/rfc6265' },
  ],
  practices: ['6.2', '6.6', '6.8', '6.9', '6.10', '6.11', '6.16', '6.18', '6.22'],
  routes: [
    headers,
    cookies,
    cors,
    csrf,
    rateLimited,
    timing,
    prototype,
    redos,
    passwords,
    unknownUser,
    tokens,
    sessions,
    ownership,
    massAssignment,
    ssrf,
    pathTraversal,
    outputEscaping,
    sandbox,
  ],
} satisfies Demo;
