/** The parts of the documentation that are made from declarations in the code. `npm run docs` writes them. */
import { readFileSync } from 'node:fs';
import { ExitCode } from '../../src/cluster/messages.ts';
import { variables } from '../../src/config/variables.ts';
import { featureVariables } from '../../src/features.ts';
import { exampleCurl } from '../../src/http/curl.ts';
import type { Feature, Route } from '../../src/http/feature.ts';
import { createTestApp } from '../support/app.ts';
import { root } from '../support/program.ts';
import { escape, renderEnvExample, renderVariables } from './variables.ts';

const declared = { ...variables, ...featureVariables };

/** Every generated file with the text it should have. */
export async function renderDocs(): Promise<Map<string, string>> {
  await using service = await createTestApp();
  const readme = readFileSync(`${root}README.md`, 'utf8');
  const sections = {
    routes: renderRoutes(service.features),
    'exit-codes': renderExitCodes(),
    configuration: renderVariables(declared),
  };
  return new Map([
    ['.env.example', renderEnvExample(declared)],
    [
      'README.md',
      Object.entries(sections).reduce((text, [name, section]) => insert(text, name, section), readme),
    ],
  ]);
}

/** Puts a section between its two marks; a README that has no marks for it does without. */
function insert(text: string, name: string, section: string): string {
  const [start, end] = [`<!-- ${name}: written by npm run docs -->`, `<!-- /${name} -->`];
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from < 0 && to < 0) return text;
  if (from < 0 || to < from) throw new Error(`README.md has no section between ${start} and ${end}`);
  return `${text.slice(0, from + start.length)}\n\n${section}\n\n${text.slice(to)}`;
}

/** What the comments beside the codes say. */
function renderExitCodes(): string {
  const source = readFileSync(`${root}src/cluster/messages.ts`, 'utf8');
  const entries = [...source.matchAll(/\/\*\* (.+) \*\/\n +(\w+): (\d+),/g)];
  const told = entries.map(([, , name]) => name);
  if (told.join() !== Object.keys(ExitCode).join())
    throw new Error('an exit code has no comment of one line');
  const rows = entries.map(([, meaning = '', , code]) => `| ${code} | ${escape(meaning)} |`);
  return `| code | meaning |\n| --- | --- |\n${rows.join('\n')}`;
}

/** What the README says of each route, over its column. */
const [told] = [
  'what it shows', // not in a copy
  'what it does',
] as const;

function renderRoutes(features: readonly Feature[]): string {
  const blocks = features.map((feature) => {
    const rows = feature.routes.map(
      (route) =>
        `| \`${escape(exampleCurl(feature, route, route.examples[0]))}\` | ${escape(explain(route))} |`,
    );
    return `**${feature.title}** (\`${feature.id}\`): ${escape(feature.summary)}\n\n| try | ${told} |\n| --- | --- |\n${rows.join('\n')}`;
  });
  return blocks.join('\n\n');
}

/** One sentence about a route. */
function explain(route: Route): string {
  // not in a copy, down to the next empty line
  const mark = route.danger === true ? ' **dangerous**' : '';
  if (route.teaches !== undefined) return route.teaches + mark;

  return route.summary;
}
