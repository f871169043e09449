import { readFileSync } from 'node:fs';
import packageJson from '../../package.json' with { type: 'json' };
import type { Extra, Feature } from '../http/feature.ts';
import { Problem } from '../http/problem.ts';
import { Asset, AssetFolder } from './asset.ts';
import { readClientFiles } from './client-files.ts';
import { describeForPage } from './page-manifest.ts';
import { capitalise, fillPage } from './fill-page.ts';

interface ControlRoom {
  readonly page: Extra['handler'];
  readonly extras: readonly Extra[];
}

interface Built {
  readonly page: Asset;
  readonly files: AssetFolder;
}

/**
 * The page that a browser gets at `/`, and its files.
 *
 * @param workers how many cards there will be, so that nothing moves when they fill
 */
export function createControlRoom(features: readonly Feature[], workers: number): ControlRoom {
  let built: Built | undefined;
  // Made when it is first asked for: a worker that no browser visits has no use for it.
  const build = () => (built ??= buildRoom(features, workers));
  return {
    page: (req, res) => build().page.send(req, res, false),
    extras: [
      {
        path: '/control-room/:version/:file',
        async handler(req, res) {
          res.locals.route = '/control-room/:version/:file';
          const { version, file } = req.params;
          if (!(await build().files.send(version, file, req, res))) throw new Problem('not-found');
        },
      },
    ],
  };
}

function buildRoom(features: readonly Feature[], workers: number): Built {
  const files = readClientFiles();
  const modules = [...files.keys()].filter((name) => name.endsWith('.js') && name !== 'main.js');
  const manifest = JSON.stringify(describeForPage(features));
  files.set('manifest.json', new Asset('application/json', manifest));
  const folder = new AssetFolder(files);
  const at = `/control-room/${folder.version}`;
  const html = readFileSync(new URL('./page.html', import.meta.url), 'utf8');
  const preloads = modules.map((name) => `<link rel="modulepreload" href="${at}/${name}" />`);
  const page = fillPage(html, {
    at,
    preloads: preloads.join('\n    '),
    cards: '<article class="worker card"></article>'.repeat(workers),
    name: capitalise(packageJson.name),
    description: packageJson.description,
  });
  return { page: new Asset('text/html; charset=utf-8', page), files: folder };
}
