/** What the demo and the program with the untrusted code agree on. */
export const places = ['vm', 'thread', 'child', 'permission'] as const;
export type Place = (typeof places)[number];

export interface SandboxJob {
  readonly place: Place;
  /** In a file, in a variable and in the environment of the host. */
  readonly secret: string;
  readonly file: string;
  /** Of a server on loopback. */
  readonly port: number;
}

/** What the code came back with, by what it tried; empty if it failed. */
export type Loot = Readonly<
  Record<'file' | 'write' | 'variable' | 'environment' | 'program' | 'connection', string>
>;
