/** A small cluster whose requests all do the same work, or wait as long. Each response has the CPU time of its worker. */
import cluster from 'node:cluster';
import { createServer } from 'node:http';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { countPrimes } from '../kit/primes/primes.ts';

export interface GainListening {
  readonly port: number;
}

/** The body of a response. */
export interface GainResponse {
  readonly pid: number;
  /** CPU time of the worker since its start. */
  readonly cpuMs: number;
}

const [size, work, amount] = process.argv.slice(2);

if (cluster.isPrimary) runPrimary();
else runWorker();

function runPrimary(): void {
  // Even shares: this is about the number of processes, not about the distribution.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  const workers = Array.from({ length: Number(size) }, () => cluster.fork());
  let listening = 0;
  cluster.on('listening', (_worker, { port }) => {
    listening += 1;
    if (listening === workers.length) process.send?.({ port } satisfies GainListening);
  });
}

function runWorker(): void {
  const server = createServer((_req, res) => {
    const respond = () => {
      const { user, system } = process.cpuUsage();
      const response: GainResponse = { pid: process.pid, cpuMs: (user + system) / 1_000 };
      res.setHeader('Connection', 'close').end(JSON.stringify(response));
    };
    if (work === 'wait') {
      void sleep(Number(amount)).then(respond);
      return;
    }
    countPrimes(Number(amount));
    respond();
  });
  server.listen({ host: '127.0.0.1', port: 0, backlog: 1_024 });
}
