/** A program for tests: it starts children, tells their ids, and dies. */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { ChildGroups } from '../../src/process/child-groups.ts';

const groups = new ChildGroups();
const ended = spawn('sleep', ['0.1'], { detached: true, stdio: 'ignore' });
groups.started(-(ended.pid ?? 0));
ended.once('close', () => {
  groups.ended(-(ended.pid ?? 0));
  const pids = [
    spawn('sleep', ['600'], { detached: true, stdio: 'ignore' }),
    spawn('sleep', ['600'], { stdio: 'ignore' }),
  ].map((child, index) => {
    groups.started(index === 0 ? -(child.pid ?? 0) : (child.pid ?? 0));
    return child.pid;
  });
  process.stdout.write(`${pids.join(' ')}\n`, () => process.kill(process.pid, 'SIGKILL'));
});
