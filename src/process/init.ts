import { existsSync } from 'node:fs';
import process from 'node:process';

const SHELL = '/bin/sh';

/**
 * What process 1 of a container has to do: ask after every orphan that ends, pass signals on, and end as the program
 * ends. `wait` of a shell asks after any child, adopted ones included; it returns early when a signal came. A
 * constant: nothing is put into it.
 */
const INIT = `
"$@" &
program=$!
trap 'kill -TERM $program' TERM
trap 'kill -INT $program' INT
trap 'kill -HUP $program' HUP
while :; do
  wait $program
  code=$?
  kill -0 $program 2>/dev/null || exit $code
done
`;

/**
 * Becomes an init process, which starts this program again as its child, where this process is the first one of a
 * container. Node.js asks only after children it has started itself: the orphans that the kernel gives to process 1
 * would stay as zombies until there is no process id left. Without a shell the program goes on as process 1.
 */
export function becomeInit(): void {
  if (process.pid !== 1 || process.platform !== 'linux' || !existsSync(SHELL)) return;
  if (process.execve === undefined) return;
  process.removeAllListeners('warning'); // execve is experimental, and says so on standard error
  process.execve(SHELL, [
    SHELL,
    '-c',
    INIT,
    'init',
    process.execPath,
    ...process.execArgv,
    ...process.argv.slice(1),
  ]);
}
