/**
 * A main module of a process of its own, in CommonJS: it schedules one callback of each kind and prints, when all have
 * run, in which order they did, and how long after its call to `setTimeout` the event loop began.
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
