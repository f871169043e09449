import { readFileSync } from 'node:fs';
import type { PlainRoute } from '../routes/route.ts';
import { Asset } from './asset.ts';
import { readIcon } from './client-files.ts';
import { createPage } from './page.ts';

const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';

/** A file of its own: Swagger UI's page has it inline, which the Content-Security-Policy forbids. */
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

/** Switches Swagger UI to its dark theme before the first paint. */
const theme = `const dark = matchMedia('(prefers-color-scheme: dark)');
const apply = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', apply);
apply();
`;

/** `GET /docs`: the OpenAPI description in Swagger UI. */
export function createDocs(): PlainRoute[] {
  const { handler, files } = createPage('/docs', './docs.html', () => ({
    files: new Map([
      ['icon.svg', readIcon()],
      ['swagger-ui.css', new Asset(STYLE, read('swagger-ui-dist/swagger-ui.css'))],
      ['docs.css', new Asset(STYLE, read('./docs.css'))],
      ['theme.js', new Asset(SCRIPT, theme)],
      ['swagger-ui-bundle.js', new Asset(SCRIPT, read('swagger-ui-dist/swagger-ui-bundle.js'))],
      ['start.js', new Asset(SCRIPT, start)],
    ]),
  }));
  return [{ path: '/docs', handler }, files];
}

function read(file: string): Buffer {
  return readFileSync(new URL(import.meta.resolve(file)));
}
