import { readFileSync } from 'node:fs';
import packageJson from '../../package.json' with { type: 'json' };
import type { Feature, Pages } from '../routes/feature.ts';
import { Lazy } from '../shared/lazy.ts';
import { Asset } from './asset.ts';
import { readIcon, readScript, readStyles } from './client-files.ts';
import { createPage } from './page.ts';
import { describeForPage } from './page-manifest.ts';

const read = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8');

const BASE = '/control-room';

/**
 * The page that a browser gets at `/`, and its files.
 *
 * The manifest takes longest to render and the first paint does not need it, so it has a URL of its own, without a hash
 * of its content.
 *
 * @param workers the number of empty rows to render, so that the layout does not shift when they fill
 */
export function createControlRoom(
  features: readonly Feature[],
  workers: number,
): Required<Pick<Pages, 'page' | 'plainRoutes'>> {
  const manifest = new Lazy(
    async () => new Asset('application/json', JSON.stringify(await describeForPage(features))),
  );
  const { handler, files } = createPage(BASE, './page.html', () => {
    return {
      files: new Map([
        ['icon.svg', readIcon()],
        ['page.css', readStyles()],
        ['main.js', readScript()],
      ]),
      values: {
        rows: '<li class="worker"></li>'.repeat(workers),
        // The tours run demos.
        intro: features.some(({ base }) => base === '/demos/event-loop') ? read('./intro.html') : '',
        description: packageJson.description,
      },
    };
  });
  return {
    page: handler,
    plainRoutes: [
      {
        path: `${BASE}/manifest.json`,
        handler: async (req, res) => (await manifest.get()).send(req, res, false),
      },
      files,
    ],
  };
}
