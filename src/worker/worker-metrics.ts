import type { InFlight } from '../http/in-flight.ts';
import type { HttpServer } from '../http/server.ts';
import { addDroppedLines, type LogDestination } from '../telemetry/log-destination.ts';
import { addCounter, addGauge, type Metrics } from '../telemetry/metrics.ts';

interface WorkerMetricsOptions {
  readonly metrics: Metrics;
  readonly inFlight: InFlight;
  readonly server: HttpServer;
  readonly destination: LogDestination;
}

/** Exports the figures that a worker keeps anyway. */
export function addWorkerMetrics({ metrics, inFlight, server, destination }: WorkerMetricsOptions): void {
  const { registry } = metrics;
  addGauge(registry, 'http_requests_in_flight', 'Requests without a complete response.', () => inFlight.size);
  addGauge(registry, 'http_connections', 'Open connections.', () => server.connections);
  addCounter(
    registry,
    'http_slow_readers_disconnected_total',
    'Clients disconnected because they did not read their response.',
    () => server.slowReadersDisconnected,
  );
  addCounter(
    registry,
    'http_connections_refused_total',
    'Connections refused because there were more than MAX_CONNECTIONS.',
    () => server.connectionsRefused,
  );
  addDroppedLines(registry, destination);
}
