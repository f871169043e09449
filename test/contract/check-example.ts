import { expect } from '@jest/globals';
import type { z } from 'zod';
import { hasContent, isMediaResponse, type Example, type Route } from '../../src/routes/route.ts';
import type { Curl, PrintedExample } from '../support/curl.ts';
import { unusualWords } from '../support/wording.ts'; // template: omit

/** Runs an example verbatim and checks its response against the declarations of its route. */
export async function checkExample(curl: Curl, printed: PrintedExample): Promise<void> {
  const { command, route, example } = printed;
  const { stdout, status, code } = await curl.run(command);
  expect({ command, code }).toEqual({ command, code: 0 });
  const expected = example.status ?? 200;
  if (status !== undefined) expect({ command, status }).toEqual({ command, status: expected });
  if (printed.feature.base.startsWith('/demos')) checkWording(command, stdout); // template: omit
  if (expected >= 400) {
    if (example.curl === undefined) expect(JSON.parse(stdout)).toMatchObject({ status: expected });
    return;
  }
  if (example.query?.['as'] === 'text') checkText(printed, stdout); // template: omit
  const schema = schemaOf(route, example);
  if (schema === undefined || status === 304) return;
  const body: unknown = JSON.parse(stdout);
  const parsed = schema.safeParse(body);
  expect({ command, faults: parsed.error?.issues ?? [] }).toEqual({ command, faults: [] });
  checkHeadline(command, (body as { lesson?: { headline: string } }).lesson?.headline); // template: omit
}

/** The schema of what the command prints; undefined if that is empty, text, a file or only a part of the response. */
function schemaOf(route: Route, example: Example): z.ZodType | undefined {
  if (!hasContent(route) || example.curl !== undefined || example.pipe !== undefined) return undefined;
  const accept = example.headers?.['Accept'] ?? '';
  if (/text\/plain|event-stream/.test(accept)) return undefined;

  // template: omit until blank line
  if (example.query?.['as'] === 'text') return undefined;
  const wantsJson = example.query?.['as'] === 'json' || accept === 'application/json';
  if (isMediaResponse(route.response)) return wantsJson ? route.json : undefined;

  return isMediaResponse(route.response) ? undefined : route.response;
}

// template: omit until blank line
function checkWording(command: string, stdout: string): void {
  expect({ command, unusual: unusualWords(stdout) }).toEqual({ command, unusual: [] });
}

// template: omit until blank line
function checkText({ command, feature }: PrintedExample, stdout: string): void {
  const lines = stdout.split('\n').filter((line) => !/^ {2,}(?:\S.*)?\bcurl /.test(line)); // a command is not wrapped
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  expect(stdout).not.toMatch(/…(?! and \d+ more)/); // two truncated labels may look the same
  if (!feature.base.startsWith('/demos')) return;
  expect(stdout).toContain('\nLESSON\n');
  checkHeadline(command, /\nLESSON\n(.+?)\n\n/s.exec(stdout)?.[1]);
}

// template: omit until blank line
function checkHeadline(command: string, headline = ''): void {
  const words = headline.split(/\s+/).filter(Boolean);
  if (words.length > 12) throw new Error(`more than 12 words: ${words.join(' ')} (${command})`);
}
