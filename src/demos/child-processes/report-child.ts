/** Reports about its process: as JSON on standard output, or as a message if it has a channel. */
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../kit/measure/monotonic.ts';

/** How long it runs on after its output, which shows who gets that output before the end. */
const PAUSE_MS = 150;

const report = {
  pid: process.pid,
  parentPid: process.ppid,
  arguments: process.argv.slice(2),
  rssBytes: process.memoryUsage.rss(),
  hasChannel: process.send !== undefined,
  printedAt: monotonicMs(),
};

if (process.send === undefined) {
  process.stdout.write(`${JSON.stringify(report)}\n`);
  await sleep(PAUSE_MS);
} else {
  process.on('message', (message: 'end' | { value: number }) => {
    if (message === 'end') {
      process.disconnect();
      return;
    }
    message.value += 1; // of the copy in this process
    process.send?.(message);
  });
  process.send(report);
  process.once('disconnect', () => process.exit(0)); // also if the parent dies
}
