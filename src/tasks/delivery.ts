/** Webhooks that report completed tasks: what callers see of them, and the jobs that send them. */
import { z } from 'zod';
import { defineJob } from '../jobs/job.ts';
import { task } from './task.ts';

export const delivery = z.strictObject({
  id: z.uuid().describe('The webhook-id header, the same in each attempt.'),
  state: z.enum(['pending', 'delivered', 'failed']).describe('failed: the last attempt has failed.'),
  attempts: z.int().min(0),
  lastStatus: z.int().optional().describe('The status of the last response, if there was one.'),
  lastError: z.string().optional().describe('Why the last attempt failed.'),
  nextAttemptAt: z.iso.datetime().optional().describe('When the next attempt may begin, if one is due.'),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

export const deliveryList = z.strictObject({ items: z.array(delivery) });

export type Delivery = z.output<typeof delivery>;

const data = z.strictObject({
  deliveryId: z.uuid(),
  /** As it was when it was completed. */
  task,
});

/** Records that a webhook is given up. */
export const giveUpWebhook = defineJob({ name: 'give-up-webhook', data });

/** Sends a webhook. Its id is that of the delivery. */
export const sendWebhook = defineJob({
  name: 'send-webhook',
  data,
  retry: { limit: 8, delayS: 1, maxDelayS: 600 },
  expireS: 30,
  deadLetter: giveUpWebhook,
});
