/** Plain node:http: the lower bound. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { large, printAddress, small } from '../payloads.ts';
import { countingSink, STREAM_BYTES, streamOf } from '../stream-payload.ts';

const server = createServer((req, res) => {
  const respond = (status: number, body: unknown) => {
    const text = JSON.stringify(body);
    res
      .writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) })
      .end(text);
  };
  if (req.url === '/bench/stream') {
    res.writeHead(200, { 'Content-Type': 'application/octet-stream' });
    void pipeline(streamOf(STREAM_BYTES), res);
  } else if (req.url === '/bench/upload') {
    const { sink, bytes } = countingSink();
    void pipeline(req, sink).then(() => respond(200, { bytes: bytes() }));
  } else if (req.method === 'POST') {
    let body = '';
    req.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    req.on('end', () => respond(200, { lines: (JSON.parse(body) as { lines: unknown[] }).lines.length }));
  } else if (req.url === '/bench/small') respond(200, small);
  else if (req.url === '/bench/large') respond(200, large);
  else respond(404, { error: 'not found' });
});
server.listen(0, '127.0.0.1', () => printAddress((server.address() as AddressInfo).port));
