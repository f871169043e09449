/** The workers on the page, in a real browser. */
import process from 'node:process';
import { describe, expect, test } from '@jest/globals';
import { createTestDatabase } from '../support/database.ts';
import { Program, until } from '../support/program.ts';
import { findViolations } from './browser.ts';
import { run, TIMEOUT_MS, useControlRoom } from './control-room.ts';

const room = await useControlRoom();

describe('the cluster', () => {
  test('shows a killed worker as gone, and its replacement', async () => {
    const [victim] = await room.program.readyWorkers(2);
    const { page } = await room.visit();
    const card = page.locator('.worker[data-slot="0"]');
    await page.locator(`.worker[data-worker="${victim?.id}"][data-state=ready]`).waitFor();
    process.kill(Number(victim?.pid), 'SIGKILL');
    await page
      .locator(`.worker[data-worker="${victim?.id}"][data-state=gone]`)
      .waitFor({ timeout: TIMEOUT_MS });
    await page.click('#cluster-toggle');
    await page.locator('.events li[data-event=crashed]').first().waitFor();
    await until('another worker in that slot', async () => {
      const state = await card.getAttribute('data-state');
      const id = Number(await card.getAttribute('data-worker'));
      return state === 'ready' && id > (victim?.id ?? 0) ? true : undefined;
    });
  });

  test('stays live while a worker is suspended, even the one that relays the data', async () => {
    const workers = await room.program.readyWorkers(2);
    const { page } = await room.visit();
    await page.locator('.connection[data-state=live]').waitFor();
    for (const { pid, id } of workers) {
      process.kill(pid, 'SIGSTOP');
      try {
        await page
          .locator(`.worker[data-worker="${id}"][data-state=silent]`)
          .waitFor({ timeout: TIMEOUT_MS });
        await page.locator('.connection[data-state=live]').waitFor();
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      await page.locator(`.worker[data-worker="${id}"][data-state=ready]`).waitFor({ timeout: TIMEOUT_MS });
    }
  }, 60_000);

  test('shows a worker that cannot reach its database, until it can', async () => {
    await using database = await createTestDatabase();
    await using service = await Program.start({ WORKERS: '1', DATABASE_URL: database.url });
    const { page } = await room.visitUrl(service.url);
    const state = (name: string) => page.locator(`.worker[data-state=${name}] .state`);
    await state('ready').waitFor();
    await database.allowConnections(false);
    await state('unavailable').waitFor({ timeout: TIMEOUT_MS });
    expect(await state('unavailable').textContent()).toBe('no database');
    await database.allowConnections(true);
    await state('ready').waitFor({ timeout: TIMEOUT_MS });
  });

  test('shows nothing as ready while the primary is silent, and since when', async () => {
    await using service = await Program.start({ WORKERS: '2' });
    const { page } = await room.visitUrl(`${service.url}/`);
    await page.locator('.worker[data-state=ready]').nth(1).waitFor();
    service.kill('SIGSTOP');
    try {
      await page.locator('.worker[data-state=unknown]').nth(1).waitFor({ timeout: TIMEOUT_MS });
      expect(await page.locator('[data-state=ready]').count()).toBe(0);
      expect(await page.locator('#primary').innerText()).toMatch(/unknown since \d\d:\d\d:\d\d\.$/);
      expect(await findViolations(page)).toEqual([]);
    } finally {
      service.kill('SIGCONT');
    }
    await page.locator('.worker[data-state=ready]').nth(1).waitFor({ timeout: TIMEOUT_MS });
  }, 60_000);

  test('stays in view when the page is scrolled', async () => {
    const { page } = await room.visit('#/demos/event-loop/block', { width: 1366, height: 768 });
    await page.locator('.worker[data-state=ready]').nth(1).waitFor();
    await page.evaluate('scrollTo({ top: document.body.scrollHeight, behavior: "instant" })');
    const bottom: number = await page.evaluate(
      `document.getElementById('cluster').getBoundingClientRect().bottom`,
    );
    expect(bottom).toBeGreaterThan(50);
    expect(bottom).toBeLessThan(300);
  });

  test('recovers and can run requests after all workers are killed at once', async () => {
    const workers = await room.program.readyWorkers(2);
    const { page, errors } = await room.visit('#/demos/cluster/whoami');
    await page.locator('.connection[data-state=live]').waitFor();
    await page.locator('.run-panel').waitFor(); // it is loaded from a worker
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
    await page.locator('.connection[data-state=live]').waitFor({ timeout: TIMEOUT_MS });
    expect(await run(page)).toMatch(/^200 /);
    expect(errors).toEqual([]);
  }, 60_000);

  test.each([
    ['stopped', (service: Program) => service.kill('SIGTERM')],
    ['killed', (service: Program) => service.kill('SIGKILL')],
  ])(
    'shows that it is disconnected when the primary is %s, and recovers after a restart',
    async (_how, end) => {
      await using service = await Program.start({ WORKERS: '1' });
      const { page } = await room.visitUrl(`${service.url}/#/demos/cluster/whoami`, {
        width: 360,
      });
      await page.locator('.connection[data-state=live]').waitFor();
      end(service);
      await page
        .locator('.connection[data-state=disconnected]', { hasText: 'retrying' })
        .waitFor({ timeout: TIMEOUT_MS });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
      await service.exited;
      await page.click('.run');
      await page.locator('.failure', { hasText: 'no response' }).waitFor({ timeout: TIMEOUT_MS });
      await using restarted = await Program.start({ WORKERS: '1', PORT: new URL(service.url).port });
      const [worker] = await restarted.readyWorkers(1);
      await page.locator('.connection[data-state=live]').waitFor({ timeout: TIMEOUT_MS });
      await page.locator('.worker', { hasText: `pid ${worker?.pid}` }).waitFor({ timeout: TIMEOUT_MS });
      expect(await run(page)).toMatch(/^200 /);
    },
    60_000,
  );

  test('asks once before each dangerous demo and shows what happened to the worker', async () => {
    await room.program.readyWorkers(2);
    const { page } = await room.visit('#/demos/failures/uncaught-exception');
    await page.click('.run');
    await page.locator('dialog .danger').click();
    await page.locator('.outcome-events li[data-event=crashed]').waitFor({ timeout: TIMEOUT_MS });
    await page.locator('.outcome-events li[data-event=ready]').waitFor({ timeout: TIMEOUT_MS });
    expect(await page.locator('.outcome-verdict').innerText()).toMatch(
      /^Worker \d+ replaced worker \d+ after /,
    );
    expect(await page.locator('.worker-outcome .state').innerText()).toBe('gone');
    await room.program.readyWorkers(2);
    await run(page);
    expect(await page.locator('dialog').count()).toBe(0);
    await room.program.readyWorkers(2);
    await page.locator('.contrast.button', { hasText: '/exit' }).click();
    await page.locator('dialog .danger').click();
    await page
      .locator('.comparison .outcome-events li[data-event=forked]')
      .first()
      .waitFor({ timeout: TIMEOUT_MS });
    await room.program.readyWorkers(2);
  }, 60_000);
});
