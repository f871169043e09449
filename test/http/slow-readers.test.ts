import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { SlowReaders } from '../../src/http/slow-readers.ts';
import { until } from '../support/program.ts';

const TIMEOUT_MS = 1_000;
const ANSWER = Buffer.alloc(32 * 1024 * 1024);

const sockets = new Set<Socket>();
const server = createServer((socket) => {
  sockets.add(socket);
  socket.on('error', () => undefined);
});
let slow: SlowReaders;
let cut = 0;
let now = 0;

beforeEach(async () => {
  [cut, now] = [0, 0];
  // The clock is that of the test.
  slow = new SlowReaders(sockets, TIMEOUT_MS, () => (cut += 1));
  slow.stop();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  server.close();
  await once(server, 'close');
});

/** A client that reads when it is told to, and the server's end of its connection. */
async function connectPair() {
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [served] = (await once(server, 'connection')) as [Socket];
  let wanted = 0;
  client.on('error', () => undefined);
  client.on('data', (chunk: Buffer) => {
    wanted -= chunk.length;
    if (wanted <= 0) client.pause();
  });
  client.pause();
  const read = async (bytes: number) => {
    wanted = bytes;
    client.resume();
    await until(`${bytes} bytes`, () => (wanted <= 0 ? true : undefined));
  };
  return { client, served, read };
}

test('who takes an answer of one write steadily gets all of it, and who stops is cut', async () => {
  const { served, read } = await connectPair();
  served.write(ANSWER);
  for (let round = 0; round < 4; round += 1) {
    slow.look((now += TIMEOUT_MS));
    await read(5 * 1024 * 1024);
  }
  slow.look((now += TIMEOUT_MS));
  expect(served.destroyed).toBe(false);

  await until('the cut', () => {
    slow.look((now += TIMEOUT_MS));
    return served.destroyed || undefined;
  });
  expect(cut).toBe(1);
});

test('who takes next to nothing in the whole time is cut, and who is owed nothing is not', async () => {
  const dripping = await connectPair();
  const idle = await connectPair();
  dripping.served.write(ANSWER);
  await until('the cut', () => {
    slow.look((now += TIMEOUT_MS / 4));
    dripping.client.read(100);
    return dripping.served.destroyed || undefined;
  });
  expect(idle.served.destroyed).toBe(false);
  expect(cut).toBe(1);
});
