import { createSocket } from 'node:dgram';
import { once } from 'node:events';

const HEADER_BYTES = 12;

/** A DNS server on loopback that resolves every name to 127.0.0.1, so that `dns.resolve` works without a network. */
export async function withNameServer<T>(visit: (address: string) => Promise<T>): Promise<T> {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const response = responseTo(query);
    if (response !== undefined) socket.send(response, from.port, from.address);
  });
  // The resolver notices a lost response by itself.
  socket.on('error', () => undefined);
  socket.bind({ address: '127.0.0.1', port: 0, exclusive: true });
  await once(socket, 'listening');
  try {
    return await visit(`127.0.0.1:${socket.address().port}`);
  } finally {
    socket.close();
  }
}

/**
 * Returns the response to a query with one question: the address 127.0.0.1. Returns undefined for an incomplete query.
 *
 * https://www.rfc-editor.org/rfc/rfc1035#section-4
 */
export function responseTo(query: Buffer): Buffer | undefined {
  const nameEnd = query.indexOf(0, HEADER_BYTES);
  const questionEnd = nameEnd + 5; // the final zero, two bytes of type, two of class
  if (query.length < HEADER_BYTES || nameEnd === -1 || query.length < questionEnd) return undefined;
  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 2); // the id
  header.writeUInt16BE(0x8180, 2); // a response, recursion desired and available, no error
  header.writeUInt16BE(1, 4); // questions
  header.writeUInt16BE(1, 6); // answers
  const record = Buffer.from([
    ...[0xc0, HEADER_BYTES], // a pointer to the name in the question
    ...[0, 1, 0, 1], // type A, class IN
    ...[0, 0, 0, 0], // TTL 0: not cached
    ...[0, 4, 127, 0, 0, 1],
  ]);
  return Buffer.concat([header, query.subarray(HEADER_BYTES, questionEnd), record]);
}
