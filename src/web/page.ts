import { readFileSync } from 'node:fs';
import packageJson from '../../package.json' with { type: 'json' };
import type { PlainRoute } from '../routes/route.ts';
import { Asset, AssetFolder } from './asset.ts';

interface PageSource {
  readonly files: ReadonlyMap<string, Asset>;
  /** Values for the template. They may contain `{{at}}`, the URL of the files, and `{{name}}`. */
  readonly values?: Readonly<Record<string, string>>;
}

interface Page {
  readonly handler: PlainRoute['handler'];
  /** Serves the files at URLs that change with their content. */
  readonly files: PlainRoute;
}

/**
 * A page with its files, built at the first request: a worker that no browser visits does not need them.
 *
 * @param path the path that the files are below
 * @param template an HTML file in this folder, in which `{{name}}` stands for the value of that name
 */
export function createPage(path: string, template: string, read: () => PageSource): Page {
  let built: { readonly html: Asset; readonly files: AssetFolder } | undefined;
  const build = () => {
    const source = read();
    const files = new AssetFolder(source.files);
    const name = packageJson.name.replace(/^./, (letter) => letter.toUpperCase());
    const values = { ...source.values, at: `${path}/${files.version}`, name };
    let html = readFileSync(new URL(template, import.meta.url), 'utf8');
    for (const [key, value] of Object.entries(values)) html = html.replaceAll(`{{${key}}}`, () => value);
    return { html: new Asset('text/html; charset=utf-8', html), files };
  };
  const get = () => (built ??= build());
  return {
    handler: (req, res) => get().html.send(req, res, false),
    files: { path: `${path}/:version/:file`, handler: (req, res) => get().files.send(req, res) },
  };
}
