import type { Demo } from '../kit/demo.ts';
import { framing } from './framing.ts';
import { halfOpen } from './half-open.ts';
import { noDelay } from './no-delay.ts';

export const net = {
  id: 'net',
  title: 'TCP sockets',
  summary:
    'Shows how messages arrive over TCP, what small writes wait for, and what the end of one side does.',
  teaches:
    'TCP carries a stream of bytes, not messages: a data event may hold several of them, or a part of one. A protocol says ' +
    'where each ends, by its length or by a delimiter. Two small writes may wait for an acknowledgment, and each side of a ' +
    'connection ends on its own.',
  lookFor: 'In `framing`, compare `dataEvents` with `messages`, and `right` of the three ways.',
  terms: [
    'message framing',
    'length prefix',
    'newline-delimited JSON',
    'TCP segmentation',
    "Nagle's algorithm",
    'TCP_NODELAY',
    'delayed acknowledgment',
    'half-open connection',
  ],
  readMore: [
    { title: 'net.Socket', url: 'https://nodejs.org/api/net.html#class-netsocket' },
    { title: 'socket.setNoDelay', url: 'https://nodejs.org/api/net.html#socketsetnodelaynodelay' },
    {
      title: 'allowHalfOpen',
      url: 'https://nodejs.org/api/net.html#netcreateserveroptions-connectionlistener',
    },
  ],
  practices: [],
  routes: [framing, noDelay, halfOpen],
} satisfies Demo;
