/**
 * Finds active markup as a browser does: it reads tags, attributes and scripts by the rules of the HTML standard that
 * these pages need, and runs the scripts. https://html.spec.whatwg.org/multipage/parsing.html
 */
import { createContext, Script } from 'node:vm';

/** `script`: code that ran or would run at an event or a click. `navigation`: markup that leads to another page. */
export type Active = 'script' | 'navigation';

const TAG = /<([a-z][a-z0-9]*)(?![a-z0-9])((?:[^>"']|"[^"]*"|'[^']*')*)>/gi;
const ATTRIBUTE = /([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?/g;
/** A script is text up to its end tag, whatever it contains. */
const SCRIPT = /<script\b[^>]*>([\s\S]*?)<\/script\b[^>]*>/gi;

const entities: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&amp;': '&',
};
const decode = (value: string) =>
  value.replaceAll(/&(?:lt|gt|quot|#39|amp);/g, (entity) => entities[entity] ?? '');

export function findActive(page: string): Active[] {
  const found: Active[] = [];
  const scripts = [...page.matchAll(SCRIPT)].map(([, code = '']) => code);
  if (scripts.some(callsAlert)) found.push('script');
  for (const [, name = '', attributes = ''] of page.replaceAll(SCRIPT, '').matchAll(TAG)) {
    for (const [, attribute = '', quoted, single, bare] of attributes.matchAll(ATTRIBUTE)) {
      const value = decode(quoted ?? single ?? bare ?? '');
      if (/^on/i.test(attribute)) found.push('script');
      // The parser of URLs ignores case, tabs and newlines as browsers do.
      if (/^href$/i.test(attribute) && URL.parse(value)?.protocol === 'javascript:') found.push('script');
      if (/^meta$/i.test(name) && /^http-equiv$/i.test(attribute) && /^refresh$/i.test(value)) {
        found.push('navigation');
      }
    }
  }
  return found;
}

/** The pages are constants of the demo: no input of a caller is run. */
function callsAlert(code: string): boolean {
  let called = false;
  try {
    new Script(code).runInContext(createContext({ alert: () => (called = true) }), { timeout: 100 });
  } catch {
    // a syntax error: the browser would not run it either
  }
  return called;
}

/** Whether a policy stops it. A policy without 'unsafe-inline' for scripts stops handlers and URLs with code, too. */
export function stops(policy: string, found: Active): boolean {
  if (found === 'navigation') return false; // no directive of browsers covers it
  const directives = new Map(policy.split(';').map((part) => [part.trim().split(/\s/)[0], part] as const));
  const scripts = directives.get('script-src') ?? directives.get('default-src');
  return scripts !== undefined && !scripts.includes("'unsafe-inline'");
}
