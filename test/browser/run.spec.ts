/** Runs of demos, in a real browser. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { PageManifest } from '../../src/web/page-data.ts';
import { findViolations } from './browser.ts';
import { run, TIMEOUT_MS, useControlRoom } from './control-room.ts';

const room = await useControlRoom();

/** The statuses of requests that differ between a browser and curl. */
const browserStatuses: Readonly<Record<string, string>> = {
  // Browsers hide the status of a redirect from pages.
  '/demos/http/redirect': 'Redirect',
  'GET /demos/http/status/:code, Permanent redirect': 'Redirect',
  'GET /demos/http/redirect, Another site is rejected': '400',
  // A browser sends its own Cookie header, not the forged one.
  'GET /demos/security/cookies, Send a forged cookie': '200',
};

describe('a run', () => {
  test('succeeds for every route that is not dangerous', async () => {
    const { page, errors } = await room.visit();
    const href = await page.getAttribute('#manifest', 'href');
    const manifest = (await (await room.program.get(String(href))).json()) as PageManifest;
    const routes = manifest.features.flatMap((feature) => feature.routes).filter(({ danger }) => !danger);
    const taken = new Set<string>();
    const failed: string[] = [];
    for (const route of routes) {
      const key = taken.has(route.path) ? route.method + route.path : route.path;
      taken.add(route.path);
      await page.evaluate(`location.hash = ${JSON.stringify(key)}`);
      await page.locator('.route-name', { hasText: `${route.method} ${route.path}` }).waitFor();
      for (const [index, example] of route.examples.entries()) {
        // The first example, and those with headers or another status.
        if (index > 0 && example.status === undefined && example.headers === undefined) continue;
        if (index > 0) await page.locator('.examples .button').nth(index).click();
        const name = `${route.method} ${route.path}, ${example.title}`;
        const expected = browserStatuses[name] ?? browserStatuses[route.path] ?? example.status ?? 200;
        const status = await run(page).catch((error: unknown) => String(error));
        if (!status.startsWith(String(expected))) failed.push(`${name}: ${status}`);
      }
    }
    expect(failed).toEqual([]);
    expect(errors).toEqual([]);
  }, 600_000);

  test('sends the headers of an example as edited in the form', async () => {
    const { page } = await room.visit('#/demos/streams/range');
    expect(await page.inputValue('input[name=Range]')).toBe('bytes=128-191');
    await page.fill('input[name=Range]', 'bytes=0-3');
    expect(await run(page)).toMatch(/^206 /);
    expect(await page.locator('.response .text').first().innerText()).toBe('0000');
    expect(await page.locator('.curl code').innerText()).toContain("-H 'Range: bytes=0-3'");
    await page.reload();
    expect(await page.inputValue('input[name=Range]')).toBe('bytes=0-3');
  });

  test('of an example about a new task creates the task first', async () => {
    const { page } = await room.visit('#/tasks/:id');
    expect(await page.locator('.curl code').innerText()).toMatch(/\$\(curl .*header\{location\}/);
    expect(await run(page)).toMatch(/^200 /);
    const id = await page.inputValue('input[name=id]');
    expect(id).toMatch(/^[\da-f-]{36}$/);
    expect(await page.locator('.response').innerText()).toContain(id);
    await page.fill('input[name=id]', id);
    expect(await page.locator('.curl code').innerText()).toMatch(new RegExp(`/tasks/${id}$`));
  });

  test('sends the bytes that an example pipes into curl', async () => {
    const { page } = await room.visit('#/demos/buffers/inspect');
    expect(await run(page)).toMatch(/^200 /);
    expect(await page.locator('.response .lesson').innerText()).toMatch(/PNG/i);
    expect(await page.locator('.response .lesson .headline').innerText()).not.toBe('');
  });

  test('next to its contrast shares the time axis and compares the figures', async () => {
    const { page } = await room.visit('#/demos/event-loop/block?ms=60');
    await page.locator('.contrast.button', { hasText: '/yield' }).click();
    await page.locator('table.figures').waitFor({ timeout: TIMEOUT_MS });
    expect(await page.locator('.side .timeline svg').count()).toBe(2);
    const ticks = await page
      .locator('.side .timeline')
      .evaluateAll((figures) =>
        (figures as unknown as { querySelectorAll(what: string): Iterable<{ textContent: string }> }[]).map(
          (figure) => [...figure.querySelectorAll('.scale')].map(({ textContent }) => textContent).join(' '),
        ),
      );
    expect(ticks[0]).toBe(ticks[1]);
    expect(await page.locator('table.figures tbody tr').count()).toBeGreaterThan(5);
  });

  test('that is canceled ends on the server', async () => {
    const { page } = await room.visit('#/demos/streams/chain?rows=50000000&%40form=raw');
    await page.click('.run');
    await page.locator('.progress', { hasText: 'chunks' }).waitFor();
    await page.click('.cancel');
    await page.locator('.status', { hasText: 'Canceled' }).waitFor();
    await room.program.logged('request', { path: '/demos/streams/chain', status: 499 });
  });

  test('keeps the focus, and is started and canceled with the keyboard', async () => {
    const { page } = await room.visit('#/demos/streams/events?events=50&everyMs=200');
    const focused = () => page.evaluate<string>('document.activeElement.textContent');
    await page.locator('.run').focus();
    await page.keyboard.press('Enter');
    await page.locator('.progress').waitFor();
    expect(await focused()).toBe('Run');
    await page.keyboard.press('Escape');
    await page.locator('.status', { hasText: 'Canceled' }).waitFor();
    expect(await focused()).toBe('Run');
    await page.locator('input[name=events]').focus();
    await page.keyboard.press('Control+Enter');
    await page.locator('.progress').waitFor();
    expect(await page.evaluate('document.activeElement.name')).toBe('events');
  });

  test('of a stream is in view from its first event', async () => {
    const { page } = await room.visit('#/demos/streams/events?events=50&everyMs=200', {
      width: 800,
      height: 600,
    });
    await page.click('.run');
    await page.locator('.progress .text').waitFor();
    await page.locator('.progress .cadence').waitFor();
    const box = await page.locator('.progress .text').boundingBox();
    expect(box?.y).toBeGreaterThan(0);
    expect(box?.y).toBeLessThan(600);
  });

  test('is next to its form on a wide screen', async () => {
    const { page } = await room.visit('#/demos/event-loop/block?ms=50', { width: 1366, height: 768 });
    await run(page);
    const [form, response] = await Promise.all(
      ['.request', '.response'].map((part) => page.locator(part).boundingBox()),
    );
    expect(response?.x).toBeGreaterThan((form?.x ?? 0) + (form?.width ?? 0));
    expect(response?.y).toBeLessThan(768);
  });

  test('that receives a file can save it', async () => {
    const { page } = await room.visit('#/demos/profiling/cpu?ms=50&%40form=raw');
    expect(await run(page)).toMatch(/^200 /);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('.response .button', { hasText: 'Save the response' }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/\.cpuprofile$/);
    const saved = JSON.parse(readFileSync(await download.path(), 'utf8')) as { nodes: unknown[] };
    expect(saved.nodes.length).toBeGreaterThan(1);
    expect(await page.locator('.flame-drawing .frame').count()).toBeGreaterThan(1);
    await page.locator('.flame-graph summary').click();
    expect(await page.locator('.flame-graph tbody tr').count()).toBeGreaterThan(0);
    expect(await findViolations(page)).toEqual([]);
  });

  test('is kept with earlier ones, shown again, and compared', async () => {
    const { page } = await room.visit('#/demos/event-loop/yield?ms=40&sliceMs=2');
    await run(page);
    await page.fill('input[name=sliceMs]', '20');
    await run(page);
    expect(await page.locator('.runs li').count()).toBe(2);
    expect(await findViolations(page)).toEqual([]);
    await page.locator('.runs [aria-label^=Compare]').click();
    await page.locator('table.figures').waitFor();
    expect(await page.locator('.side h4').allInnerTexts()).toEqual([
      expect.stringContaining('sliceMs=2'),
      expect.stringContaining('sliceMs=20'),
    ]);
    await page.evaluate(`location.hash = '#/demos/cluster/whoami'`);
    await page.locator('.route-name', { hasText: '/demos/cluster/whoami' }).waitFor();
    await page.goBack();
    await page.locator('.runs li').nth(1).waitFor();
    await page.locator('.response .lesson').waitFor();
  });

  test('shows a redirect, and follows it on demand', async () => {
    const { page } = await room.visit('#/demos/http/redirect');
    expect(await run(page)).toMatch(/^Redirect, not followed/);
    expect(await findViolations(page)).toEqual([]);
    await page.locator('.response .button', { hasText: 'Follow' }).click();
    await page.locator('.status', { hasText: '200' }).waitFor({ timeout: TIMEOUT_MS });
    expect(await page.locator('.response').innerText()).toContain('redirected to');
  });

  test.each([360, 1366])(
    'has each choice on one line, at %i pixels',
    async (width) => {
      const { page } = await room.visit('', { width });
      const manifest = (await (await room.program.get('/control-room/manifest.json')).json()) as PageManifest;
      const wrapped: string[] = [];
      for (const { path, method } of manifest.features.flatMap(({ routes }) => routes)) {
        if (method !== 'GET') continue;
        await page.evaluate(`location.hash = ${JSON.stringify(path)}`);
        await page.locator('.route-name', { hasText: path }).waitFor();
        const heights: number[] = await page.evaluate(
          `[...document.querySelectorAll('.segments span')].map((span) => span.getBoundingClientRect().height)`,
        );
        const inside: boolean = await page.evaluate(
          `[...document.querySelectorAll('.segments')].every((one) => one.scrollWidth <= one.clientWidth)`,
        );
        if (!inside || heights.some((height) => height > 40)) wrapped.push(path);
      }
      expect(wrapped).toEqual([]);
    },
    60_000,
  );

  test('cuts no word of a value', async () => {
    const { page } = await room.visit('#/demos/middleware/order', { width: 1366 });
    await run(page);
    const cut: string[] = await page.evaluate(`[...document.querySelectorAll('.tile dd:not(.meaning) span')]
      .filter((span) => !/\\s/.test(span.textContent) && span.getClientRects().length > 1)
      .map((span) => span.textContent)`);
    expect(cut).toEqual([]);
  });

  test('next to its contrast has one color for each label on both sides', async () => {
    const { page } = await room.visit('#/demos/event-loop/block?ms=60');
    await page.locator('.contrast.button', { hasText: '/yield' }).click();
    await page.locator('table.figures').waitFor({ timeout: TIMEOUT_MS });
    const colors: [string, string][] = await page.evaluate(`[...document.querySelectorAll('.side .span')]
      .map((span) => [span.querySelector('title').textContent.split(':')[0], span.getAttribute('class')])`);
    await page.locator('.side .timeline summary').first().click();
    const [first] = await page.locator('.side .timeline tbody tr').first().locator('td').allInnerTexts();
    expect(first).toBe('event loop');
    const byLabel = Map.groupBy(colors, ([label]) => label);
    expect(byLabel.size).toBeGreaterThan(1);
    const colorOf = [...byLabel.values()].map((own) => [...new Set(own.map(([, color]) => color))]);
    expect(colorOf.filter((own) => own.length > 1)).toEqual([]);
    expect(new Set(colorOf.flat()).size).toBe(byLabel.size);
  });

  test('can be repeated as a load burst of limited size', async () => {
    const { page } = await room.visit('#/demos/cluster/whoami');
    await page.click('.load-burst > summary');
    await page.selectOption('#load-duration', '5');
    await page.click('.load-burst .button');
    await page
      .locator('.load-summary', { hasText: '● 50 answered · □ 0 shed · × 0 failed' })
      .waitFor({ timeout: TIMEOUT_MS });
    expect(await page.locator('.load-chart circle').count()).toBe(50);
  });

  test('says how much of a load burst was not sent', async () => {
    const { page } = await room.visit('#/demos/streams/events?events=5&everyMs=1000');
    await page.click('.load-burst > summary');
    await page.selectOption('#load-duration', '5');
    await page.click('.load-burst .button');
    await page.locator('.load-summary:not([aria-busy])', { hasText: 'not sent' }).waitFor({
      timeout: TIMEOUT_MS,
    });
    expect(await page.locator('.load-summary').innerText()).toContain('waited in this page');
  }, 60_000);

  test('and its load burst end when another route is opened', async () => {
    const { page } = await room.visit('#/demos/cluster/whoami');
    await page.click('.load-burst > summary');
    await page.click('.load-burst .button');
    await page.locator('.load-chart circle').first().waitFor();
    await page.evaluate(`location.hash = '#/demos/event-loop/yield'`);
    await page.locator('.route-name', { hasText: '/demos/event-loop/yield' }).waitFor();
    const requested: string[] = [];
    page.on('request', (request) => requested.push(new URL(request.url()).pathname));
    expect(await run(page)).toMatch(/^200 /);
    expect(requested).toContain('/demos/event-loop/yield');
    expect(requested).not.toContain('/demos/cluster/whoami');
  });

  test('of a dangerous route is not sent if another route is opened before it is confirmed', async () => {
    const { page } = await room.visit('#/demos/failures/exit');
    const requested: string[] = [];
    page.on('request', (request) => requested.push(new URL(request.url()).pathname));
    await page.click('.run');
    await page.locator('dialog[open]').waitFor();
    await page.evaluate(`location.hash = '#/demos/cluster/whoami'`);
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(await run(page)).toMatch(/^200 /);
    expect(requested).not.toContain('/demos/failures/exit');
  });
});
