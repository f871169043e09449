import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type Page } from 'playwright-core';

/** Where Debian's and Ubuntu's packages, and other common ones, put it. */
const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Nothing but what the page asks for leaves the machine. */
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

/** Starts the machine's Chromium. @throws {Error} that says what to install */
export async function startBrowser(): Promise<Browser> {
  const executablePath = places.find((path) => existsSync(path));
  if (executablePath === undefined) {
    throw new Error(
      `The browser tests need Chromium, and there is none at ${places.join(', ')}: apt-get install -y chromium`,
    );
  }
  return chromium.launch({ executablePath, args: flags });
}

export interface Visit extends AsyncDisposable {
  readonly page: Page;
  /** What the browser complained of: violations of the policy, errors, requests to elsewhere. */
  readonly complaints: readonly string[];
  /** Bytes that came over the wire so far, headers included. */
  readonly transferred: () => number;
}

export interface VisitOptions {
  readonly width?: number;
  readonly dark?: boolean;
  /** Whether motion is unwelcome. */
  readonly calm?: boolean;
}

/** Opens a page in a fresh profile and listens to every complaint. */
export async function visit(
  browser: Browser,
  url: string,
  { width = 1280, dark = false, calm = true }: VisitOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({
    viewport: { width, height: 1000 },
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: calm ? 'reduce' : 'no-preference',
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  let transferred = 0;
  const { origin } = new URL(url);
  page.on('console', (message) => {
    // A problem answer is an error to a browser's console; here it may be what a demo shows.
    if (message.type() !== 'error' || message.text().startsWith('Failed to load resource')) return;
    complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error.stack)));
  page.on('request', (request) => {
    const to = new URL(request.url());
    if (to.origin !== origin && to.protocol !== 'data:') complaints.push(`asked ${request.url()}`);
  });
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  session.on('Network.loadingFinished', ({ encodedDataLength }) => (transferred += encodedDataLength));
  await page.exposeFunction('complain', (text: string) => complaints.push(text));
  await page.addInitScript(
    `addEventListener('securitypolicyviolation', (e) => complain('policy: ' + e.violatedDirective + ' ' + e.blockedURI));`,
  );
  await page.goto(url);
  return {
    page,
    complaints,
    transferred: () => transferred,
    [Symbol.asyncDispose]: () => context.close(),
  };
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds, in a line each. Its script goes in through the debugger: the policy would refuse it. */
export async function findBarriers(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(
    `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => id + ': ' + target.join(' ') + ' ' + failureSummary)))`,
  );
}
