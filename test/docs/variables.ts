/** The variables of the environment, as `.env.example` and the README tell of them. */
import type { Variables } from '../../src/config/variable.ts';

/** The text of `.env.example`: every variable with its sentence, bounds and default, commented out. */
export function renderEnvExample(declared: Variables): string {
  const entries = Object.entries(declared).map(([name, variable]) => {
    const { requiredInProduction, productionDefault } = variable;
    const more = [
      ...(variable.default === undefined ? [' It must be set.'] : []),
      ...(requiredInProduction ? [' In production it must be set.'] : []),
      ...(productionDefault === undefined ? [] : [` In production: ${productionDefault || 'none'}.`]),
    ];
    return `# ${variable.doc}\n# Expects ${variable.expects}.${more.join('')}\n# ${name}=${variable.default ?? ''}\n`;
  });
  return `# Copy to .env and uncomment what you change. A value set in the environment wins over this file.\n\n${entries.join('\n')}`;
}

/** The table of the README. */
export function renderVariables(declared: Variables): string {
  const rows = Object.entries(declared).map(([name, variable]) => {
    const { requiredInProduction, productionDefault } = variable;
    const usual = [
      variable.default === undefined ? 'must be set' : show(variable.default),
      ...(requiredInProduction ? ['must be set in production'] : []),
      ...(productionDefault === undefined ? [] : [`in production ${show(productionDefault)}`]),
    ];
    return `| \`${name}\` | ${usual.join(', ')} | ${escape(variable.doc)} |`;
  });
  return `| variable | default | meaning |\n| --- | --- | --- |\n${rows.join('\n')}`;
}

function show(value: string): string {
  return value === '' ? 'none' : `\`${escape(value)}\``;
}

/** For a cell of a table. */
export function escape(text: string): string {
  return text.replaceAll('|', '\\|');
}
