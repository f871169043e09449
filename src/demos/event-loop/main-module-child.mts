/** The same as `main-module-child.cts`, as an ES module: its body runs in a microtask itself, which changes the order. */
import { performance } from 'node:perf_hooks';
import process from 'node:process';

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
