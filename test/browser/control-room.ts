import { afterAll, beforeAll } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { Program } from '../support/program.ts';
import { startBrowser, visit, type Visit, type VisitOptions } from './browser.ts';

/** What a machine that does other things as well may need. */
export const PATIENCE_MS = 30_000;

interface ControlRoom {
  readonly browser: Browser;
  readonly program: Program;
  at(rest?: string): string;
  visit(rest?: string, options?: VisitOptions): Promise<Visit>;
}

/** A real browser and the real program with two workers, for the tests of one file. */
export function openControlRoom(): ControlRoom {
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
  const at = (rest = '') => `${program.url}/${rest}`;
  return {
    get browser() {
      return browser;
    },
    get program() {
      return program;
    },
    at,
    visit: (rest, options) => visit(browser, at(rest), options),
  };
}

/** Presses «Run». @returns what the page says of it when it has ended */
export async function run(page: Page): Promise<string> {
  // What an earlier run showed must not be taken for the answer of this one.
  await page.locator('.stage').evaluate('(stage) => stage.replaceChildren()');
  await page.click('.run');
  await page.locator('.stage[aria-busy=false] .answer').waitFor({ timeout: PATIENCE_MS });
  return page.locator('.status').innerText();
}
