import { spawn, type ChildProcess } from 'node:child_process';
import process from 'node:process';

/**
 * A shell that outlives this process by a moment: it is told of every child, and kills those it knows when its
 * standard input ends, which the kernel does for whoever dies of whatever. A constant: nothing is put into it.
 */
const KEEPER = `
live=' '
while read -r what id; do
  case $what in
    started) live="$live$id " ;;
    ended) case $live in *" $id "*) live="\${live%% $id *} \${live#* $id }" ;; esac ;;
  esac
done
for id in $live; do kill -KILL "$id"; done 2>/dev/null
`;

/**
 * Sees to it that no child outlives this process, also if this process and its primary are killed at the same time.
 *
 * Ids are not reused in between: a child that has ended keeps its id until this process has asked after it, which is
 * when the keeper is told; and after this process's own end the keeper acts within milliseconds.
 */
export class ChildGroups {
  readonly #live = new Set<number>();
  #keeper: ChildProcess | undefined;

  /** @param id of a process, or the negative id of a process group, as kill(2) has it */
  started(id: number): void {
    if (process.platform === 'win32') return;
    this.#live.add(id);
    this.#tell(`started ${id}\n`);
  }

  ended(id: number): void {
    if (!this.#live.delete(id)) return;
    this.#tell(`ended ${id}\n`);
  }

  #tell(line: string): void {
    if (this.#keeper?.stdin?.writable !== true) this.#startKeeper();
    else this.#keeper.stdin.write(line);
  }

  /** With the first child, and again if somebody ended it. */
  #startKeeper(): void {
    if (this.#live.size === 0) return;
    const keeper = spawn('/bin/sh', ['-c', KEEPER], {
      detached: true, // a signal to the group of this process must not reach it
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    });
    this.#keeper = keeper;
    // Where there is no shell a child is ended by this process alone, as long as it lives.
    keeper.on('error', () => undefined);
    keeper.stdin.on('error', () => undefined);
    keeper.unref();
    (keeper.stdin as unknown as { unref?: () => void }).unref?.();
    keeper.stdin.write([...this.#live].map((id) => `started ${id}\n`).join(''));
  }
}
