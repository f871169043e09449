/** What the page shows of the workers, in a real browser. */
import process from 'node:process';
import { describe, expect, test } from '@jest/globals';
import { Program, until } from '../support/program.ts';
import { visit } from './browser.ts';
import { openControlRoom, PATIENCE_MS, run } from './control-room.ts';

const room = openControlRoom();

describe('the cluster', () => {
  test('shows a killed worker as gone, and its replacement', async () => {
    const [victim] = await room.program.readyWorkers(2);
    await using visited = await room.visit();
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
    const workers = await room.program.readyWorkers(2);
    await using visited = await room.visit();
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
    const workers = await room.program.readyWorkers(2);
    await using visited = await room.visit('#/demos/cluster/whoami');
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
      await using visited = await visit(room.browser, `${gone.url}/#/demos/cluster/whoami`, { width: 360 });
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
    await room.program.readyWorkers(2);
    await using visited = await room.visit('#/demos/failures/uncaught-exception');
    const { page } = visited;
    await page.click('.run');
    await page.locator('dialog .danger').click();
    await page.locator('.after-events li[data-event=crashed]').waitFor({ timeout: PATIENCE_MS });
    await page.locator('.after-events li[data-event=ready]').waitFor({ timeout: PATIENCE_MS });
    await room.program.readyWorkers(2);
    await run(page);
    expect(await page.locator('dialog').count()).toBe(0);
    await room.program.readyWorkers(2);
    await page.locator('.contrast.button', { hasText: '/exit' }).click();
    await page.locator('.pair .after-events li[data-event=forked]').first().waitFor({ timeout: PATIENCE_MS });
    await room.program.readyWorkers(2);
  }, 60_000);
});
