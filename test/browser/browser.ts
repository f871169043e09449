import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type Page } from 'playwright-core';

/** Where common packages install it. */
const paths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Without a sandbox or GPU for containers, and without requests of Chromium's own. */
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts the installed Chromium. @throws {Error} if there is none */
export async function startBrowser(): Promise<Browser> {
  const executablePath = paths.find((path) => existsSync(path));
  if (executablePath === undefined) {
    throw new Error(`Chromium not found at ${paths.join(', ')}. Install it: apt-get install -y chromium`);
  }
  return chromium.launch({ executablePath, args: flags });
}

export interface Visit extends AsyncDisposable {
  readonly page: Page;
  /** Errors, policy violations, and requests to other hosts. */
  readonly errors: readonly string[];
  /** Bytes received so far, including headers. */
  readonly receivedBytes: () => number;
}

export interface VisitOptions {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  /** Whether the user prefers reduced motion. Defaults to true. */
  readonly reducedMotion?: boolean;
}

/** Opens a page in a new profile and records its errors. */
export async function visit(
  browser: Browser,
  url: string,
  { width = 1280, height = 1000, dark = false, reducedMotion = true }: VisitOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: reducedMotion ? 'reduce' : 'no-preference',
  });
  const page = await context.newPage();
  const errors: string[] = [];
  let receivedBytes = 0;
  const { origin } = new URL(url);
  page.on('console', (message) => {
    // The console reports error responses, which may be what a demo shows.
    if (message.type() !== 'error' || message.text().startsWith('Failed to load resource')) return;
    errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(String(error.stack)));
  page.on('request', (request) => {
    const to = new URL(request.url());
    if (to.origin !== origin && to.protocol !== 'data:') errors.push(`requested ${request.url()}`);
  });
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  session.on('Network.loadingFinished', ({ encodedDataLength }) => (receivedBytes += encodedDataLength));
  await page.exposeFunction('recordViolation', (text: string) => errors.push(text));
  await page.addInitScript(
    `addEventListener('securitypolicyviolation', (e) => recordViolation('policy: ' + e.violatedDirective + ' ' + e.blockedURI));`,
  );
  await page.goto(url);
  return {
    page,
    errors,
    receivedBytes: () => receivedBytes,
    [Symbol.asyncDispose]: () => context.close(),
  };
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Accessibility violations found by axe. Its script is injected by the debugger: the page's policy would block it. */
export async function findViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(
    `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => id + ': ' + target.join(' ') + ' ' + failureSummary)))`,
  );
}
