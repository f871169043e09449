/** Ways to find messages in a stream of bytes, and to write them so that they can be found. */

/** No message may be longer: a receiver that trusts any length can be made to buffer without limit. */
const MAX_MESSAGE_BYTES = 1_000_000;
const LENGTH_BYTES = 4;
const NEWLINE = 0x0a;

export interface Framing {
  encode(message: string): Buffer;
  /** Creates a decoder for one connection. It returns the messages that a chunk completes. */
  createDecoder(): (chunk: Buffer) => string[];
}

/** No framing: takes what arrives together for one message. */
const none: Framing = {
  encode: (message) => Buffer.from(message),
  createDecoder: () => (chunk) => [chunk.toString()],
};

/** Each message follows its length. */
const byLength: Framing = {
  encode(message) {
    const payload = Buffer.from(message);
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(payload.length);
    return Buffer.concat([length, payload]);
  },
  createDecoder() {
    let rest = Buffer.alloc(0);
    return (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      const messages: string[] = [];
      while (rest.length >= LENGTH_BYTES) {
        const length = rest.readUInt32BE();
        if (length > MAX_MESSAGE_BYTES) throw new RangeError('message too long');
        const end = LENGTH_BYTES + length;
        if (rest.length < end) break;
        messages.push(rest.toString('utf8', LENGTH_BYTES, end));
        rest = rest.subarray(end);
      }
      return messages;
    };
  },
};

/** Each message ends with a newline, which JSON escapes and no other UTF-8 character contains. */
const byLine: Framing = {
  encode: (message) => Buffer.from(`${message}\n`),
  createDecoder() {
    let rest = Buffer.alloc(0);
    return (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      const messages: string[] = [];
      for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
        messages.push(rest.toString('utf8', 0, end));
        rest = rest.subarray(end + 1);
      }
      if (rest.length > MAX_MESSAGE_BYTES) throw new RangeError('message too long');
      return messages;
    };
  },
};

export const framings = { data: none, length: byLength, lines: byLine } as const;
