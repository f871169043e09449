/** What a supervised service looks like from outside: what the management port sends. */
import { z } from 'zod';
import { vitalsSchema } from '../telemetry/vitals.ts';

/** What a worker reports about itself with every heartbeat. */
export const workerReportSchema = z.strictObject({
  state: z.enum(['starting', 'ready', 'draining']),
  failing: z.array(z.string()).describe('What it depends on and cannot reach; requests that need it fail'),
  vitals: vitalsSchema,
  requests: z.strictObject({ inFlight: z.number(), total: z.number() }),
  connections: z.number(),
  droppedLogLines: z.number(),
  debugging: z.boolean().describe('Whether an inspector is open, which may pause it at a breakpoint'),
});
export type WorkerReport = Readonly<z.infer<typeof workerReportSchema>>;

export const workerStates = ['starting', 'ready', 'draining', 'gone'] as const;
export type WorkerState = (typeof workerStates)[number];

/** One worker as the primary sees it. */
export const workerViewSchema = z.strictObject({
  id: z.number(),
  pid: z.number(),
  slot: z.number().describe('A replacement takes the slot of the worker it replaces'),
  state: z.enum(workerStates),
  ageS: z.number(),
  restarts: z.number().describe('How often the worker of this slot was replaced'),
  silentMs: z.number().describe('Time since its last heartbeat'),
  report: workerReportSchema.optional().describe('Its last heartbeat'),
});
export type WorkerView = Readonly<z.infer<typeof workerViewSchema>>;

export const eventNames = [
  'forked',
  'ready',
  'start-failed',
  'unresponsive',
  'paused',
  'stopping',
  'recycling',
  'crashed',
  'ended',
  'replaced',
  'restart-delayed',
  'reload-started',
  'reload-finished',
  'reload-failed',
  'gave-up',
  'primary-failed',
] as const;
export type EventName = (typeof eventNames)[number];

/** Something that happened to a worker or to the service. Its log line has the same fields, with `time` for `at`. */
export const supervisionEventSchema = z.strictObject({
  at: z.iso.datetime(),
  event: z.enum(eventNames),
  worker: z.number().optional().describe('Id of the worker; none if the event is about the service'),
  workerPid: z.number().optional(),
  slot: z.number().optional(),
  reason: z.string().optional(),
  code: z.number().nullable().optional().describe('Exit code; null after a signal'),
  signal: z.string().nullable().optional().describe('The signal that ended the process'),
  silentMs: z.number().optional().describe('Time since its last heartbeat'),
  afterMs: z.number().optional().describe('Time from the fork, or from the failure that it makes up for'),
  delayMs: z.number().optional().describe('Time until the next try'),
  replacedWorker: z.number().optional(),
  workers: z.number().optional().describe('Workers to replace'),
  replaced: z.number().optional().describe('Workers replaced'),
  durationMs: z.number().optional(),
  needRestart: z.array(z.string()).optional().describe('Changed variables that need a restart'),
});
export type SupervisionEvent = Readonly<z.infer<typeof supervisionEventSchema>>;
export type EventDetails = Omit<SupervisionEvent, 'at' | 'event'>;

/** What the management port's `/readyz` responds. */
export interface ServiceReadiness {
  /** `unavailable`: no worker is ready, or each of those that are cannot reach something it depends on. */
  readonly status: 'starting' | 'ready' | 'unavailable' | 'draining';
  /** The checks that fail in ready workers, if it is unavailable. */
  readonly failing: readonly string[];
}

/** The readiness of a service that has started, from the failing checks of each ready worker. */
export function readinessOf(workers: readonly (readonly string[])[]): ServiceReadiness {
  if (workers.some((failing) => failing.length === 0)) return { status: 'ready', failing: [] };
  return { status: 'unavailable', failing: [...new Set(workers.flat())] };
}

/** The response of `GET /workers`. */
export const clusterViewSchema = z.strictObject({
  primary: z.strictObject({ pid: z.number(), uptimeS: z.number(), ready: z.boolean() }),
  workers: z.array(workerViewSchema),
  events: z.array(supervisionEventSchema).describe('The latest events, oldest first'),
});
export type ClusterView = Readonly<z.infer<typeof clusterViewSchema>>;

/** The response of `POST /reload`. */
export const reloadResultSchema = z.strictObject({
  ok: z.boolean(),
  replaced: z.number().describe('Workers replaced'),
  durationMs: z.number(),
  queued: z.boolean().describe('Whether it had to wait for another reload'),
  reason: z.string().optional().describe('Why it failed'),
  needRestart: z.array(z.string()).optional().describe('Changed variables that need a restart'),
});
export type ReloadResult = Readonly<z.infer<typeof reloadResultSchema>>;
