/** The variables of the environment, as `.env.example` and the README tell of them. */
import type { Variables } from '../../src/config/variable.ts';

/** The text of `.env.example`: every variable with its sentence, bounds and default, commented out. */
export function renderEnvExample(declared: Variables): string {
  const entries = Object.entries(declared).map(([name, variable]) => {
    const production =
      variable.productionDefault === undefined ? '' : ` In production: ${variable.productionDefault}.`;
    return `# ${variable.doc}\n# Expects ${variable.expects}.${production}\n# ${name}=${variable.default}\n`;
  });
  return `# Copy to .env and uncomment what you change. A value set in the environment wins over this file.\n\n${entries.join('\n')}`;
}

/** The table of the README. */
export function renderVariables(declared: Variables): string {
  const rows = Object.entries(declared).map(([name, variable]) => {
    const fallback = variable.default === '' ? 'none' : `\`${variable.default}\``;
    const production =
      variable.productionDefault === undefined ? '' : `, in production \`${variable.productionDefault}\``;
    return `| \`${name}\` | ${fallback}${production} | ${escape(variable.doc)} |`;
  });
  return `| variable | default | meaning |\n| --- | --- | --- |\n${rows.join('\n')}`;
}

/** For a cell of a table. */
export function escape(text: string): string {
  return text.replaceAll('|', '\\|');
}
