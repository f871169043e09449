import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { root } from '../support/program.ts';
import { renderDocs } from './render.ts';

describe('documentation', () => {
  test('says what the code declares; `npm run docs` writes it', async () => {
    for (const [file, text] of await renderDocs()) {
      expect({ file, text: readFileSync(root + file, 'utf8') }).toEqual({ file, text });
    }
  });
});
