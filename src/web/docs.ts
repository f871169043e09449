import { readFileSync } from 'node:fs';
import packageJson from '../../package.json' with { type: 'json' };
import type { Extra } from '../http/feature.ts';
import { Problem } from '../http/problem.ts';
import { Asset, AssetFolder } from './asset.ts';
import { capitalise, fillPage } from './fill-page.ts';

const script = 'text/javascript; charset=utf-8';

/** Swagger UI's own starting page has its script inline, which the policy forbids: this one loads it. */
const start = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  defaultModelsExpandDepth: -1,
  docExpansion: 'none',
  filter: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
`;

/** Swagger UI has a dark look, and leaves it to the page when to have it; before anything is painted. */
const theme = `const dark = matchMedia('(prefers-color-scheme: dark)');
const apply = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', apply);
apply();
`;

/** `GET /docs`: the OpenAPI description in Swagger UI. */
export function createDocs(): Extra[] {
  let built: { readonly page: Asset; readonly files: AssetFolder } | undefined;
  const build = () => (built ??= buildDocs());
  return [
    { path: '/docs', handler: (req, res) => build().page.send(req, res, false) },
    {
      path: '/docs/:version/:file',
      async handler(req, res) {
        const { version, file } = req.params;
        if (!(await build().files.send(version, file, req, res))) throw new Problem('not-found');
      },
    },
  ];
}

function buildDocs() {
  const read = (name: string) => readFileSync(new URL(import.meta.resolve(`swagger-ui-dist/${name}`)));
  const files = new AssetFolder(
    new Map([
      ['swagger-ui.css', new Asset('text/css; charset=utf-8', read('swagger-ui.css'))],
      [
        'docs.css',
        new Asset('text/css; charset=utf-8', readFileSync(new URL('./docs.css', import.meta.url))),
      ],
      ['theme.js', new Asset(script, theme)],
      ['swagger-ui-bundle.js', new Asset(script, read('swagger-ui-bundle.js'))],
      ['start.js', new Asset(script, start)],
    ]),
  );
  const html = readFileSync(new URL('./docs.html', import.meta.url), 'utf8');
  const page = fillPage(html, { at: `/docs/${files.version}`, name: capitalise(packageJson.name) });
  return { page: new Asset('text/html; charset=utf-8', page), files };
}
