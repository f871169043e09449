import { open } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { sendStream } from '../../../src/demos/work/send-stream.ts';
import { until } from '../../support/program.ts';

test('a file is closed also where the client has left before it was opened', async () => {
  const left = new PassThrough().destroy();
  const file = await open(fileURLToPath(import.meta.url));
  const sending = sendStream(file.createReadStream(), left, new AbortController().signal);
  await expect(sending).rejects.toMatchObject({ code: 'ERR_STREAM_UNABLE_TO_PIPE' });
  await until('the file to be closed', () => (file.fd === -1 ? true : undefined));
});
