/** The page itself, in a real browser: how it loads, looks and is used. */
import { mkdirSync } from 'node:fs';
import process from 'node:process';
import { describe, expect, test } from '@jest/globals';
import { Program, root, until } from '../support/program.ts';
import { findBarriers, visit } from './browser.ts';
import { openControlRoom, PATIENCE_MS, run } from './control-room.ts';

const room = openControlRoom();

describe('the page', () => {
  test('loads under the policy, without an error, from this host alone, and is small', async () => {
    for (let round = 0; round < 3; round += 1) {
      await using visited = await room.visit();
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
    await using visited = await room.visit();
    const { page } = visited;
    await page.locator('#detail .run').waitFor();
    const before = visited.transferred();
    await page.goto(room.at('#/demos/cluster/whoami'));
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
    await using visited = await room.visit('', { width });
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
        await using visited = await room.visit('#/demos/event-loop/block?ms=50', { width, dark });
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
    await using visited = await room.visit();
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
    await using visited = await room.visit();
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
      await using visited = await room.visit('#/demos/streams/events?events=50', { calm });
      const { page } = visited;
      await page.click('.run');
      await page.locator('.arrival').waitFor();
      const seen = await page.evaluate<number>(moving);
      expect(calm ? seen === 0 : seen > 0).toBe(true);
    }
  });

  test('has a link for each request, and a request for each link', async () => {
    await using visited = await room.visit('#/demos/event-loop/yield?ms=40&sliceMs=2');
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

  test('says so where a link names nothing, and goes on with the next', async () => {
    await using visited = await room.visit('#/demos/cluster/nothing');
    const { page } = visited;
    await page.locator('#detail', { hasText: 'Nothing here is called /demos/cluster/nothing.' }).waitFor();
    await page.evaluate(`location.hash = '#/demos/cluster/whoami'`);
    await page.locator('#detail .run').waitFor();
    await page.evaluate(`location.hash = '#/demos/cluster/nothing'`);
    await page.locator('#detail .run').waitFor({ state: 'detached' });
    expect(await page.locator('#finder [aria-current]').count()).toBe(0);
    expect(visited.complaints).toEqual([]);
  });

  test('without demos is the cluster alone, and without the page there is text', async () => {
    await using alone = await Program.start({ WORKERS: '1', DEMOS: 'off' });
    await using visited = await visit(room.browser, `${alone.url}/`);
    await visited.page.locator('.worker[data-state=ready]').waitFor();
    expect(await visited.page.locator('#demos').isVisible()).toBe(false);
    expect(visited.complaints).toEqual([]);
  });

  test('of the API loads under the policy as well', async () => {
    await using visited = await room.visit('docs');
    await visited.page.locator('.opblock-tag').first().waitFor({ timeout: PATIENCE_MS });
    expect(visited.complaints).toEqual([]);
    const paper = () => visited.page.evaluate(`getComputedStyle(document.documentElement).backgroundColor`);
    const light = await paper();
    await visited.page.emulateMedia({ colorScheme: 'dark' });
    await until('another paper', async () => ((await paper()) === light ? undefined : true));
  });
});
