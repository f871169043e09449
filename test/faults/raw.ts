/** Requests as bytes that no HTTP client would send. */
import { connect, type Socket } from 'node:net';
import type { Program } from '../support/program.ts';

export interface RawResponse {
  readonly status: number;
  readonly text: string;
  readonly closedAfterMs: number;
}

/** Opens a connection; errors on it are ignored. */
export function connectTo(program: Program): Socket {
  const { hostname, port } = new URL(program.url);
  return connect(Number(port), hostname).on('error', () => undefined);
}

/**
 * Sends bytes and collects the response until the connection closes.
 *
 * @param drip sent every 200 ms until then
 */
export function sendRaw(program: Program, bytes: string, drip?: string): Promise<RawResponse> {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const socket = connectTo(program);
    let text = '';
    const dripping = drip === undefined ? undefined : setInterval(() => socket.write(drip), 200);
    const timer = setTimeout(() => socket.destroy(), 20_000);
    socket.setEncoding('latin1').on('data', (part: string) => (text += part));
    socket.on('close', () => {
      clearInterval(dripping);
      clearTimeout(timer);
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
      resolve({ status, text, closedAfterMs: performance.now() - startedAt });
    });
    socket.write(bytes);
  });
}

export const postJson = (body: string, type = 'application/json') =>
  `POST /faults/json HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
/** @param headers lines, each with its CR LF */
export const get = (target: string, headers = '') =>
  `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`;
