/** The control room in a real browser, against the real program. */
import { mkdirSync } from 'node:fs';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import type { PageManifest } from '../../src/web/client/shapes.ts';
import { Program, root, until } from '../support/program.ts';
import { findBarriers, startBrowser, visit } from './browser.ts';

/** What a machine that does other things as well may need. */
const PATIENCE_MS = 30_000;

let browser: Browser;
let program: Program;
beforeAll(async () => {
  browser = await startBrowser();
  program = await Program.start({ WORKERS: '2', HEARTBEAT_TIMEOUT_MS: '20000' });
}, PATIENCE_MS);
afterAll(async () => {
  await browser.close();
  await program[Symbol.asyncDispose]();
});

const at = (hash = '') => `${program.url}/${hash}`;

async function run(page: Page): Promise<string> {
  // What an earlier run showed must not be taken for the answer of this one.
  await page.locator('.stage').evaluate('(stage) => stage.replaceChildren()');
  await page.click('.run');
  await page.locator('.stage[aria-busy=false] .answer').waitFor({ timeout: PATIENCE_MS });
  return page.locator('.status').innerText();
}

describe('the page', () => {
  test('loads under the policy, without an error, from this host alone, and is small', async () => {
    for (let round = 0; round < 3; round += 1) {
      await using visited = await visit(browser, at());
      const { page, complaints } = visited;
      await page.locator('.worker[data-state=ready]').nth(1).waitFor();
      await page.locator('#detail .run').waitFor();
      const paint: number = await page.evaluate(
        `performance.getEntriesByName('first-contentful-paint')[0].startTime`,
      );
      // Times are told and not judged, for the machine may be busy; what they depend on is judged.
      const waitedFor: string[] = await page.evaluate(`performance.getEntriesByType('resource')
        .filter((one) => one.renderBlockingStatus === 'blocking').map(({ name }) => name)`);
      expect(waitedFor.length).toBeGreaterThan(0);
      expect(waitedFor.filter((name) => !name.endsWith('.css'))).toEqual([]);
      expect(complaints).toEqual([]);
      expect(visited.transferred()).toBeLessThan(150_000);
      process.stdout.write(`first paint ${Math.round(paint)} ms, ${visited.transferred()} bytes\n`);
    }
  });

  test('comes from the cache when it is opened again, all but itself and its manifest', async () => {
    await using visited = await visit(browser, at());
    const { page } = visited;
    await page.locator('#detail .run').waitFor();
    const before = visited.transferred();
    await page.goto(at('#/demos/cluster/whoami'));
    await page.reload();
    await page.locator('.eyebrow', { hasText: '/demos/cluster/whoami' }).waitFor();
    const kept: Record<string, boolean> = await page.evaluate(`Object.fromEntries(
      performance.getEntriesByType('resource').filter(({ name }) => name.includes('/control-room/'))
        .map(({ name, transferSize }) => [name, transferSize === 0]))`);
    expect(Object.keys(kept).length).toBeGreaterThan(20);
    // Asked for again, and not changed.
    const again = Object.keys(kept).filter((name) => !kept[name]);
    expect(again.map((name) => new URL(name).pathname)).toEqual(['/control-room/manifest.json']);
    expect(visited.transferred() - before).toBeLessThan(10_000);
  });

  test.each([360, 900, 1500])('does not move while it fills, at %i pixels', async (width) => {
    await using visited = await visit(browser, at(), { width });
    const { page } = visited;
    await page.locator('.worker[data-state=ready]').nth(1).waitFor();
    await page.locator('#detail .run').waitFor();
    const moved: number = await page.evaluate(`new Promise((resolve) => {
      let sum = 0;
      new PerformanceObserver((list) => { for (const entry of list.getEntries()) sum += entry.value; })
        .observe({ type: 'layout-shift', buffered: true });
      setTimeout(() => resolve(sum), 1500);
    })`);
    expect(moved).toBeLessThan(0.01);
  });

  test.each([360, 900, 1500])(
    'has no barrier that axe finds and fits at %i pixels, light and dark',
    async (width) => {
      mkdirSync(`${root}reports`, { recursive: true });
      for (const dark of [false, true]) {
        await using visited = await visit(browser, at('#/demos/event-loop/block?ms=50'), { width, dark });
        const { page } = visited;
        await run(page);
        await page.locator('.timeline svg').waitFor();
        expect(await findBarriers(page)).toEqual([]);
        await page.locator('.contrast.button').first().click();
        await page.locator('table.contrast').waitFor({ timeout: PATIENCE_MS });
        expect(await findBarriers(page)).toEqual([]);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
        await page.screenshot({
          path: `${root}reports/control-room-${width}-${dark ? 'dark' : 'light'}.png`,
          fullPage: true,
        });
      }
    },
    60_000,
  );

  test('is found and used with the keyboard', async () => {
    await using visited = await visit(browser, at());
    const { page } = visited;
    await page.locator('#detail .run').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('thread-pool/pbkdf2');
    await page.keyboard.press('Enter');
    await page.locator('.title:focus').waitFor();
    expect(page.url()).toContain('#/demos/thread-pool/pbkdf2');
    for (let steps = 0; steps < 20; steps += 1) {
      await page.keyboard.press('Tab');
      if ((await page.evaluate('document.activeElement.className')) === 'button first run') break;
    }
    await page.keyboard.press('Enter');
    await page.locator('.answer .lesson').waitFor({ timeout: PATIENCE_MS });
  });

  test('finds best what has its name, goes through what is found by arrows, and back with Escape', async () => {
    await using visited = await visit(browser, at());
    const { page } = visited;
    const focused = () => page.evaluate<string>(`document.activeElement.getAttribute('href')`);
    await page.locator('#detail .run').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('block');
    expect(await page.locator('.found').innerText()).toMatch(/^\d+ found$/);
    await page.keyboard.press('ArrowDown');
    const first = await focused();
    await page.keyboard.press('ArrowDown');
    expect(await focused()).not.toBe(first);
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    expect(await page.evaluate('document.activeElement.id')).toBe('search');
    await page.keyboard.press('Enter');
    await page.locator('.eyebrow', { hasText: '/demos/event-loop/block' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.press('Escape');
    expect(await page.inputValue('#search')).toBe('');
    expect(await page.locator('.groups details:visible').count()).toBeGreaterThan(10);
  });

  test('moves only where motion is not unwelcome', async () => {
    const moving = `document.getAnimations().filter((one) => one.playState === 'running').length`;
    for (const calm of [true, false]) {
      await using visited = await visit(browser, at('#/demos/streams/events?events=50'), { calm });
      const { page } = visited;
      await page.click('.run');
      await page.locator('.arrival').waitFor();
      const seen = await page.evaluate<number>(moving);
      expect(calm ? seen === 0 : seen > 0).toBe(true);
    }
  });

  test('has a link for each request, and a request for each link', async () => {
    await using visited = await visit(browser, at('#/demos/event-loop/yield?ms=40&sliceMs=2'));
    const { page } = visited;
    expect(await page.inputValue('input[name=sliceMs]')).toBe('2');
    await page.fill('input[name=sliceMs]', '3');
    expect(await page.evaluate('location.hash')).toContain('ms=40&sliceMs=3');
    expect(await page.locator('.curl code').innerText()).toContain('/demos/event-loop/yield?ms=40&sliceMs=3');
    await page.fill('input[name=sliceMs]', '9999');
    await page.click('.run');
    expect(await page.evaluate(`document.querySelector('input[name=sliceMs]').matches(':invalid')`)).toBe(
      true,
    );
    expect(await page.locator('.answer').count()).toBe(0);
    await page.click('.anyway');
    await page.locator('.problem', { hasText: 'must be a whole number' }).waitFor({ timeout: PATIENCE_MS });
    await page.fill('input[name=sliceMs]', '4');
    expect(await page.locator('.anyway').isVisible()).toBe(false);
  });

  test('without demos is the cluster alone, and without the page there is text', async () => {
    await using alone = await Program.start({ WORKERS: '1', DEMOS: 'off' });
    await using visited = await visit(browser, `${alone.url}/`);
    await visited.page.locator('.worker[data-state=ready]').waitFor();
    expect(await visited.page.locator('#demos').isVisible()).toBe(false);
    expect(visited.complaints).toEqual([]);
  });

  test('of the API loads under the policy as well', async () => {
    await using visited = await visit(browser, `${program.url}/docs`);
    await visited.page.locator('.opblock-tag').first().waitFor({ timeout: PATIENCE_MS });
    expect(visited.complaints).toEqual([]);
    const paper = () => visited.page.evaluate(`getComputedStyle(document.documentElement).backgroundColor`);
    const light = await paper();
    await visited.page.emulateMedia({ colorScheme: 'dark' });
    await until('another paper', async () => ((await paper()) === light ? undefined : true));
  });
});

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
    await using visited = await visit(browser, at());
    const { page, complaints } = visited;
    const href = await page.getAttribute('#manifest', 'href');
    const manifest = (await (await program.get(String(href))).json()) as PageManifest;
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
    await using visited = await visit(browser, at('#/demos/streams/range'));
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
    await using visited = await visit(browser, at('#/demos/buffers/inspect'));
    expect(await run(visited.page)).toMatch(/^200 /);
    expect(await visited.page.locator('.answer .lesson').innerText()).toMatch(/PNG/i);
  });

  test('with its contrast draws both on one scale', async () => {
    await using visited = await visit(browser, at('#/demos/event-loop/block?ms=60'));
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
    await using visited = await visit(browser, at('#/demos/streams/chain?rows=50000000&%40form=raw'));
    const { page } = visited;
    await page.click('.run');
    await page.locator('.arrival', { hasText: 'chunks' }).waitFor();
    await page.click('.cancel');
    await page.locator('.status', { hasText: 'Cancelled' }).waitFor();
    await program.logged('request', { path: '/demos/streams/chain', status: 499 });
  });

  test('again and again is a storm of bounded size', async () => {
    await using visited = await visit(browser, at('#/demos/cluster/whoami'));
    const { page } = visited;
    await page.click('.storm > summary');
    await page.selectOption('#storm-for', '5');
    await page.click('.storm .button');
    await page
      .locator('.storm-summary', { hasText: '● 50 answered · □ 0 shed · × 0 failed' })
      .waitFor({ timeout: PATIENCE_MS });
    expect(await page.locator('.storm-chart circle').count()).toBe(50);
  });
});

describe('the cluster', () => {
  test('shows a killed worker as gone, and its replacement', async () => {
    const [victim] = await program.readyWorkers(2);
    await using visited = await visit(browser, at());
    const { page } = visited;
    const card = page.locator('.worker[data-slot="0"]');
    await page.locator(`.worker[data-worker="${victim?.id}"][data-state=ready]`).waitFor();
    process.kill(Number(victim?.pid), 'SIGKILL');
    await page
      .locator(`.worker[data-worker="${victim?.id}"][data-state=gone]`)
      .waitFor({ timeout: PATIENCE_MS });
    await page.locator('.events li[data-event=crashed]').first().waitFor();
    await until('another worker in that place', async () => {
      const state = await card.getAttribute('data-state');
      const id = Number(await card.getAttribute('data-worker'));
      return state === 'ready' && id > (victim?.id ?? 0) ? true : undefined;
    });
  });

  test('goes on while a worker is stopped, also the one that passed the figures on', async () => {
    const workers = await program.readyWorkers(2);
    await using visited = await visit(browser, at());
    const { page } = visited;
    await page.locator('.link[data-state=live]').waitFor();
    for (const { pid, id } of workers) {
      process.kill(pid, 'SIGSTOP');
      try {
        await page
          .locator(`.worker[data-worker="${id}"][data-state=silent]`)
          .waitFor({ timeout: PATIENCE_MS });
        await page.locator('.link[data-state=live]').waitFor();
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      await page.locator(`.worker[data-worker="${id}"][data-state=ready]`).waitFor({ timeout: PATIENCE_MS });
    }
  }, 60_000);

  test('comes back when all workers are killed at once, and can be used as before', async () => {
    const workers = await program.readyWorkers(2);
    await using visited = await visit(browser, at('#/demos/cluster/whoami'));
    const { page, complaints } = visited;
    await page.locator('.link[data-state=live]').waitFor();
    for (const { pid } of workers) process.kill(pid, 'SIGKILL');
    const newest = Math.max(...workers.map(({ id }) => id));
    await until('new workers on both cards', async () => {
      const ids = await page
        .locator('.worker[data-state=ready]')
        .evaluateAll((cards) =>
          (cards as unknown as { dataset: { worker: string } }[]).map((card) => Number(card.dataset.worker)),
        );
      return ids.length === 2 && ids.every((id) => id > newest) ? true : undefined;
    });
    await page.locator('.link[data-state=live]').waitFor({ timeout: PATIENCE_MS });
    expect(await run(page)).toMatch(/^200 /);
    expect(complaints).toEqual([]);
  }, 60_000);

  test.each([
    ['stopped', (gone: Program) => gone.kill('SIGTERM')],
    ['killed', (gone: Program) => gone.kill('SIGKILL')],
  ])(
    'says so when the primary is %s, and goes on when the service is back',
    async (_how, end) => {
      await using gone = await Program.start({ WORKERS: '1' });
      await using visited = await visit(browser, `${gone.url}/#/demos/cluster/whoami`, { width: 360 });
      const { page } = visited;
      await page.locator('.link[data-state=live]').waitFor();
      end(gone);
      await page.locator('.link[data-state=cut]', { hasText: 'cut off' }).waitFor({ timeout: PATIENCE_MS });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
      await gone.exited;
      await page.click('.run');
      await page.locator('.failure', { hasText: 'no answer' }).waitFor({ timeout: PATIENCE_MS });
      await using back = await Program.start({ WORKERS: '1', PORT: new URL(gone.url).port });
      const [worker] = await back.readyWorkers(1);
      await page.locator('.link[data-state=live]').waitFor({ timeout: PATIENCE_MS });
      await page.locator('.worker', { hasText: `pid ${worker?.pid}` }).waitFor({ timeout: PATIENCE_MS });
      expect(await run(page)).toMatch(/^200 /);
    },
    60_000,
  );

  test('shows what becomes of a worker after a dangerous demo, which is asked for once', async () => {
    await program.readyWorkers(2);
    await using visited = await visit(browser, at('#/demos/failures/uncaught-exception'));
    const { page } = visited;
    await page.click('.run');
    await page.locator('dialog .danger').click();
    await page.locator('.after-events li[data-event=crashed]').waitFor({ timeout: PATIENCE_MS });
    await page.locator('.after-events li[data-event=ready]').waitFor({ timeout: PATIENCE_MS });
    await program.readyWorkers(2);
    await run(page);
    expect(await page.locator('dialog').count()).toBe(0);
    await program.readyWorkers(2);
    await page.locator('.contrast.button', { hasText: '/exit' }).click();
    await page.locator('.pair .after-events li[data-event=forked]').first().waitFor({ timeout: PATIENCE_MS });
    await program.readyWorkers(2);
  }, 60_000);
});
