/** Quotes a word for a POSIX shell, only if the shell would not take it as it is. */
export function quote(word: string): string {
  return /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
