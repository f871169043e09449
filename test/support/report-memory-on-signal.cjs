/** Preloaded into a program: on SIGUSR2 it collects garbage and prints how many bytes are still in use. */
process.on('SIGUSR2', () => {
  global.gc();
  global.gc();
  const { heapUsed, external } = process.memoryUsage();
  process.stderr.write(`${heapUsed + external} bytes in use\n`);
});
