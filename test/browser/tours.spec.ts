/** The tours of the control room, in a real browser. */
import { describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { Program } from '../support/program.ts';
import { findViolations } from './browser.ts';
import { TIMEOUT_MS, useControlRoom } from './control-room.ts';

const room = await useControlRoom();
const verdict = (page: Page) => page.locator('.tour-stage[data-state=ended] .verdict');

/** Opens the page and starts a tour with the keyboard alone. */
async function start(page: Page, tour: string): Promise<void> {
  await page.locator(`[data-tour=${tour}]:enabled`).waitFor();
  for (let steps = 0; steps < 20; steps += 1) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate('document.activeElement.dataset.tour')) === tour) break;
  }
  await page.keyboard.press('Enter');
  await page.locator('#tour-title:focus').waitFor();
}

describe('the tour', () => {
  test('"Block the event loop" compares the waits of the same work in one go and in slices', async () => {
    const { page, errors } = await room.visit();
    await start(page, 'block');
    await page.locator('.load-chart circle').first().waitFor({ timeout: TIMEOUT_MS });
    expect(await findViolations(page)).toEqual([]);
    await verdict(page).waitFor({ timeout: TIMEOUT_MS });
    expect(await findViolations(page)).toEqual([]);
    expect(await page.locator('.tour-steps li[data-state=done]').count()).toBe(3);
    expect(await verdict(page).innerText()).toMatch(
      /(wait \d+× longer than with slices|Inconclusive)[^]*A health check of the same process waited up to [\d,.]+ m?s/,
    );
    expect(errors).toEqual([]);
  }, 60_000);

  test('"Kill a worker" names the worker that was killed, and the one that replaced it', async () => {
    const before = (await room.program.readyWorkers(2)).map(({ id }) => id);
    const { page } = await room.visit();
    await start(page, 'kill');
    await verdict(page).waitFor({ timeout: TIMEOUT_MS });
    const [, replacement, killed] =
      /Worker (\d+) replaced worker (\d+) after/.exec(await verdict(page).innerText()) ?? [];
    expect(before).toContain(Number(killed));
    const after = (await room.program.readyWorkers(2)).map(({ id }) => id);
    expect(after).toContain(Number(replacement));
    expect(after).not.toContain(Number(killed));
    expect(await verdict(page).innerText()).toMatch(/\d+ of \d+ requests of this page failed/);
  }, 60_000);

  test('"Reload under load" replaces every worker without a failed request', async () => {
    const newest = Math.max(...(await room.program.readyWorkers(2)).map(({ id }) => id));
    const { page } = await room.visit();
    await start(page, 'reload');
    await verdict(page).waitFor({ timeout: TIMEOUT_MS });
    expect(await verdict(page).innerText()).toMatch(/2 workers replaced in .*, 0 of \d+ requests failed/);
    expect(await verdict(page).getAttribute('data-tone')).toBe('shown');
    const after = await room.program.readyWorkers(2);
    expect(after.every(({ id }) => id > newest)).toBe(true);
  }, 60_000);

  test('is stopped with Escape, runs again, and is closed', async () => {
    const { page } = await room.visit('', { width: 360 });
    await start(page, 'block');
    await page.keyboard.press('Escape');
    await page.locator('.verdict', { hasText: 'Stopped' }).waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    const requested: string[] = [];
    page.on('request', (request) => requested.push(new URL(request.url()).pathname));
    await page.waitForTimeout(500);
    expect(requested.filter((path) => path.startsWith('/demos'))).toEqual([]);
    await page.locator('.tour-head .button', { hasText: 'Run again' }).click();
    await page.locator('.tour-steps li[data-state=running]').waitFor();
    await page.locator('.tour-head .button', { hasText: 'Close' }).click();
    expect(await page.locator('#tour').isVisible()).toBe(false);
    expect(await page.evaluate('document.activeElement.dataset.tour')).toBe('block');
  });

  test('sends nothing dangerous without a cluster, and shows what the server refuses', async () => {
    await using single = await Program.start({ WORKERS: '0' });
    const { page } = await room.visitUrl(`${single.url}/`);
    await page.locator('.worker[data-state=ready]').waitFor({ timeout: TIMEOUT_MS });
    await page.locator('[data-tour=kill]').click();
    expect(await verdict(page).innerText()).toContain('runs without a cluster');
    await using safe = await Program.start({ WORKERS: '1', DANGER: 'off' });
    const { page: other } = await room.visitUrl(`${safe.url}/`);
    await other.locator('.worker[data-state=ready]').waitFor({ timeout: TIMEOUT_MS });
    await other.locator('[data-tour=kill]').click();
    await verdict(other).waitFor({ timeout: TIMEOUT_MS });
    expect(await verdict(other).innerText()).toContain('Set DANGER=on to allow it');
  }, 60_000);
});
