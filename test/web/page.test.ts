/** The control room as it is served; a real browser drives it in test/browser. */
import { once } from 'node:events';
import { glob, readFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { defineRoute } from '../../src/http/feature.ts';
import { describeForPage } from '../../src/web/page-manifest.ts';
import type { PageManifest } from '../../src/web/client/shapes.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { Program, root } from '../support/program.ts';

/** What browsers send: Chromium's, Firefox's and Safari's agree in what matters. */
const browserAccept = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8';

const manifestPath = '/control-room/manifest.json';

let service: TestApp;
beforeAll(async () => {
  service = await createTestApp();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

async function assetsOf(): Promise<string[]> {
  const { text } = await service.client.get('/').set('Accept', browserAccept);
  return [...text.matchAll(/(?:href|src)="(\/control-room\/[^"]+)"/g)].map(([, path]) => path ?? '');
}

describe('the page at /', () => {
  test('is for browsers; a terminal gets text, and JSON is given on request', async () => {
    const page = await service.client.get('/').set('Accept', browserAccept).expect(200);
    expect(page.type).toBe('text/html');
    expect(page.headers['vary']).toContain('Accept');
    expect(page.text).toContain('control room');
    expect((await service.client.get('/').set('Accept', '*/*')).type).toBe('text/plain');
    expect((await service.client.get('/').set('Accept', 'application/json')).type).toBe('application/json');
  });

  test('has nothing inline that its policy forbids', async () => {
    for (const path of ['/', '/docs']) {
      const { text, headers } = await service.client.get(path).set('Accept', browserAccept);
      expect(headers['content-security-policy']).toContain("default-src 'self'");
      expect(text).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
      expect(text).not.toMatch(/(?:href|src)="(?:https?:)?\/\//);
    }
  });

  test('is off in production unless it is asked for, and then / is text', async () => {
    for (const env of [{ NODE_ENV: 'production' }, { PAGE: 'off' }]) {
      await using off = await createTestApp({ env });
      expect((await off.client.get('/').set('Accept', browserAccept)).type).toBe('text/plain');
      await off.client.get('/live').expect(404);
      await off.client.get('/docs').expect(404);
    }
    await using asked = await createTestApp({ env: { NODE_ENV: 'production', PAGE: 'on' } });
    expect((await asked.client.get('/').set('Accept', browserAccept)).type).toBe('text/html');
  });
});

describe('the files of the page', () => {
  test('may be kept for ever, for their address changes with their content', async () => {
    const assets = await assetsOf();
    expect(assets.length).toBeGreaterThan(20);
    for (const path of new Set(assets.filter((asset) => asset !== manifestPath))) {
      const { headers } = await service.client.get(path).expect(200);
      expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
    }
    const stylesheet = assets.find((path) => path.endsWith('page.css')) ?? '';
    const other = await service.client.get(stylesheet.replace(/room\/[^/]+/, 'room/another'));
    expect(other.headers['cache-control']).toBe('no-cache');
    await service.client.get('/control-room/x/nothing.js').expect(404);
    await service.client.get('/control-room/x/..%2Findex.ts').expect(404);
  });

  test('and the page and its manifest are not sent again where the browser has them', async () => {
    for (const path of ['/', manifestPath]) {
      const { headers } = await service.client.get(path).set('Accept', browserAccept).expect(200);
      expect(headers['cache-control']).toBe('no-cache');
      const asked = () => service.client.get(path).set('Accept', browserAccept);
      await asked()
        .set('If-None-Match', headers['etag'] ?? '')
        .expect(304);
      await asked().set('If-None-Match', 'W/"another"').expect(200);
    }
  });

  test('are together under 150 KB, compressed once with what the client accepts', async () => {
    let bytes = 0;
    for (const path of new Set(await assetsOf())) {
      const { headers } = await service.client.get(path).set('Accept-Encoding', 'br');
      expect(headers['content-encoding']).toBe('br');
      bytes += Number(headers['content-length']);
    }
    expect(bytes).toBeLessThan(150_000);
  });

  test('hold all styles in one, for nothing is painted before the last is there', async () => {
    const [path = '', ...more] = (await assetsOf()).filter((asset) => asset.endsWith('.css'));
    expect(more).toEqual([]);
    const { text } = await service.client.get(path);
    for await (const file of glob('*.css', { cwd: `${root}src/web/client` })) {
      expect(text).toContain(await readFile(`${root}src/web/client/${file}`, 'utf8'));
    }
  });

  test('are the same whatever the encoding', async () => {
    const server = service.app.listen(0, '127.0.0.1'); // asked without supertest, which would decompress the answers
    await once(server, 'listening');
    const path = (await assetsOf()).find((asset) => asset.endsWith('main.js')) ?? '';
    const read = async (encoding: string) => {
      const { port } = server.address() as AddressInfo;
      const asked = get({ port, path, agent: false, headers: { 'Accept-Encoding': encoding } });
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      return buffer(answer);
    };
    const plain = await read('identity');
    expect(plain.toString()).toContain("from './cluster.js'");
    expect(gunzipSync(await read('gzip')).equals(plain)).toBe(true);
    expect(brotliDecompressSync(await read('br')).equals(plain)).toBe(true);
    server.close();
  });

  test('hold the whole manifest, with a schema for each parameter', async () => {
    expect(await assetsOf()).toContain(manifestPath);
    const manifest = (await service.client.get(manifestPath)).body as PageManifest;
    const shown = manifest.features.flatMap(({ routes }) =>
      routes.map((route) => `${route.method} ${route.path}`),
    );
    const declared = service.features.flatMap(({ base, routes }) =>
      routes.map((route) => `${route.method.toUpperCase()} ${base}${route.path}`),
    );
    expect(shown).toEqual(declared);
    const demos = manifest.features.filter(({ kind }) => kind === 'demo').map(({ id }) => id);
    expect(demos).toEqual(
      service.features.filter(({ base }) => base.startsWith('/demos/')).map(({ id }) => id),
    );
    const block = manifest.features
      .flatMap(({ routes }) => routes)
      .find((route) => route.path.endsWith('/block'));
    expect(block?.query?.properties?.['ms']).toMatchObject({ minimum: 20, maximum: 1000, default: 300 });
  });
});

test('a feature that teaches nothing is an API, and promises no evidence', async () => {
  const read = defineRoute({
    method: 'get',
    path: '/:id',
    summary: 'Reads a thing.',
    response: z.object({ id: z.string().describe('Which it is') }),
    examples: [{ title: 'One', params: { id: 'one' } }],
    handler: () => ({ id: 'one' }),
  });
  const remove = defineRoute({
    method: 'delete',
    path: '/:id',
    summary: 'Deletes a thing.',
    response: z.undefined(),
    examples: [{ title: 'One', params: { id: 'one' }, status: 204 }],
    handler: () => undefined,
  });
  const headed = { ...read, requestHeaders: z.object({ 'if-match': z.string().optional() }) };
  const { features } = await describeForPage([
    { id: 'things', base: '/things', title: 'Things', summary: 'Some.', routes: [headed, remove] },
  ]);
  expect(features).toMatchObject([
    {
      kind: 'api',
      routes: [
        {
          path: '/things/:id',
          evidence: false,
          meanings: { id: 'Which it is' },
          headers: { properties: { 'if-match': {} } },
        },
        { method: 'DELETE', evidence: false },
      ],
    },
  ]);
});

describe('the live stream', () => {
  test('passes on what the primary says, and says goodbye when its worker drains', async () => {
    await using program = await Program.start({ WORKERS: '1' });
    const response = await program.get('/live');
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    let text = '';
    let stopping = false;
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      if (stopping || text.split('event: view').length < 3) continue;
      stopping = true;
      program.kill('SIGTERM');
    }
    const [first] = /(?<=data: )\{"at.*\}/.exec(text) ?? [];
    const view = JSON.parse(first ?? '') as { workers: { state: string }[]; events: { event: string }[] };
    expect(view.workers).toMatchObject([{ state: 'ready' }]);
    expect(view.events.map(({ event }) => event)).toContain('ready');
    expect(text).toContain('event: bye');
    expect((await program.exited).code).toBe(0);
  });

  test('a HEAD of it ends at once', async () => {
    const head = await service.client.head('/live').timeout(10_000).expect(200);
    expect(head.headers['content-type']).toContain('text/event-stream');
  });

  test('without a primary to ask says that it is silent', async () => {
    let text = '';
    await service.client
      .get('/live')
      .buffer()
      .parse((res, done) => {
        res.setEncoding('utf8');
        res.on('data', (chunk: string) => {
          text += chunk;
          if (!text.includes('event: silent')) return;
          void service.lifecycle.stop({ reason: 'the test is over', exitCode: 0, keepListening: false });
        });
        res.on('end', () => done(null, undefined));
      });
    expect(text).toContain('event: silent');
    expect(text).toContain('event: bye');
  });
});
