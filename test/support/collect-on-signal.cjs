/** Loaded into the program before anything else: SIGUSR2 collects garbage and tells what is held then. */
process.on('SIGUSR2', () => {
  global.gc();
  global.gc();
  const { heapUsed, external } = process.memoryUsage();
  process.stderr.write(`held ${heapUsed + external}\n`);
});
