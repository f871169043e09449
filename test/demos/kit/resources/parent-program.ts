/** A test program that starts children, prints their ids and kills itself. */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { ChildGroups } from '../../../../src/demos/kit/resources/child-groups.ts';

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
