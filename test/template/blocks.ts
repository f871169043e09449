import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A fenced block of a page that names a file: the whole of it, or a difference. */
export interface Block {
  readonly path: string;
  readonly difference: boolean;
  readonly lines: readonly string[];
}

/** @returns the blocks of a page, in their order; those of a list are indented */
export function readBlocks(page: string): Block[] {
  const fences = page.matchAll(/^( *)```(ts|diff) (\S+)\n(.*?)^ *```$/gms);
  return [...fences].map(([, indent = '', kind, path = '', text = '']) => ({
    path,
    difference: kind === 'diff',
    lines: text
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line)),
  }));
}

/** Does to the files of a folder what the blocks say, as a reader would by hand. */
export function applyBlocks(folder: string, blocks: readonly Block[]): void {
  for (const { path, difference, lines } of blocks) {
    const file = join(folder, path);
    if (!difference) {
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
    if (parts.length !== 2) throw new Error(`${path} does not have, exactly once:\n${side('-')}`);
    writeFileSync(file, parts.join(side('+')));
  }
}
