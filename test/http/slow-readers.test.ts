import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { SlowReaders } from '../../src/http/slow-readers.ts';
import { until } from '../support/program.ts';

const TIMEOUT_MS = 1_000;
const RESPONSE = Buffer.alloc(32 * 1024 * 1024);

const sockets = new Set<Socket>();
const server = createServer((socket) => {
  sockets.add(socket);
  socket.on('error', () => undefined);
});
let slow: SlowReaders;
let now = 0;

beforeEach(async () => {
  now = 0;
  slow = new SlowReaders(sockets, TIMEOUT_MS); // not started: the test has its own clock
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  server.close();
  await once(server, 'close');
});

/** A client that reads on request, and the server's end of its connection. */
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

test('a client that reads a large response steadily is served, and one that stops reading is disconnected', async () => {
  const { served, read } = await connectPair();
  served.write(RESPONSE);
  for (let round = 0; round < 4; round += 1) {
    slow.check((now += TIMEOUT_MS));
    await read(5 * 1024 * 1024);
  }
  slow.check((now += TIMEOUT_MS));
  expect(served.destroyed).toBe(false);

  await until('the disconnect', () => {
    slow.check((now += TIMEOUT_MS));
    return served.destroyed || undefined;
  });
  expect(slow.disconnected).toBe(1);
});

test('a client that reads almost nothing is disconnected, and an idle one is not', async () => {
  const dripping = await connectPair();
  const idle = await connectPair();
  dripping.served.write(RESPONSE);
  await until('the disconnect', () => {
    slow.check((now += TIMEOUT_MS / 4));
    dripping.client.read(100);
    return dripping.served.destroyed || undefined;
  });
  expect(idle.served.destroyed).toBe(false);
  expect(slow.disconnected).toBe(1);
});
