import { open } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { sendStream } from '../../../src/demos/kit/send-stream.ts';
import { until } from '../../support/program.ts';

test('sendStream() closes the file of its source if the client has already disconnected', async () => {
  const closed = new PassThrough().destroy();
  const file = await open(fileURLToPath(import.meta.url));
  const sending = sendStream(file.createReadStream(), closed, new AbortController().signal);
  await expect(sending).rejects.toMatchObject({ code: 'ERR_STREAM_UNABLE_TO_PIPE' });
  await until('the file to be closed', () => (file.fd === -1 ? true : undefined));
});
