/**
 * The main module of a child process, in CommonJS: schedules one callback of each kind. Prints the order in which they
 * ran, and the time from the call of `setTimeout` to the start of the event loop.
 */
{
  const order: string[] = [];
  const calledAt = performance.now();
  setTimeout(() => order.push('setTimeout'), 0);
  setImmediate(() => order.push('setImmediate'));
  void Promise.resolve().then(() => order.push('microtask'));
  process.nextTick(() => order.push('nextTick'));
  order.push('main');

  process.once('exit', () => {
    const gapMs = performance.nodeTiming.loopStart - calledAt;
    process.stdout.write(JSON.stringify({ order, gapMs }));
  });
}
