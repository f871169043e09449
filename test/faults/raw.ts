/** Requests as bytes: what no HTTP client would send. */
import { connect, type Socket } from 'node:net';
import type { Program } from '../support/program.ts';

export interface RawAnswer {
  readonly status: number;
  readonly text: string;
  readonly closedAfterMs: number;
}

export function dial(program: Program): Socket {
  const { hostname, port } = new URL(program.url);
  return connect(Number(port), hostname);
}

/** Sends bytes as they are, then goes on dripping, and gives what came until the connection was closed. */
export function raw(program: Program, bytes: string | Buffer, drip?: string): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const socket = dial(program);
    let text = '';
    const dripping = drip === undefined ? undefined : setInterval(() => socket.write(drip), 200);
    const giveUp = setTimeout(() => socket.destroy(), 20_000);
    socket.setEncoding('latin1').on('data', (part: string) => (text += part));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(dripping);
      clearTimeout(giveUp);
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
      resolve({ status, text, closedAfterMs: performance.now() - startedAt });
    });
    socket.write(bytes);
  });
}

export const post = (body: string, type = 'application/json') =>
  `POST /faults/json HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
export const get = (target: string, headers = '') =>
  `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`;
