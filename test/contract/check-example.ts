import { expect } from '@jest/globals';
import type { z } from 'zod';
import { hasContent, isMediaAnswer, type Example, type Route } from '../../src/http/feature.ts';
import type { Curl, Printed } from '../support/curl.ts';

/** The schema that what is printed should satisfy; none where it is nothing, text, a file, or cut by the line itself. */
function schemaOf(route: Route, example: Example): z.ZodType | undefined {
  if (!hasContent(route) || example.curl !== undefined || example.pipe !== undefined) return undefined;
  if (/text\/plain|event-stream/.test(example.headers?.['Accept'] ?? '')) return undefined;

  // not in a copy, down to the next empty line
  if (example.query?.['as'] === 'text') return undefined;
  const asked = example.query?.['as'] === 'json' || example.headers?.['Accept'] === 'application/json';
  if (isMediaAnswer(route.response)) return asked ? route.json : undefined;

  return isMediaAnswer(route.response) ? undefined : route.response;
}

/** Runs an example as it is printed, and holds what it gives against what its route declares. */
export async function checkExample(curl: Curl, { line, route, example }: Printed): Promise<void> {
  const { stdout, status, code } = await curl.run(line);
  expect({ line, code }).toEqual({ line, code: 0 });
  if (status !== undefined) expect({ line, status }).toEqual({ line, status: example.status ?? 200 });
  if ((example.status ?? 200) >= 400) {
    if (example.curl === undefined) expect(JSON.parse(stdout)).toMatchObject({ status: example.status });
    return;
  }

  // not in a copy, down to the next empty line
  if (example.query?.['as'] === 'text') {
    // What is there to be pasted is not broken.
    const read = stdout.split('\n').filter((text) => !text.startsWith('  curl '));
    for (const text of read) expect(text.length).toBeLessThanOrEqual(80);
    expect(stdout).not.toMatch(/…(?! and \d+ more)/); // a label that is cut may be like another
    expect(stdout).toContain('LESSON');
  }

  const schema = schemaOf(route, example);
  if (schema === undefined || status === 304) return;
  const parsed = schema.safeParse(JSON.parse(stdout));
  expect({ line, faults: parsed.error?.issues ?? [] }).toEqual({ line, faults: [] });
}
