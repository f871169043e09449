import { readFileSync } from 'node:fs';
import packageJson from '../../package.json' with { type: 'json' };
import type { Extra, Feature } from '../http/feature.ts';
import { Problem } from '../http/problem.ts';
import { MadeOnce } from '../process/made-once.ts';
import { Asset, AssetFolder } from './asset.ts';
import { readIcon, readModules, readStyles } from './client-files.ts';
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
 * All are made when they are first asked for: a worker that no browser visits has no use for them. The manifest takes
 * longest and nothing that is painted first needs it, so it is not among the files whose address is made of their
 * content.
 *
 * @param workers how many cards there will be, so that nothing moves when they fill
 */
export function createControlRoom(features: readonly Feature[], workers: number): ControlRoom {
  let built: Built | undefined;
  const build = () => (built ??= buildRoom(workers));
  const manifest = new MadeOnce(() => buildManifest(features));
  return {
    page: (req, res) => build().page.send(req, res, false),
    extras: [
      {
        path: '/control-room/manifest.json',
        handler: async (req, res) => (await manifest.get()).send(req, res, false),
      },
      {
        path: '/control-room/:version/:file',
        async handler(req, res) {
          const { version, file } = req.params;
          if (!(await build().files.send(version, file, req, res))) throw new Problem('not-found');
        },
      },
    ],
  };
}

async function buildManifest(features: readonly Feature[]): Promise<Asset> {
  return new Asset('application/json', JSON.stringify(await describeForPage(features)));
}

function buildRoom(workers: number): Built {
  const modules = readModules();
  const files = new AssetFolder(new Map([['icon.svg', readIcon()], ['page.css', readStyles()], ...modules]));
  const at = `/control-room/${files.version}`;
  const html = readFileSync(new URL('./page.html', import.meta.url), 'utf8');
  const imported = [...modules.keys()].filter((name) => name !== 'main.js');
  const preloads = imported.map((name) => `<link rel="modulepreload" href="${at}/${name}" />`);
  const page = fillPage(html, {
    at,
    preloads: preloads.join('\n    '),
    cards: '<article class="worker card"></article>'.repeat(workers),
    name: capitalise(packageJson.name),
    description: packageJson.description,
  });
  return { page: new Asset('text/html; charset=utf-8', page), files };
}
