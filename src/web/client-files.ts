import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Asset } from './asset.ts';
import { bundleScripts } from './script-bundle.ts';

const folder = new URL('./client/', import.meta.url);

/** Modules of the server that the page uses as well. */
const SHARED_MODULES = ['../../manifest/shell-quote.ts'];

/** In the order of the cascade. */
const STYLES = [
  'base.css',
  'header.css',
  'dom/controls.css',
  'cluster/cluster.css',
  'cluster/events.css',
  'demos/demos.css',
  'demos/route-list.css',
  'request/request-form.css',
  'response/response.css',
  'response/response-progress.css',
  'response/comparison.css',
  'load-burst/load-burst.css',
  'tours/tours.css',
  'problems.css',
];

/** The page's modules as one script. */
export function readScript(): Asset {
  const paths = [...globSync('**/*.ts', { cwd: fileURLToPath(folder) }).sort(), ...SHARED_MODULES];
  const sources = new Map(paths.map((path) => [path, read(path)]));
  return new Asset('text/javascript; charset=utf-8', [...sources.values()].join('\0'), () =>
    bundleScripts(sources, 'main.ts'),
  );
}

/** All styles in one file: the browser paints nothing before it has all of them. */
export function readStyles(): Asset {
  return new Asset('text/css; charset=utf-8', STYLES.map(read).join('\n'));
}

export function readIcon(): Asset {
  return new Asset('image/svg+xml', read('icon.svg'));
}

function read(path: string): string {
  return readFileSync(new URL(path, folder), 'utf8');
}
