/** The load, in a process of its own so that it can be kept off the contestants' core. */
import autocannon from 'autocannon';

export interface LoadOrder {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly connections: number;
  readonly requests: number;
}

export interface LoadReport {
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
  readonly answered: number;
  readonly errors: number;
  readonly statuses: readonly string[];
}

process.on('message', (order: LoadOrder) => {
  void shoot(order).then((report) => process.send?.(report));
});
process.once('disconnect', () => process.exit(0));

async function shoot({ url, method, headers, body, connections, requests }: LoadOrder): Promise<LoadReport> {
  const startedAt = performance.now();
  const result = await autocannon({
    url,
    method,
    headers: { ...headers },
    ...(body === undefined ? {} : { body }),
    connections,
    amount: requests,
  });
  const answered = result['1xx'] + result['2xx'] + result['3xx'] + result['4xx'] + result['5xx'];
  return {
    requestsPerSecond: (answered * 1000) / (performance.now() - startedAt),
    p99Ms: result.latency.p99,
    answered,
    errors: result.errors + result.timeouts,
    statuses: Object.keys(result.statusCodeStats ?? {}),
  };
}
