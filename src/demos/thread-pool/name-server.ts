import { createSocket } from 'node:dgram';
import { once } from 'node:events';

const HEADER_BYTES = 12;

/** A name server on loopback that knows one address for every name; so `dns.resolve` can be tried without a network. */
export async function withNameServer<T>(visit: (address: string) => Promise<T>): Promise<T> {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const answer = answerTo(query);
    if (answer !== undefined) socket.send(answer, from.port, from.address);
  });
  // A lost answer is the client's to notice.
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
 * The answer to a query of one question: the address 127.0.0.1. Undefined where the question is not complete.
 *
 * https://www.rfc-editor.org/rfc/rfc1035#section-4
 */
export function answerTo(query: Buffer): Buffer | undefined {
  const nameEnd = query.indexOf(0, HEADER_BYTES);
  const questionEnd = nameEnd + 5; // the closing zero, two bytes of type, two of class
  if (query.length < HEADER_BYTES || nameEnd === -1 || query.length < questionEnd) return undefined;
  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 2); // the id
  header.writeUInt16BE(0x8180, 2); // an answer, recursion desired and available, no error
  header.writeUInt16BE(1, 4); // questions
  header.writeUInt16BE(1, 6); // answers
  const record = Buffer.from([
    ...[0xc0, HEADER_BYTES], // the name: that of the question
    ...[0, 1, 0, 1], // type A, class IN
    ...[0, 0, 0, 0], // not to be kept
    ...[0, 4, 127, 0, 0, 1],
  ]);
  return Buffer.concat([header, query.subarray(HEADER_BYTES, questionEnd), record]);
}
