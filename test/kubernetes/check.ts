/**
 * Checks `docker/kubernetes`: each manifest against the schemas and the types of Kubernetes (the schemas miss unknown
 * fields, the types miss wrong values), and all of them against what the service expects. Prints what is wrong.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import process from 'node:process';
import { parseEnv } from 'node:util';
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import { parseAllDocuments } from 'yaml';
import { ConfigError, readConfig } from '../../src/config/config.ts';
import { featureVariables } from '../../src/features.ts';
import { resourceVariables } from '../../src/resources.ts';

interface Manifest {
  readonly file: string;
  readonly kind: string;
  readonly apiVersion: string;
}

const folder = new URL('../../docker/kubernetes/', import.meta.url).pathname;
const here = new URL('.', import.meta.url).pathname;
/** What the primary takes after the deadline of its workers. */
const EXIT_MS = 10_000;

const manifests = globSync('*/*.yaml', { cwd: folder })
  .filter((file) => basename(file) !== 'kustomization.yaml')
  .flatMap((file) =>
    parseAllDocuments(readFileSync(folder + file, 'utf8')).map((document) => ({
      file,
      ...(document.toJS() as Omit<Manifest, 'file'>),
    })),
  );

async function checkSchema({ file, ...manifest }: Manifest): Promise<string[]> {
  const module = (await import(moduleOf(manifest))) as Record<
    string,
    new (data: object) => { validate: () => void }
  >;
  const Model = module[manifest.kind];
  if (Model === undefined) return [`${file}: unknown kind ${manifest.kind}`];
  try {
    new Model(manifest).validate();
    return [];
  } catch (error) {
    return [`${file}: ${(error as Error).message}`];
  }
}

/** Writes the manifests as literals, in which a field that the type does not have is an error. */
function checkTypes(): string[] {
  const generated = `${here}generated/`;
  mkdirSync(generated, { recursive: true });
  try {
    const lines = manifests.map(({ file, ...manifest }, index) => {
      const type = `import('${moduleOf(manifest)}').I${manifest.kind}`;
      return `// ${file}\nexport const manifest${index}: ${type} = ${JSON.stringify(manifest)};`;
    });
    writeFileSync(`${generated}manifests.ts`, lines.join('\n'));
    const { status, stdout } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', here], {
      cwd: `${here}../../`,
      encoding: 'utf8',
    });
    return status === 0 ? [] : [stdout];
  } finally {
    rmSync(generated, { recursive: true });
  }
}

function moduleOf({ apiVersion, kind }: Pick<Manifest, 'apiVersion' | 'kind'>): string {
  return `kubernetes-models/${apiVersion}/${kind}`;
}

/** Starts no pod, but reads its variables as the service does. */
function checkDeployment(file: string, { spec }: IDeployment): string[] {
  const pod = spec?.template.spec;
  const [container] = pod?.containers ?? [];
  const variables = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
  const given = { ...parseEnv(readFileSync(`${folder}production/variables.env`, 'utf8')), ...variables };
  const declared = { ...resourceVariables, ...featureVariables };
  const files = Object.entries(given).filter(([name]) => name.endsWith('_FILE'));
  try {
    const config = readConfig({ NODE_ENV: 'production', ...given, ...readSecrets(files) }, declared);
    const unknown = Object.keys(given).filter((name) => !(name.replace(/_FILE$/, '') in config));
    const mounts = (container?.volumeMounts ?? []).map(({ mountPath }) => mountPath);
    const ports = Object.fromEntries(
      (container?.ports ?? []).map(({ name, containerPort }) => [name, containerPort]),
    );
    const graceMs = (pod?.terminationGracePeriodSeconds ?? 0) * 1_000;
    const probes = [container?.startupProbe, container?.readinessProbe, container?.livenessProbe];
    return [
      ...unknown.map((name) => `${file}: the service has no variable ${name}`),
      ...files
        .filter(([, path = '']) => !mounts.includes(dirname(path)))
        .map(([name]) => `${file}: nothing is mounted where ${name} is`),
      ...(graceMs > config.SHUTDOWN_TIMEOUT_MS + EXIT_MS ? [] : [`${file}: killed before its shutdown ends`]),
      ...(ports['management'] === config.MANAGEMENT_PORT ? [] : [`${file}: wrong management port`]),
      ...('http' in ports && ports['http'] !== config.PORT ? [`${file}: wrong port`] : []),
      ...probes
        .filter((probe) => probe !== undefined && probe.httpGet?.port !== 'management')
        .map(() => `${file}: a probe does not use the management port`),
    ];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults.map((fault) => `${file}: ${fault}`);
    throw error;
  }
}

/** What a pod reads from its files is given as values here: there are no files. */
function readSecrets(files: readonly (readonly [string, string | undefined])[]): Record<string, string> {
  const values: Readonly<Record<string, string>> = {
    DATABASE_URL: 'postgres://user:password@database:5432/tasks',
  };
  return Object.fromEntries(
    files.flatMap(([variable]) => {
      const name = variable.replace(/_FILE$/, '');
      return [
        [variable, ''],
        [name, values[name] ?? ''],
      ];
    }),
  );
}

const invalid = [...(await Promise.all(manifests.map(checkSchema))).flat(), ...checkTypes()];
const found =
  invalid.length > 0
    ? invalid
    : manifests.flatMap(({ file, ...manifest }) =>
        manifest.kind === 'Deployment' ? checkDeployment(file, manifest as IDeployment) : [],
      );
for (const problem of found) console.error(problem);
console.log(`Kubernetes: ${manifests.length} manifests, ${found.length} problems`);
process.exitCode = found.length === 0 ? 0 : 1;
