/** Reports about its process: as JSON on standard output, or as a message if it has a channel. */
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
  process.once('disconnect', () => process.exit(0)); // also if the parent dies
}
