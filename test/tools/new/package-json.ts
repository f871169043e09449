import { isUsed, toJson, type Texts } from './selection.ts';

export interface Identity {
  readonly name: string;
  /** The copyright holder. */
  readonly holder: string;
}

type Dependencies = Record<string, string>;

export interface Manifest {
  name: string;
  version: string;
  description: string;
  dependencies: Dependencies;
  devDependencies: Dependencies;
  overrides?: Dependencies;
  repository?: unknown;
  bugs?: unknown;
  keywords?: unknown;
}

/** @returns the package.json of the service, and the packages it no longer needs */
export function renewManifest(kept: Texts, { name }: Identity): { text: string; dropped: string[] } {
  const manifest = JSON.parse(kept.get('package.json') ?? '') as Manifest;
  manifest.name = name;
  manifest.version = '0.1.0';
  manifest.description = `The ${name} service.`;
  delete manifest.repository;
  delete manifest.bugs;
  delete manifest.keywords;
  const needed = (group: Dependencies): Dependencies =>
    Object.fromEntries(Object.entries(group).filter(([dependency]) => isUsed(dependency, kept)));
  const before = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
  manifest.dependencies = needed(manifest.dependencies);
  manifest.devDependencies = needed(manifest.devDependencies);
  const dropped = before.filter((name) => !isUsed(name, kept));
  return { text: toJson(manifest), dropped };
}

/** Removes the overrides of packages that are no longer installed. */
export function pruneOverrides(manifestText: string, lockText: string): string {
  const manifest = JSON.parse(manifestText) as Manifest;
  const { packages } = JSON.parse(lockText) as { packages: Record<string, unknown> };
  const overrides = Object.entries(manifest.overrides ?? {}).filter(([name]) =>
    Object.keys(packages).some((path) => path.endsWith(`node_modules/${name}`)),
  );
  if (overrides.length === 0) delete manifest.overrides;
  else manifest.overrides = Object.fromEntries(overrides);
  return toJson(manifest);
}

/** Replaces the name of this repository and its copyright holder. */
export function rename(path: string, text: string, oldName: string, { name, holder }: Identity): string {
  if (path === 'LICENSE') {
    return text.replace(/^Copyright .*$/m, () => `Copyright (c) ${new Date().getFullYear()} ${holder}`);
  }
  return text.replaceAll('{{name}}', name).replaceAll(new RegExp(`\\b${oldName}\\b`, 'g'), name);
}
