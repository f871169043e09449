/** Demos run from the page, in a real browser. */
import { describe, expect, test } from '@jest/globals';
import type { PageManifest } from '../../src/web/client/shapes.ts';
import { openControlRoom, PATIENCE_MS, run } from './control-room.ts';

const room = openControlRoom();

/** Routes that a browser meets otherwise than curl does; what is seen there instead. */
const otherwise: Readonly<Record<string, string>> = {
  // fetch() follows a redirect by itself.
  '/demos/http/redirect': '200',
  'GET /demos/http/status/:code, A place to go': '200',
  'GET /demos/http/redirect, Not to another site': '400',
  // The Cookie header is a browser's own, and it has no forged one.
  'GET /demos/security/cookies, A forged one is refused': '200',
};

describe('a run', () => {
  test('of every harmless route works', async () => {
    await using visited = await room.visit();
    const { page, complaints } = visited;
    const href = await page.getAttribute('#manifest', 'href');
    const manifest = (await (await room.program.get(String(href))).json()) as PageManifest;
    const routes = manifest.features.flatMap((demo) => demo.routes).filter(({ danger }) => !danger);
    const taken = new Set<string>();
    const wrong: string[] = [];
    for (const route of routes) {
      const key = taken.has(route.path) ? route.method + route.path : route.path;
      taken.add(route.path);
      await page.evaluate(`location.hash = ${JSON.stringify(key)}`);
      await page.locator('.eyebrow', { hasText: `${route.method} ${route.path}` }).waitFor();
      for (const [index, example] of route.examples.entries()) {
        // The first of each, and those that are to be answered otherwise.
        if (index > 0 && example.status === undefined && example.headers === undefined) continue;
        if (index > 0) await page.locator('.examples .button').nth(index).click();
        const name = `${route.method} ${route.path}, ${example.title}`;
        const expected = otherwise[name] ?? otherwise[route.path] ?? example.status ?? 200;
        const status = await run(page).catch((error: unknown) => String(error));
        if (!status.startsWith(String(expected))) wrong.push(`${name}: ${status}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(complaints).toEqual([]);
  }, 600_000);

  test('sends the headers of an example, as they are in the form', async () => {
    await using visited = await room.visit('#/demos/streams/range');
    const { page } = visited;
    expect(await page.inputValue('input[name=Range]')).toBe('bytes=128-191');
    await page.fill('input[name=Range]', 'bytes=0-3');
    expect(await run(page)).toMatch(/^206 /);
    expect(await page.locator('.answer .text').first().innerText()).toBe('0000');
    expect(await page.locator('.curl code').innerText()).toContain("-H 'Range: bytes=0-3'");
    await page.reload();
    expect(await page.inputValue('input[name=Range]')).toBe('bytes=0-3');
  });

  test('sends the bytes that an example names', async () => {
    await using visited = await room.visit('#/demos/buffers/inspect');
    expect(await run(visited.page)).toMatch(/^200 /);
    expect(await visited.page.locator('.answer .lesson').innerText()).toMatch(/PNG/i);
  });

  test('with its contrast draws both on one scale', async () => {
    await using visited = await room.visit('#/demos/event-loop/block?ms=60');
    const { page } = visited;
    await page.locator('.contrast.button', { hasText: '/yield' }).click();
    await page.locator('table.contrast').waitFor({ timeout: PATIENCE_MS });
    expect(await page.locator('.side .timeline svg').count()).toBe(2);
    const lastTicks = await page
      .locator('.side .timeline')
      .evaluateAll((figures) =>
        (figures as unknown as { querySelectorAll(what: string): Iterable<{ textContent: string }> }[]).map(
          (figure) => [...figure.querySelectorAll('.scale')].map(({ textContent }) => textContent).join(' '),
        ),
      );
    expect(lastTicks[0]).toBe(lastTicks[1]);
    expect(await page.locator('table.contrast tbody tr').count()).toBeGreaterThan(5);
  });

  test('that is cancelled ends on the server', async () => {
    await using visited = await room.visit('#/demos/streams/chain?rows=50000000&%40form=raw');
    const { page } = visited;
    await page.click('.run');
    await page.locator('.arrival', { hasText: 'chunks' }).waitFor();
    await page.click('.cancel');
    await page.locator('.status', { hasText: 'Cancelled' }).waitFor();
    await room.program.logged('request', { path: '/demos/streams/chain', status: 499 });
  });

  test('again and again is a storm of bounded size', async () => {
    await using visited = await room.visit('#/demos/cluster/whoami');
    const { page } = visited;
    await page.click('.storm > summary');
    await page.selectOption('#storm-for', '5');
    await page.click('.storm .button');
    await page
      .locator('.storm-summary', { hasText: '● 50 answered · □ 0 shed · × 0 failed' })
      .waitFor({ timeout: PATIENCE_MS });
    expect(await page.locator('.storm-chart circle').count()).toBe(50);
  });

  test('and a storm of it end when the page moves on', async () => {
    await using visited = await room.visit('#/demos/cluster/whoami');
    const { page } = visited;
    await page.click('.storm > summary');
    await page.click('.storm .button');
    await page.locator('.storm-chart circle').first().waitFor();
    await page.evaluate(`location.hash = '#/demos/event-loop/yield'`);
    await page.locator('.eyebrow', { hasText: '/demos/event-loop/yield' }).waitFor();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    expect(await run(page)).toMatch(/^200 /);
    expect(asked).toContain('/demos/event-loop/yield');
    expect(asked).not.toContain('/demos/cluster/whoami');
  });

  test('that would do harm is not made when the page moves on before it is confirmed', async () => {
    await using visited = await room.visit('#/demos/failures/exit');
    const { page } = visited;
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.click('.run');
    await page.locator('dialog[open]').waitFor();
    await page.evaluate(`location.hash = '#/demos/cluster/whoami'`);
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(await run(page)).toMatch(/^200 /);
    expect(asked).not.toContain('/demos/failures/exit');
  });
});
