import { afterAll, afterEach } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { Program } from '../support/program.ts';
import { startBrowser, visit, type Visit, type VisitOptions } from './browser.ts';

/** Long enough for a busy machine. */
export const TIMEOUT_MS = 30_000;

interface ControlRoom {
  readonly browser: Browser;
  readonly program: Program;
  /** Opens a page of the service, until the end of the test. */
  visit(rest?: string, options?: VisitOptions): Promise<Visit>;
  /** Opens any page, until the end of the test. */
  visitUrl(url: string, options?: VisitOptions): Promise<Visit>;
}

/** A browser and a service with two workers, for all tests of a file. */
export async function useControlRoom(): Promise<ControlRoom> {
  const browser = await startBrowser();
  const program = await Program.start({ WORKERS: '2', HEARTBEAT_TIMEOUT_MS: '20000' });
  const visits: Visit[] = [];
  const visitUrl = async (url: string, options?: VisitOptions) => {
    const opened = await visit(browser, url, options);
    visits.push(opened);
    return opened;
  };
  afterEach(async () => {
    for (const opened of visits.splice(0)) await opened[Symbol.asyncDispose]();
  });
  afterAll(async () => {
    await browser.close();
    await program[Symbol.asyncDispose]();
  });
  return {
    browser,
    program,
    visitUrl,
    visit: (rest = '', options) => visitUrl(`${program.url}/${rest}`, options),
  };
}

/** Presses Run and waits for the response. @returns the status that the page shows */
export async function run(page: Page): Promise<string> {
  // Removes the response of an earlier run, which would be mistaken for this one's.
  await page.locator('.run-panel').evaluate('(panel) => panel.replaceChildren()');
  await page.click('.run');
  await page.locator('.run-panel[aria-busy=false] .response').waitFor({ timeout: TIMEOUT_MS });
  return page.locator('.status').innerText();
}
