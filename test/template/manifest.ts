import { isUsed, toJson, type Texts } from './rules.ts';

export interface Identity {
  readonly name: string;
  /** Whose work it is, for the licence. */
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
}

/** @returns the package.json of the service, and the names of the packages it needs no more */
export function renewManifest(kept: Texts, { name }: Identity): { text: string; dropped: string[] } {
  const manifest = JSON.parse(kept.get('package.json') ?? '') as Manifest;
  manifest.name = name;
  manifest.version = '0.1.0';
  manifest.description = `The ${name} service.`;
  const needed = (group: Dependencies): Dependencies =>
    Object.fromEntries(Object.entries(group).filter(([dependency]) => isUsed(dependency, kept)));
  const before = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
  manifest.dependencies = needed(manifest.dependencies);
  manifest.devDependencies = needed(manifest.devDependencies);
  const dropped = before.filter((name) => !isUsed(name, kept));
  return { text: toJson(manifest), dropped };
}

/** Without the overrides of packages that are not installed any more. */
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

/** Puts the name and the holder where this repository has its own. */
export function rename(path: string, text: string, oldName: string, { name, holder }: Identity): string {
  if (path === 'LICENSE') {
    return text.replace(/^Copyright .*$/m, () => `Copyright (c) ${new Date().getFullYear()} ${holder}`);
  }
  return text.replaceAll('{{name}}', name).replaceAll(new RegExp(`\\b${oldName}\\b`, 'g'), name);
}
