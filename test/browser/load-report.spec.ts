import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { renderPage } from '../load/report/page.ts';
import type { Report } from '../load/report/report.ts';
import { findViolations, startBrowser, visit } from './browser.ts';

const run = fileURLToPath(new URL('../load/run.ts', import.meta.url));

describe('the report of a load test', () => {
  let browser: Browser;
  let folder: string;
  let page: string;
  let compared: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'load-report-'));
    // A real run, as short as possible. Its thresholds do not matter here.
    const { stderr } = spawnSync(process.execPath, [run, 'stream', 'log', '--short', '--out', folder], {
      encoding: 'utf8',
    });
    const files = readdirSync(folder);
    const html = files.find((name) => name.endsWith('.html'));
    const json = files.find((name) => name.endsWith('.json'));
    if (html === undefined || json === undefined) throw new Error(`no report was written: ${stderr}`);
    page = pathToFileURL(join(folder, html)).href;
    const report = JSON.parse(readFileSync(join(folder, json), 'utf8')) as Report;
    writeFileSync(join(folder, 'compared.html'), renderPage(report, report));
    compared = pathToFileURL(join(folder, 'compared.html')).href;
    browser = await startBrowser();
  }, 120_000);

  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  test.each([
    [1500, false],
    [800, true],
    [360, true],
    [360, false],
  ])('shows every chart without overflow at %i pixels, dark: %s', async (width, dark) => {
    for (const url of [page, compared]) {
      await using opened = await visit(browser, url, { width, dark });
      const charts = await opened.page.evaluate<
        { lines: number; inside: boolean; scale: number }[]
      >(`[...document.querySelectorAll('svg')]
        .filter((svg) => svg.checkVisibility())
        .map((svg) => {
          const box = svg.getBoundingClientRect();
          const lines = [...svg.querySelectorAll('path.line')].filter((line) => line.getTotalLength() > 100);
          const scale = box.width / svg.viewBox.baseVal.width;
          return { lines: lines.length, inside: box.left >= 0 && box.right <= innerWidth, scale };
        })`);
      // The lesson of each of the two scenarios, and both variants over time.
      expect(charts).toHaveLength(4);
      expect(charts.every(({ lines }) => lines >= 2)).toBe(true);
      expect(charts.every(({ inside }) => inside)).toBe(true);
      // Text in charts is not scaled down much.
      expect(Math.min(...charts.map(({ scale }) => scale))).toBeGreaterThan(0.75);
      const overflow = await opened.page.evaluate<number>(
        'document.documentElement.scrollWidth - innerWidth',
      );
      expect(overflow).toBeLessThanOrEqual(0);
      expect(opened.errors).toEqual([]);
    }
  });

  test.each([false, true])('requests nothing else and passes axe, dark: %s', async (dark) => {
    await using opened = await visit(browser, page, { dark });
    const requested: string[] = [];
    opened.page.on('request', (request) => requested.push(request.url()));
    await opened.page.reload();
    expect(requested.filter((url) => url !== page)).toEqual([]);
    expect(requested).toHaveLength(1);
    await opened.page.evaluate(`document.querySelectorAll('details').forEach((one) => (one.open = true))`);
    expect(await findViolations(opened.page)).toEqual([]);
    expect(opened.errors).toEqual([]);
  });
});
