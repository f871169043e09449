/**
 * Checks types and lint in one process: both need the types of every file, and computing them is most of the work.
 * Sends the names of those that failed to its parent process.
 */
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import ts from 'typescript';

const cwd = fileURLToPath(new URL('../../..', import.meta.url));
process.chdir(cwd); // TypeScript resolves types from the current directory
const host: ts.FormatDiagnosticsHost = {
  getCurrentDirectory: () => cwd,
  getCanonicalFileName: (path) => path,
  getNewLine: () => '\n',
};

function readProgram(configFile: string): ts.Program {
  const config = ts.getParsedCommandLineOfConfigFile(configFile, undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic(diagnostic) {
      throw new Error(ts.formatDiagnostic(diagnostic, host));
    },
  });
  if (config === undefined) throw new Error(`${configFile} cannot be read`);
  const { fileNames: rootNames, options, errors: configFileParsingDiagnostics } = config;
  return ts.createProgram({ rootNames, options, configFileParsingDiagnostics });
}

const programs = [
  'tsconfig.json',
  'src/web/client/tsconfig.json', // template: omit (the page, which has browser types)
].map(readProgram);

const wrongTypes = ts.sortAndDeduplicateDiagnostics(
  programs.flatMap((program) => ts.getPreEmitDiagnostics(program)),
);
process.stdout.write(ts.formatDiagnostics(wrongTypes, host));

const eslint = new ESLint({
  cwd,
  overrideConfig: {
    files: ['**/*.{ts,mts,cts}'],
    languageOptions: { parserOptions: { programs, project: null } },
  },
});
const linted = await eslint.lintFiles('.');
process.stdout.write(await (await eslint.loadFormatter('stylish')).format(linted));

const failed = [
  ...(wrongTypes.length > 0 ? ['types'] : []),
  ...(linted.some(({ errorCount }) => errorCount > 0) ? ['lint'] : []),
];
process.send?.(failed);
process.exitCode = failed.length > 0 ? 1 : 0;
