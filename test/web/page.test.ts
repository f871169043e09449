/** The control room as served; test/browser drives it in a real browser. */
import { once } from 'node:events';
import { glob, readFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, brotliDecompressSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { defineRoute } from '../../src/routes/route.ts';
import { describeForPage } from '../../src/web/page-manifest.ts';
import type { LiveView, PageManifest } from '../../src/web/page-data.ts';
import { createTestApp } from '../support/app.ts';
import { Program, root } from '../support/program.ts';
import { useTestApp } from '../support/use-test-app.ts';

/** The common part of what Chromium, Firefox and Safari send. */
const browserAccept = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8';

const manifestPath = '/control-room/manifest.json';

const service = await useTestApp();

async function readAssets(): Promise<string[]> {
  const { text } = await service.client.get('/').set('Accept', browserAccept);
  return [...text.matchAll(/(?:href|src)="(\/control-room\/[^"]+)"/g)].map(([, path]) => path ?? '');
}

describe('the page at /', () => {
  test('is HTML for browsers, text for terminals, and JSON on request', async () => {
    const page = await service.client.get('/').set('Accept', browserAccept).expect(200);
    expect(page.type).toBe('text/html');
    expect(page.headers['vary']).toContain('Accept');
    expect(page.text).toContain('control room');
    expect((await service.client.get('/').set('Accept', '*/*')).type).toBe('text/plain');
    expect((await service.client.get('/').set('Accept', 'application/json')).type).toBe('application/json');
  });

  test('has no inline code or foreign URLs, which its Content-Security-Policy forbids', async () => {
    for (const path of ['/', '/docs']) {
      const { text, headers } = await service.client.get(path).set('Accept', browserAccept);
      expect(headers['content-security-policy']).toContain("default-src 'self'");
      expect(text).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
      expect(text).not.toMatch(/(?:href|src)="(?:https?:)?\/\//);
    }
  });

  test('is off in production by default: / is text, /live and /docs respond with 404', async () => {
    for (const env of [{ NODE_ENV: 'production' }, { PAGE: 'off' }]) {
      await using off = await createTestApp({ env });
      expect((await off.client.get('/').set('Accept', browserAccept)).type).toBe('text/plain');
      await off.client.get('/live').expect(404);
      await off.client.get('/docs').expect(404);
    }
    await using on = await createTestApp({ env: { NODE_ENV: 'production', PAGE: 'on' } });
    expect((await on.client.get('/').set('Accept', browserAccept)).type).toBe('text/html');
  });
});

describe('the page at /problems', () => {
  test('has an anchor for the type of each error response, and is JSON by default', async () => {
    const list = await service.client.get('/problems').set('Accept', '*/*').expect(200);
    const { problems } = list.body as { problems: { type: string }[] };
    const page = await service.client.get('/problems').set('Accept', browserAccept).expect(200);
    expect(page.type).toBe('text/html');
    expect(problems.length).toBeGreaterThan(20);
    for (const { type } of problems) expect(page.text).toContain(`<tr id="${type.split('#')[1] ?? '?'}">`);
    const [, stylesheet = ''] = /href="([^"]+\.css)"/.exec(page.text) ?? [];
    await service.client.get(stylesheet).expect(200);
  });
});

describe('the files of the page', () => {
  test('are cached forever, except under a URL of another version', async () => {
    const assets = await readAssets();
    expect(assets.length).toBeGreaterThan(3);
    for (const path of new Set(assets.filter((asset) => asset !== manifestPath))) {
      const { headers } = await service.client.get(path).expect(200);
      expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
    }
    const stylesheet = assets.find((path) => path.endsWith('page.css')) ?? '';
    const outdated = await service.client.get(stylesheet.replace(/room\/[^/]+/, 'room/outdated'));
    expect(outdated.headers['cache-control']).toBe('no-cache');
    await service.client.get('/control-room/x/nothing.js').expect(404);
    await service.client.get('/control-room/x/..%2Findex.ts').expect(404);
  });

  test('are revalidated if their URL has no version: the page and its manifest', async () => {
    for (const path of ['/', manifestPath]) {
      const { headers } = await service.client.get(path).set('Accept', browserAccept).expect(200);
      expect(headers['cache-control']).toBe('no-cache');
      const revalidate = () => service.client.get(path).set('Accept', browserAccept);
      await revalidate()
        .set('If-None-Match', headers['etag'] ?? '')
        .expect(304);
      await revalidate().set('If-None-Match', 'W/"other"').expect(200);
    }
  });

  test('are smaller than 150 KB in total, compressed with Brotli', async () => {
    let bytes = 0;
    for (const path of new Set(await readAssets())) {
      const { headers } = await service.client.get(path).set('Accept-Encoding', 'br');
      expect(headers['content-encoding']).toBe('br');
      bytes += Number(headers['content-length']);
    }
    expect(bytes).toBeLessThan(150_000);
  });

  test('include one stylesheet with all styles', async () => {
    const [path = '', ...more] = (await readAssets()).filter((asset) => asset.endsWith('.css'));
    expect(more).toEqual([]);
    const { text } = await service.client.get(path);
    for await (const file of glob('**/*.css', { cwd: `${root}src/web/client` })) {
      expect(text).toContain(await readFile(`${root}src/web/client/${file}`, 'utf8'));
    }
  });

  test('include one script with all modules, without types and comments', async () => {
    const scripts = (await readAssets()).filter((asset) => asset.endsWith('.js'));
    expect(scripts).toHaveLength(1);
    const { text } = await service.client.get(scripts[0] ?? '');
    expect(text).not.toMatch(/^(?:import|export) |\/\*\*|import type/m);
    for await (const file of glob('**/*.ts', { cwd: `${root}src/web/client` })) {
      const source = await readFile(`${root}src/web/client/${file}`, 'utf8');
      for (const [, name = ''] of source.matchAll(/^export (?:class|function) (\w+)/gm))
        expect(text).toMatch(new RegExp(`(?:class|function) ${name}\\b`));
    }
  });

  test('have the same content in every encoding', async () => {
    const server = service.app.listen(0, '127.0.0.1'); // read without supertest, which decompresses responses
    await once(server, 'listening');
    const path = (await readAssets()).find((asset) => asset.endsWith('main.js')) ?? '';
    const read = async (encoding: string) => {
      const { port } = server.address() as AddressInfo;
      const req = get({ port, path, agent: false, headers: { 'Accept-Encoding': encoding } });
      const [response] = (await once(req, 'response')) as [IncomingMessage];
      return buffer(response);
    };
    const plain = await read('identity');
    expect(plain.toString()).toContain('class ClusterPanel');
    expect(gunzipSync(await read('gzip')).equals(plain)).toBe(true);
    expect(brotliDecompressSync(await read('br')).equals(plain)).toBe(true);
    server.close();
  });

  test('include the whole manifest, with a schema for each parameter', async () => {
    expect(await readAssets()).toContain(manifestPath);
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

test('a feature that teaches nothing is an API without evidence', async () => {
  const read = defineRoute({
    method: 'get',
    path: '/:id',
    title: 'Read a thing',
    summary: 'Reads a thing.',
    response: z.object({ id: z.string().describe('Identifies it') }),
    examples: [{ title: 'One', params: { id: 'one' } }],
    handler: () => ({ id: 'one' }),
  });
  const remove = defineRoute({
    method: 'delete',
    path: '/:id',
    title: 'Delete a thing',
    summary: 'Deletes a thing.',
    response: z.undefined(),
    examples: [{ title: 'One', params: { id: 'one' }, status: 204 }],
    handler: () => undefined,
  });
  const withHeaders = { ...read, requestHeaders: z.object({ 'if-match': z.string().optional() }) };
  const { features } = await describeForPage([
    {
      id: 'things',
      base: '/things',
      title: 'Things',
      summary: 'Some.',
      guard: 'public',
      routes: [withHeaders, remove],
    },
  ]);
  expect(features).toMatchObject([
    {
      kind: 'api',
      routes: [
        {
          path: '/things/:id',
          evidence: false,
          meanings: { id: 'Identifies it' },
          headers: { properties: { 'if-match': {} } },
        },
        { method: 'DELETE', evidence: false },
      ],
    },
  ]);
});

describe('the live stream', () => {
  test('relays the views of the primary and ends with a final event when its worker drains', async () => {
    // On all addresses, as in a container: the worker calls the loopback address.
    await using program = await Program.start({ WORKERS: '1', MANAGEMENT_HOST: '0.0.0.0' });
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
    const [first] = /(?<=event: view\ndata: ).*/.exec(text) ?? [];
    const view = JSON.parse(first ?? '') as LiveView;
    expect(view.workers).toMatchObject([{ state: 'ready' }]);
    expect(view.events.map(({ event }) => event)).toContain('ready');
    expect(text).toContain('event: bye');
    expect((await program.exited).code).toBe(0);
  });

  test('ends a HEAD request at once', async () => {
    const head = await service.client.head('/live').timeout(10_000).expect(200);
    expect(head.headers['content-type']).toContain('text/event-stream');
  });

  test('reports a missing primary', async () => {
    let text = '';
    await service.client
      .get('/live')
      .buffer()
      .parse((res, done) => {
        res.setEncoding('utf8');
        res.on('data', (chunk: string) => {
          text += chunk;
          if (!text.includes('event: silent')) return;
          void service.lifecycle.stop({ reason: 'end of the test', exitCode: 0, keepListening: false });
        });
        res.on('end', () => done(null, undefined));
      });
    expect(text).toContain('event: silent');
    expect(text).toContain('event: bye');
  });
});
