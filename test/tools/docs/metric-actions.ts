/** What to do when a metric of the service moves. */
export const metricActions: Readonly<Record<string, string>> = {
  database_connection_wait_seconds:
    'Rises: statements are slow, or DATABASE_POOL_MAX is too small for the number of concurrent requests.',
  database_connections: 'At DATABASE_POOL_MAX × workers for long: read the wait histogram.',
  database_connections_idle: 'At 0 while statements wait: the pool is used up.',
  database_waiting: 'Above 0 for long: find the slow statement before you raise DATABASE_POOL_MAX.',
  demo_children: 'Above 0 while no demo runs: a child was not ended. Report it.', // template: omit
  demo_threads: 'Above 0 while no demo runs: a thread was not ended. Report it.', // template: omit
  http_connections:
    'Rises without more requests: clients do not reuse connections, or hold them. See MAX_CONNECTIONS.',
  http_connections_refused_total: 'Rises: a flood, or MAX_CONNECTIONS is too small for your clients.',
  http_parser_errors_total: 'Rises: scanners, or a client that sends requests that are not valid HTTP.',
  http_request_duration_seconds:
    'Compare routes: if one is slow, look at its work; if all are, look at the event loop and the database.',
  http_requests_in_flight: 'Rises while the request rate does not: something that requests wait for is slow.',
  http_requests_shed_total: 'Rises: more load than capacity. Add workers or machines, or find what is slow.',
  http_response_mismatches_total: 'Rises: make the handler of this route and its declared response agree.',
  http_responses_aborted_total:
    'By client: slow responses. By error, deadline or handler: read the access log lines with closedBy.',
  http_slow_readers_disconnected_total: 'Rises: clients on bad networks, or an attack with slow reads.',
  jobs_active: 'Falls to 0 while jobs wait: no process runs jobs. See JOBS.',
  jobs_completed_total: 'Stops while jobs wait: read the job lines in the log.',
  jobs_dead: 'Rises: read the job-failed lines; mend the cause and enqueue the jobs again.',
  jobs_failed_total: 'Rises: read the job-failed lines. Failed attempts are retried.',
  jobs_queued: 'Rises without end: add runners, or find why jobs are slow.',
  log_lines_dropped_total:
    'Rises: the reader of the log is too slow. Make it faster, or raise LOG_MAX_WAITING_BYTES.',
  metric_failures_total: 'Rises: read the metric-failed line. The metric is missing until it works again.',
  outbound_circuits_open:
    'Above 0: another service fails. Read the outbound-circuit-opened lines for its host.',
  outbound_request_duration_seconds:
    'Compare outcomes by client: timeout and connection mean that service, schema and too-large what it sends.',
  outbound_retries_total:
    'Rises: another service fails now and then. Retries stop at a tenth of its requests.',
  rate_limit_hits_local_total: 'Rises: Redis is away, so limits apply per machine. Bring it back.',
  service_ready: 'At 0: GET /readyz on the management port names the checks that fail.',
  supervision_events_total:
    'crashed, start-failed, unresponsive or reload-failed rise: read these events in /workers or in the log.',
  supervision_worker_silent:
    'At 1: the event loop of this worker is blocked. Read the event-loop-blocked line.',
  supervision_workers: 'Fewer ready than WORKERS for long: read the latest events in /workers.',
  trace_spans_total:
    'failed rises: read the trace-export-failed line. dropped rises: more spans than the receiver takes; sample fewer.',
};

interface NodeMetric {
  readonly type: string;
  readonly labels: readonly string[];
  readonly over: string;
  readonly meaning: string;
  readonly action: string;
}

const gauge = (
  over: string,
  meaning: string,
  action: string,
  labels: readonly string[] = [],
): NodeMetric => ({
  type: 'gauge',
  labels,
  over,
  meaning,
  action,
});
const counter = (meaning: string, action: string, labels: readonly string[] = []): NodeMetric => ({
  type: 'counter',
  labels,
  over: 'sum',
  meaning,
  action,
});
const delay = (over: string, which: string, action = 'See the maximum.') =>
  gauge(over, `${which} of the delays of the event loop since the last scrape; at rest about 0.01.`, action);
const space = (what: string) =>
  gauge('sum', `${what} of each space of the heap.`, 'See the used heap.', ['space']);

/** The metrics of any Node.js process on Linux; other platforms lack some. */
export const nodeMetrics: Readonly<Record<string, NodeMetric>> = {
  nodejs_active_handles: gauge(
    'sum',
    'Open handles of libuv, by type.',
    'Rises without end: a leak of sockets, timers or files.',
    ['type'],
  ),
  nodejs_active_requests: gauge(
    'sum',
    'Pending requests of libuv, by type.',
    'Rises: the thread pool is used up; see THREAD_POOL_SIZE.',
    ['type'],
  ),
  nodejs_active_resources: gauge(
    'sum',
    'Resources that keep the event loop alive, by type.',
    'Rises without end: the type names what leaks.',
    ['type'],
  ),
  nodejs_eventloop_lag_max_seconds: delay(
    'max',
    'Maximum',
    'High again and again: read the event-loop-blocked lines.',
  ),
  nodejs_eventloop_lag_mean_seconds: delay('average', 'Mean'),
  nodejs_eventloop_lag_min_seconds: delay('min', 'Minimum'),
  nodejs_eventloop_lag_p50_seconds: delay('average', 'Median'),
  nodejs_eventloop_lag_p90_seconds: delay('average', '90th percentile'),
  nodejs_eventloop_lag_p99_seconds: delay('average', '99th percentile'),
  nodejs_eventloop_lag_seconds: gauge(
    'average',
    'Delay of one iteration, at the scrape.',
    'See the maximum.',
  ),
  nodejs_eventloop_lag_stddev_seconds: delay('average', 'Standard deviation'),
  nodejs_eventloop_time_seconds_total: counter(
    'Time of the event loop: active (runs code) or idle (waits for events).',
    'The rate of active over both is its utilization. Near 1: add workers, or move work to threads.',
    ['state'],
  ),
  nodejs_external_memory_bytes: gauge(
    'sum',
    'Memory of buffers and of native objects.',
    'Rises without end: buffers are kept.',
  ),
  nodejs_gc_duration_seconds: {
    type: 'histogram',
    labels: ['kind'],
    over: 'sum',
    meaning: 'Pauses of the garbage collector.',
    action: 'More than a few percent of the time: too many objects, or a heap near its limit.',
  },
  nodejs_heap_size_total_bytes: gauge('sum', 'Size of the heap.', 'See the used heap.'),
  nodejs_heap_size_used_bytes: gauge(
    'sum',
    'Used part of the heap.',
    'Its lows rise for hours: a leak. WORKER_MAX_HEAP_MB recycles the worker until it is found.',
  ),
  nodejs_heap_space_size_available_bytes: space('Free part'),
  nodejs_heap_space_size_total_bytes: space('Size'),
  nodejs_heap_space_size_used_bytes: space('Used part'),
  nodejs_version_info: gauge('first', 'Version of Node.js, as labels.', 'Nothing.', [
    'version',
    'major',
    'minor',
    'patch',
  ]),
  process_cpu_seconds_total: counter('CPU time.', 'Its rate near the number of CPUs: add CPUs, or profile.'),
  process_cpu_system_seconds_total: counter(
    'CPU time in the kernel.',
    'A large part of the total: many small reads and writes, or a machine that swaps.',
  ),
  process_cpu_user_seconds_total: counter('CPU time in the process itself.', 'See the total.'),
  process_heap_bytes: gauge('sum', 'Data segment of the process.', 'See the resident memory.'),
  process_max_fds: gauge(
    'sum',
    'Limit of open file descriptors.',
    'Raise it (ulimit -n) if connections need more.',
  ),
  process_open_fds: gauge('sum', 'Open file descriptors.', 'Rises without end: a leak of sockets or files.'),
  process_resident_memory_bytes: gauge(
    'sum',
    'Resident memory.',
    'Rises while heap and external memory do not: native memory. See WORKER_MAX_RSS_MB.',
  ),
  process_start_time_seconds: gauge(
    'omit',
    'Start of the process; only with WORKERS=0.',
    'A new value: the service was restarted.',
  ),
  process_virtual_memory_bytes: gauge(
    'sum',
    'Virtual memory.',
    'Nothing: V8 reserves much and uses little of it.',
  ),
};
