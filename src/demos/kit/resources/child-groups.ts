import { spawn, type ChildProcess } from 'node:child_process';
import process from 'node:process';

/**
 * A shell that outlives this process for a moment. It reads the ids of children that start and end, and kills the rest
 * when its standard input ends, which the kernel closes however this process dies. A constant: no injection is possible.
 */
const KEEPER = `
live=' '
while read -r event id; do
  case $event in
    started) live="$live$id " ;;
    ended) case $live in *" $id "*) live="\${live%% $id *} \${live#* $id }" ;; esac ;;
  esac
done
for id in $live; do kill -KILL "$id"; done 2>/dev/null
`;

/**
 * Ensures that no child outlives this process, even if this process and its primary are killed at the same time.
 *
 * The keeper does not kill a reused pid: a zombie keeps its pid until this process reaps it and informs the keeper. After
 * this process has died, the keeper acts within milliseconds.
 */
export class ChildGroups {
  readonly #live = new Set<number>();
  #keeper: ChildProcess | undefined;

  /** @param id a process id, or a negative process group id as in kill(2) */
  started(id: number): void {
    if (process.platform === 'win32') return;
    this.#live.add(id);
    this.#send(`started ${id}\n`);
  }

  ended(id: number): void {
    if (!this.#live.delete(id)) return;
    this.#send(`ended ${id}\n`);
  }

  #send(line: string): void {
    if (this.#keeper?.stdin?.writable !== true) this.#startKeeper();
    else this.#keeper.stdin.write(line);
  }

  /** Runs for the first child, and again if the keeper was killed. */
  #startKeeper(): void {
    if (this.#live.size === 0) return;
    const keeper = spawn('/bin/sh', ['-c', KEEPER], {
      detached: true, // a signal to the group of this process must not reach it
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    });
    this.#keeper = keeper;
    // Without a shell only this process can end its children, while it lives.
    keeper.on('error', () => undefined);
    keeper.stdin.on('error', () => undefined);
    keeper.unref();
    (keeper.stdin as unknown as { unref?: () => void }).unref?.();
    keeper.stdin.write([...this.#live].map((id) => `started ${id}\n`).join(''));
  }
}
