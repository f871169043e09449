import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A fenced block that names a file: its complete content, or a diff. */
export interface Block {
  readonly path: string;
  readonly isDiff: boolean;
  readonly lines: readonly string[];
}

/** @returns the blocks of a page, in order; blocks in a list are indented */
export function readBlocks(page: string): Block[] {
  const fences = page.matchAll(/^( *)```(ts|diff) (\S+)\n(.*?)^ *```$/gms);
  return [...fences].map(([, indent = '', kind, path = '', text = '']) => ({
    path,
    isDiff: kind === 'diff',
    lines: text
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line)),
  }));
}

/** Applies the blocks to a folder, as a reader would do by hand. */
export function applyBlocks(folder: string, blocks: readonly Block[]): void {
  for (const { path, isDiff, lines } of blocks) {
    const file = join(folder, path);
    if (!isDiff) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${lines.join('\n')}\n`);
      continue;
    }
    const side = (sign: string) =>
      lines
        .filter((line) => line === '' || line.startsWith(' ') || line.startsWith(sign))
        .map((line) => `${line.slice(1)}\n`)
        .join('');
    const text = readFileSync(file, 'utf8');
    const parts = text.split(side('-'));
    if (parts.length !== 2) throw new Error(`${path} does not contain exactly once:\n${side('-')}`);
    writeFileSync(file, parts.join(side('+')));
  }
}
