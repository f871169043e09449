/** A child that says who it is, on standard output as JSON; with messages where there is a channel. */
import process from 'node:process';

const report = {
  pid: process.pid,
  parentPid: process.ppid,
  arguments: process.argv.slice(2),
  rssBytes: process.memoryUsage.rss(),
  hasChannel: process.send !== undefined,
};

if (process.send === undefined) {
  process.stdout.write(`${JSON.stringify(report)}\n`);
} else {
  process.on('message', (message) => {
    if (message === 'end') process.disconnect();
    else process.send?.(message);
  });
  process.send(report);
  // The parent's end is this one's end.
  process.once('disconnect', () => process.exit(0));
}
