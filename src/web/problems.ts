import { listProblems, type ListedProblem } from '../manifest/problem-list.ts';
import type { Feature } from '../routes/feature.ts';
import { readIcon, readStyles } from './client-files.ts';
import { createPage } from './page.ts';

/** `GET /problems` for a browser: a table with an anchor per code, which the `type` of an error response links to. */
export function createProblemsPage(features: readonly Feature[]): ReturnType<typeof createPage> {
  return createPage('/problems', './problems.html', () => ({
    files: new Map([
      ['icon.svg', readIcon()],
      ['page.css', readStyles()],
    ]),
    values: { rows: listProblems(features).map(renderRow).join('\n') },
  }));
}

function renderRow({ code, status, title }: ListedProblem): string {
  return `<tr id="${escape(code)}"><th scope="row"><a href="#${escape(code)}"><code>${escape(code)}</code></a></th><td>${status}</td><td>${escape(title)}</td></tr>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
