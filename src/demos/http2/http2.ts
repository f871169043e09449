import type { Demo } from '../kit/demo.ts';
import { expressRoute } from './express.ts';
import { headOfLine } from './head-of-line.ts';
import { headers } from './headers.ts';
import { multiplexing } from './multiplexing.ts';

export const http2 = {
  id: 'http2',
  title: 'HTTP/2',
  summary:
    'Compares HTTP/2 with HTTP/1.1: many requests at once, repeated headers, a stalled connection, and Express.',
  teaches:
    'HTTP/2 sends many requests at once over one connection, and repeated headers in a few bytes. All of them wait while ' +
    'TCP repeats a lost packet. It belongs to the proxy in front: Express does not speak it.',
  lookFor: 'In `multiplexing`, compare `totalMs` and `connections`; in `head-of-line`, `duringStall`.',
  terms: ['HTTP/2', 'multiplexing', 'HPACK', 'header compression', 'head-of-line blocking', 'HTTP/3', 'QUIC'],
  readMore: [
    { title: 'node:http2', url: 'https://nodejs.org/api/http2.html' },
    { title: 'http.Agent, maxSockets', url: 'https://nodejs.org/api/http.html#agentmaxsockets' },
  ],
  practices: [],
  routes: [multiplexing, headers, headOfLine, expressRoute],
} satisfies Demo;
