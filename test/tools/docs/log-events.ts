/** The meaning of every `event` in the log, and what to do when it comes. */
export const logEvents: Readonly<Record<string, readonly [meaning: string, action: string]>> = {
  started: ['The service is ready; the line has its addresses.', 'Nothing.'],
  stopping: [
    'A graceful shutdown begins, or a worker shuts down on its own.',
    'Nothing, if you requested it. Otherwise read `reason`.',
  ],
  request: ['A request has ended.', 'Nothing. Filter by `status`, `route` or `requestId`.'],
  // template: omit until blank line
  'reload-request-failed': [
    'The demo `cluster/reload` could not ask the primary for a reload.',
    'Read `err`; `curl -X POST` to the reload of the management port shows the same.',
  ],

  'request-failed': [
    'A request failed with an unexpected error; the client got a 500, or its connection was closed.',
    'Fix the defect: `err` has its stack, and the lines with the same `requestId` its history.',
  ],
  'request-problem': [
    'A request failed with an expected error; the line has its cause.',
    'Read the cause in `err`. If it comes often, look at what the route depends on.',
  ],
  'handler-timeout': [
    'A handler did not respond in time; the client got a 504.',
    'Find what the route waits for; raise `HANDLER_TIMEOUT_MS` only if the work is meant to take that long.',
  ],
  'response-mismatch': [
    'A handler returned something that its route does not declare. Logged once per route and worker, in production.',
    'Make the handler and its declared response agree.',
  ],
  'handshake-failed': [
    'A client could not agree on TLS: it spoke HTTP, knows no version or cipher of this service, or has no certificate.',
    'Read `code`. Nothing, unless it is a client of yours.',
  ],
  'parser-error': [
    'The HTTP parser rejected a request.',
    'Nothing for a few: scanners send such requests. If a client of yours causes it, read `code`.',
  ],
  'trace-export-failed': [
    'The receiver of traces is away, hangs or rejects spans, which are dropped. Logged once, until it works again.',
    'Read `reason`, and look at the receiver. Requests and jobs are not affected.',
  ],
  'trace-export-resumed': ['The receiver of traces takes spans again.', 'Nothing.'],
  'untrusted-proxy': [
    'Forwarded headers came from an address that TRUST_PROXY does not include, and are ignored. Logged once, in production.',
    'Add the network of `address` to `TRUST_PROXY` if it is your proxy.',
  ],
  'rate-limit': [
    'The rate limiter could not count; requests passed uncounted.',
    'Look at the primary: it has not replied. If it comes often, the machine has too little CPU.',
  ],
  'rate-limit-local': [
    'Redis is away: each machine counts the requests per client for itself.',
    'Bring Redis back, or check `REDIS_URL`.',
  ],
  'rate-limit-shared': ['Redis is back and counts for all machines again.', 'Nothing.'],
  'event-loop-blocked': [
    'The event loop was blocked; the line has the requests in flight and the stack.',
    'Move the work in `stack` off the event loop: to a thread, or into smaller parts.',
  ],
  'watchdog-failed': [
    'The watchdog thread failed; the service goes on without it.',
    'Report it with `err`. Recycle the worker to have a watchdog again.',
  ],
  'uncaught-exception': [
    'An uncaught exception; the process drains and exits with code 80.',
    'Fix the defect: `err` has its stack.',
  ],
  'unhandled-rejection': [
    'An unhandled rejection; the process drains and exits with code 81.',
    'Handle the rejection: `err` has its stack.',
  ],
  warning: [
    'A warning of Node.js.',
    'Read `stack`: a listener that is never removed, or an API that is deprecated.',
  ],
  'log-lines-dropped': [
    'Log lines were dropped while their reader stalled.',
    'Make the reader of the log faster, or raise `LOG_MAX_WAITING_BYTES`.',
  ],
  'outbound-failed': [
    'A call to another service failed; the line has the client, the host and why.',
    'Read `kind`, `status` and `reason`: look at that service, or at the limits of this client.',
  ],
  'outbound-circuit-opened': [
    'An origin failed too often: it is not called for some seconds, then once to try.',
    'Look at that service. Calls fail at once until it works again.',
  ],
  'outbound-circuit-closed': ['That origin works again.', 'Nothing.'],
  'database-connection-lost': [
    'An unused connection to the database was lost; another one is opened when needed.',
    'Nothing for one. If it comes often, look for a timeout between service and database.',
  ],
  migrated: ['Migrations were applied.', 'Nothing.'],
  'schema-not-ready': [
    'The database or its schema cannot be used yet; the worker is not ready, and the line has the reason.',
    'Read `reason`: bring the database back, or run `npm run migrate`.',
  ],
  'local-service-exited': [
    'The PostgreSQL server that the service runs for itself ended; it is started again.',
    'Nothing, unless it comes often. It is for development.',
  ],
  'local-service-failed': [
    'That server could not be started again; the next attempt follows.',
    'Read `err`: disk full, or a damaged `.data`.',
  ],
  'local-service-restarted': ['That server runs again.', 'Nothing.'],
  job: ['A job was completed.', 'Nothing.'],
  'job-failed': [
    'An attempt of a job failed; the line has the retries that are left.',
    'Read `err`. With `retriesLeft` at 0 the job is dead: mend the cause, then enqueue it again.',
  ],
  'job-interrupted': ['A job was interrupted, for example by a shutdown; it runs again.', 'Nothing.'],
  'jobs-error': [
    'The job queue had an error; it goes on.',
    'Nothing for one. If it goes on, look at the database.',
  ],
  'jobs-warning': [
    'A warning of the job queue, for example about a large backlog.',
    'Read `data`. For a backlog add runners.',
  ],
  'jobs-delayed': ['Jobs start when the database can be used.', 'Bring the database back.'],
  'metric-failed': [
    'A metric could not be read and was left out.',
    'Read `err`: the metric is missing from the scrape until it works again.',
  ],
  forked: ['A worker process was created.', 'Nothing.'],
  ready: ['A worker serves requests.', 'Nothing.'],
  'start-failed': [
    'A worker could not start.',
    'Read `reason`: a module that throws, a port in use, a start that takes too long.',
  ],
  unresponsive: [
    'A worker sent no heartbeat in time and is killed.',
    'Read the `event-loop-blocked` line before it.',
  ],
  paused: [
    'A worker sent no heartbeat in time and is left alone: its inspector is open.',
    'Resume the worker in the inspector.',
  ],
  recycling: [
    'A worker is replaced because of a signal, its age or its memory.',
    'For memory: look for a leak. For a signal or age: nothing.',
  ],
  crashed: [
    'A worker exited unexpectedly.',
    'Read `code` and `signal`, and the last lines of that worker. SIGKILL without an `unresponsive` event is often the kernel: out of memory.',
  ],
  ended: ['A worker exited as requested.', 'Nothing.'],
  replaced: [
    'A failed worker has a replacement that serves.',
    'Nothing. The cause is in the `crashed` event.',
  ],
  'restart-delayed': [
    'A worker failed soon after its start; the next one starts later.',
    'Find why workers fail soon after their start: read the `crashed` and `start-failed` events.',
  ],
  'reload-started': ['A rolling reload begins.', 'Nothing.'],
  'reload-finished': [
    'Every worker has been replaced.',
    'With `needRestart`: restart the service to apply these variables.',
  ],
  'reload-failed': [
    'The reload stopped; the line has the reason.',
    'Read `reason`, fix it and reload again. The old workers serve.',
  ],
  'gave-up': [
    'Workers keep failing; the service exits with code 83.',
    'Read the last `start-failed` or `crashed` event. Something outside has to start the service again.',
  ],
  'primary-failed': [
    'An error in the primary outside of the workers; the service drains and exits.',
    'Report it with the `uncaught-exception` line. Something outside has to start the service again.',
  ],
  'stop-task-failed': [
    'A step of a shutdown failed or overran; the next one ran.',
    'Read `err` and `task`: a resource that does not close in time.',
  ],
  'cleanup-failed': [
    'A worker that could not start failed to clean up as well.',
    'Fix the start first: read the error of the start.',
  ],
  'resource-close-failed': ['A resource could not be closed.', 'Read `err`. The process exits anyway.'],
  'management-request-failed': [
    'A request to the management port failed with an unexpected error.',
    'Fix the defect: `err` has its stack.',
  ],
  'credentials-removed': ['Sessions and API keys that have ended were removed.', 'Nothing.'],
  'idempotency-keys-removed': ['Expired idempotency keys were removed.', 'Nothing.'],
};
