/** The page in a real browser: loading, layout and navigation. */
import { mkdirSync } from 'node:fs';
import process from 'node:process';
import { describe, expect, test } from '@jest/globals';
import { Program, root, until } from '../support/program.ts';
import { findViolations } from './browser.ts';
import { run, TIMEOUT_MS, useControlRoom } from './control-room.ts';

const room = await useControlRoom();

describe('the page', () => {
  test('loads less than 150 KB, from this host only, without errors or policy violations', async () => {
    for (let round = 0; round < 3; round += 1) {
      const { page, errors, receivedBytes } = await room.visit();
      await page.locator('.worker[data-state=ready]').nth(1).waitFor();
      await page.locator('#route .run').waitFor();
      const paint: number = await page.evaluate(
        `performance.getEntriesByName('first-contentful-paint')[0].startTime`,
      );
      // Times are printed but not checked, since the machine may be busy; what delays the first paint is checked.
      const blocking: string[] = await page.evaluate(`performance.getEntriesByType('resource')
        .filter((one) => one.renderBlockingStatus === 'blocking').map(({ name }) => name)`);
      expect(blocking.length).toBeGreaterThan(0);
      expect(blocking.filter((name) => !name.endsWith('.css'))).toEqual([]);
      expect(errors).toEqual([]);
      expect(receivedBytes()).toBeLessThan(150_000);
      process.stdout.write(`first paint ${Math.round(paint)} ms, ${receivedBytes()} bytes\n`);
    }
  });

  test('has the tours, a demo and its Run button on the first screen, even with ten workers', async () => {
    await using service = await Program.start({ WORKERS: '10' });
    const { page } = await room.visitUrl(`${service.url}/`, { width: 1366, height: 768 });
    // In whatever state: on a busy machine ten workers take their time.
    await page.locator('.worker[data-worker]').nth(9).waitFor({ timeout: 80_000 });
    await page.locator('.run').waitFor();
    const below: string[] = [];
    for (const what of ['.intro h2', '[data-tour=reload]', '.worker[data-slot="9"]', '.title', '.run']) {
      const box = await page.locator(what).boundingBox();
      if (box === null || box.y + box.height > 768) below.push(what);
    }
    expect(below).toEqual([]);
  }, 120_000);

  test('is loaded from the cache the second time, except for itself and its manifest', async () => {
    const { page, receivedBytes } = await room.visit();
    await page.locator('#route .run').waitFor();
    const before = receivedBytes();
    await page.evaluate(`location.hash = '#/demos/cluster/whoami'`);
    await page.reload();
    await page.locator('.route-name', { hasText: '/demos/cluster/whoami' }).waitFor();
    const cached: Record<string, boolean> = await page.evaluate(`Object.fromEntries(
      performance.getEntriesByType('resource').filter(({ name }) => name.includes('/control-room/'))
        .map(({ name, transferSize }) => [name, transferSize === 0]))`);
    expect(Object.keys(cached).length).toBeGreaterThan(3);
    // Revalidated, with 304.
    const requested = Object.keys(cached).filter((name) => !cached[name]);
    expect(requested.map((name) => new URL(name).pathname)).toEqual(['/control-room/manifest.json']);
    expect(receivedBytes() - before).toBeLessThan(10_000);
  });

  test.each([360, 900, 1500])('does not shift its layout while it fills, at %i pixels', async (width) => {
    const { page } = await room.visit('', { width });
    await page.locator('.worker[data-state=ready]').nth(1).waitFor();
    await page.locator('#route .run').waitFor();
    const shift: number = await page.evaluate(`new Promise((resolve) => {
      let sum = 0;
      new PerformanceObserver((list) => { for (const entry of list.getEntries()) sum += entry.value; })
        .observe({ type: 'layout-shift', buffered: true });
      setTimeout(() => resolve(sum), 1500);
    })`);
    expect(shift).toBeLessThan(0.01);
  });

  test.each([360, 900, 1500])(
    'passes axe and fits at %i pixels, light and dark',
    async (width) => {
      mkdirSync(`${root}reports`, { recursive: true });
      for (const dark of [false, true]) {
        const { page } = await room.visit('#/demos/event-loop/block?ms=50', { width, dark });
        await run(page);
        await page.locator('.timeline svg').waitFor();
        expect(await findViolations(page)).toEqual([]);
        await page.locator('.contrast.button').first().click();
        await page.locator('table.figures').waitFor({ timeout: TIMEOUT_MS });
        expect(await findViolations(page)).toEqual([]);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
        await page.screenshot({
          path: `${root}reports/control-room-${width}-${dark ? 'dark' : 'light'}.png`,
          fullPage: true,
        });
      }
    },
    60_000,
  );

  test('can be searched and used with the keyboard', async () => {
    const { page } = await room.visit();
    await page.locator('#route .run').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('thread-pool/pbkdf2');
    await page.keyboard.press('Enter');
    await page.locator('.title:focus').waitFor();
    expect(page.url()).toContain('#/demos/thread-pool/pbkdf2');
    for (let steps = 0; steps < 20; steps += 1) {
      await page.keyboard.press('Tab');
      if ((await page.evaluate('document.activeElement.className')) === 'button primary run') break;
    }
    await page.keyboard.press('Enter');
    await page.locator('.response .lesson').waitFor({ timeout: TIMEOUT_MS });
  });

  test('opens the best match on Enter, moves through matches with arrow keys, and clears them on Escape', async () => {
    const { page } = await room.visit();
    const focused = () => page.evaluate<string>(`document.activeElement.getAttribute('href')`);
    await page.locator('#route .run').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('block');
    expect(await page.locator('.matches').innerText()).toMatch(/^\d+ matches$/);
    await page.keyboard.press('ArrowDown');
    const first = await focused();
    await page.keyboard.press('ArrowDown');
    expect(await focused()).not.toBe(first);
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    expect(await page.evaluate('document.activeElement.id')).toBe('search');
    await page.keyboard.press('Enter');
    await page.locator('.route-name', { hasText: '/demos/event-loop/block' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.press('Escape');
    expect(await page.inputValue('#search')).toBe('');
    expect(await page.locator('.groups details:visible').count()).toBeGreaterThan(10);
  });

  test('shows the title of a route, its summary, the terms to search for, and links', async () => {
    const { page } = await room.visit('#/demos/event-loop/block');
    const route = page.locator('#route');
    await route.locator('.title:focus').waitFor();
    expect(await route.locator('.title').innerText()).toBe('Block the event loop');
    expect(await route.locator('.summary').innerText()).toMatch(/on the event loop/);
    expect(await route.innerText()).toMatch(/Search for: .*event-loop/);
    expect(await route.locator('.read-more a').first().getAttribute('href')).toMatch(/^https:/);
  });

  test('animates only if the user does not prefer reduced motion', async () => {
    const moving = `document.getAnimations().filter((one) => one.playState === 'running').length`;
    for (const reducedMotion of [true, false]) {
      const { page } = await room.visit('#/demos/streams/events?events=50', { reducedMotion });
      await page.click('.run');
      await page.locator('.progress').waitFor();
      const count = await page.evaluate<number>(moving);
      expect(reducedMotion ? count === 0 : count > 0).toBe(true);
    }
  });

  test('keeps the request in its URL, and sends invalid input only on demand', async () => {
    const { page } = await room.visit('#/demos/event-loop/yield?ms=40&sliceMs=2');
    expect(await page.inputValue('input[name=sliceMs]')).toBe('2');
    await page.fill('input[name=sliceMs]', '3');
    expect(await page.evaluate('location.hash')).toContain('ms=40&sliceMs=3');
    expect(await page.locator('.curl code').innerText()).toContain('/demos/event-loop/yield?ms=40&sliceMs=3');
    await page.fill('input[name=sliceMs]', '9999');
    await page.click('.run');
    expect(await page.evaluate(`document.querySelector('input[name=sliceMs]').matches(':invalid')`)).toBe(
      true,
    );
    expect(await page.locator('.response').count()).toBe(0);
    await page.click('.send-anyway');
    await page.locator('.error', { hasText: 'must be a whole number' }).waitFor({ timeout: TIMEOUT_MS });
    await page.fill('input[name=sliceMs]', '4');
    expect(await page.locator('.send-anyway').isVisible()).toBe(false);
  });

  test('shows that a link has no route, and opens the next one', async () => {
    const { page, errors } = await room.visit('#/demos/cluster/nothing');
    await page.locator('#route', { hasText: 'There is no route /demos/cluster/nothing.' }).waitFor();
    await page.evaluate(`location.hash = '#/demos/cluster/whoami'`);
    await page.locator('#route .run').waitFor();
    await page.evaluate(`location.hash = '#/demos/cluster/nothing'`);
    await page.locator('#route .run').waitFor({ state: 'detached' });
    expect(await page.locator('#route-list [aria-current]').count()).toBe(0);
    expect(errors).toEqual([]);
  });

  test('shows only the cluster if DEMOS is off', async () => {
    await using service = await Program.start({ WORKERS: '1', DEMOS: 'off' });
    const { page, errors } = await room.visitUrl(`${service.url}/`);
    await page.locator('.worker[data-state=ready]').waitFor();
    expect(await page.locator('#demos').isVisible()).toBe(false);
    expect(errors).toEqual([]);
  });

  test('and those of errors and of the API pass axe', async () => {
    for (const path of ['problems#not-found', 'docs']) {
      const { page, errors } = await room.visit(path, { width: 360 });
      await page.locator('.opblock-tag, tr:target').first().waitFor({ timeout: TIMEOUT_MS });
      // The structure of Swagger UI is its own.
      const violations = (await findViolations(page)).filter((one) => !/^(heading-order|region):/.test(one));
      expect(violations).toEqual([]);
      expect(errors).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    }
  });

  test.each([1366, 2200])('has its header as wide as its content, at %i pixels', async (width) => {
    const { page } = await room.visit('', { width });
    const [brand, content] = await Promise.all(
      ['.brand a', '#cluster'].map((part) => page.locator(part).boundingBox()),
    );
    expect(brand?.x).toBe(content?.x);
  });

  test('loads /docs without policy violations, in both color schemes', async () => {
    const { page, errors } = await room.visit('docs');
    await page.locator('.opblock-tag').first().waitFor({ timeout: TIMEOUT_MS });
    expect(errors).toEqual([]);
    const background = () => page.evaluate(`getComputedStyle(document.documentElement).backgroundColor`);
    const light = await background();
    await page.emulateMedia({ colorScheme: 'dark' });
    await until('another background', async () => ((await background()) === light ? undefined : true));
  });
});
