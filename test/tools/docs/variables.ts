/** Environment variables in `.env.example` and in the documentation. */
import type { Variable, Variables } from '../../../src/config/declare.ts';
import { fileVariableOf } from '../../../src/config/secret-file.ts';
import { table } from './table.ts';

type Groups = Readonly<Record<string, Variables>>;

/** The text of `.env.example`: every variable, grouped, with its meaning, bounds and default, commented out. */
export function renderEnvExample(groups: Groups): string {
  const sections = Object.entries(groups)
    .filter(([, variables]) => Object.keys(variables).length > 0)
    .map(([heading, variables]) => {
      const entries = Object.entries(variables).map(([name, variable]) => {
        const notes = [
          `Expects ${variable.expects}.`,
          ...requirements(variable),
          ...(variable.secret ? [`${fileVariableOf(name)} may name a file that holds it.`] : []),
        ];
        return `# ${variable.doc}\n# ${notes.join(' ')}\n# ${name}=${variable.default ?? ''}\n`;
      });
      return `## ${heading}\n\n${entries.join('\n')}`;
    });
  return `# Copy to .env and uncomment what you want to change. Environment variables override this file.\n\n${sections.join('\n')}`;
}

/** A table per group. */
export function renderVariables(groups: Groups): string {
  return Object.entries(groups)
    .filter(([, variables]) => Object.keys(variables).length > 0)
    .map(([heading, variables]) => {
      const rows = Object.entries(variables).map(([name, variable]) => [
        `\`${name}\``,
        [
          variable.default === undefined ? 'required' : show(variable.default),
          ...productionDefault(variable),
        ].join(', '),
        variable.secret
          ? `${variable.doc} Or \`${fileVariableOf(name)}\`, a file that holds it.`
          : variable.doc,
      ]);
      return `**${heading}**\n\n${table(['variable', 'default', 'meaning'], rows)}`;
    })
    .join('\n\n');
}

function requirements({ default: usual, requiredInProduction, productionDefault: other }: Variable<unknown>) {
  return [
    ...(usual === undefined ? ['Required.'] : []),
    ...(requiredInProduction ? ['Required in production.'] : []),
    ...(other === undefined ? [] : [`Default in production: ${other || 'none'}.`]),
  ];
}

function productionDefault({ requiredInProduction, productionDefault: other }: Variable<unknown>) {
  return [
    ...(requiredInProduction ? ['required in production'] : []),
    ...(other === undefined ? [] : [`in production ${show(other)}`]),
  ];
}

function show(value: string): string {
  return value === '' ? 'none' : `\`${value}\``;
}
