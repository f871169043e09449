import { until, type Program } from './program.ts';

/** The metrics of the management port, by name and labels. */
export async function readMetrics({ managementUrl }: Program): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${managementUrl}/metrics`);
  if (response.status !== 200) throw new Error(`GET /metrics responded ${response.status}`);
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

/** Waits until one request is in flight. */
export async function requestInFlight(program: Program): Promise<void> {
  await until('a request in flight', async () =>
    (await readMetrics(program)).get('http_requests_in_flight') === 1 ? true : undefined,
  );
}
