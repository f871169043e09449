import { describe, expect, test } from '@jest/globals';
import { contrastCommands } from '../../../src/demos/kit/contrasts.ts';
import { printedExamples } from '../../support/curl.ts';
import { useTestApp } from '../../support/use-test-app.ts';

const { client, features } = await useTestApp();
const ORIGIN = 'localhost:3000';

const contrasts = features.flatMap((feature) =>
  feature.routes.flatMap((route) =>
    (route.meta?.contrasts ?? []).map((contrast) => ({ route, name: feature.base + route.path, contrast })),
  ),
);

/** The commands of one contrast, for a request whose parameters have other values. */
function commandsOf({ route, contrast }: (typeof contrasts)[number]): string[] {
  const declared = { ...route, meta: { ...route.meta, contrasts: [contrast] } };
  return contrastCommands(features, { route: declared, query: {} }, ORIGIN);
}

describe('the contrasts of every demo', () => {
  // The examples are run verbatim by tests of their own.
  test('are printed as an example of their target, with the values that the contrast names', () => {
    const examples = new Map(printedExamples(features).map((printed) => [printed.command, printed]));
    const wrong = contrasts.flatMap((each) => {
      const [command = ''] = commandsOf(each);
      const example = examples.get(command)?.example;
      const values = [...new URLSearchParams(each.contrast.split('?')[1])];
      const matches = values.every(([name, value]) => String(example?.query?.[name]) === value);
      return example !== undefined && matches ? [] : [`${each.name}: ${each.contrast} as ${command}`];
    });

    expect(wrong).toEqual([]);
  });

  test('respond as text if the target can', () => {
    const asText = new Set(
      printedExamples(features)
        .filter(({ example }) => example.query?.['as'] === 'text')
        .map(({ feature, route }) => feature.base + route.path),
    );
    const wrong = contrasts.flatMap((each) => {
      const [command = ''] = commandsOf(each);
      const target = each.contrast.split('?')[0] ?? '';
      return asText.has(target) && !command.includes('as=text') ? [command] : [];
    });

    expect(wrong).toEqual([]);
  });

  test('do not include the request itself', async () => {
    const commands = async (way: string) => {
      const response = await client.get(`/demos/non-blocking/read?style=${way}`).set('Host', ORIGIN);
      return (response.body as { compareWith: string[] }).compareWith.join('\n');
    };

    expect(await commands('callback')).not.toContain('style=callback');
    expect(await commands('promise')).toContain(
      "curl -s 'localhost:3000/demos/non-blocking/read?style=callback",
    );
  });
});
