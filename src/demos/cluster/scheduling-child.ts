/** A small cluster with a scheduling policy. Each worker responds to every request with its process id. */
import cluster from 'node:cluster';
import { createServer } from 'node:http';
import { performance } from 'node:perf_hooks';
import process from 'node:process';

export interface SchedulingReport {
  readonly port: number;
  readonly pids: readonly number[];
}

/** The work of a request, which keeps its worker from accepting. */
const WORK_MS = 1;

if (cluster.isPrimary) runPrimary();
else runWorker();

function runPrimary(): void {
  const [policy, size] = process.argv.slice(2);
  cluster.schedulingPolicy = policy === 'kernel' ? cluster.SCHED_NONE : cluster.SCHED_RR;
  const workers = Array.from({ length: Number(size) }, () => cluster.fork());
  let listening = 0;
  cluster.on('listening', (_worker, { port }) => {
    listening += 1;
    if (listening < workers.length) return;
    const report: SchedulingReport = { port, pids: workers.map((worker) => worker.process.pid ?? 0) };
    process.send?.(report);
  });
}

function runWorker(): void {
  const server = createServer((_req, res) => {
    for (const end = performance.now() + WORK_MS; performance.now() < end;);
    res.setHeader('Connection', 'close').end(String(process.pid));
  });
  // The same port for all workers: the primary chooses it for the first.
  server.listen({ host: '127.0.0.1', port: 0, backlog: 1_024 });
}
