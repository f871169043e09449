/**
 * Signs webhooks, so that their receiver knows that they are from this service and recent. The headers and what is
 * signed are those of https://www.standardwebhooks.com
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export interface Webhook {
  /** The same in each attempt: the receiver handles a webhook once. */
  readonly id: string;
  readonly body: string;
}

/** A captured webhook can be sent again within this time (s) only. */
const TOLERANCE_S = 5 * 60;

/** @returns the headers of one attempt */
export function signatureHeaders(
  { id, body }: Webhook,
  secret: string,
  now = Date.now(),
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  const timestamp = String(Math.floor(now / 1000));
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': sign({ id, body }, timestamp, secret),
  };
}

/** Whether a webhook was signed with this secret, and not long ago. For receivers. */
export function isAuthentic(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  body: string,
  secret: string,
  now = Date.now(),
): boolean {
  const id = String(headers['webhook-id']);
  const timestamp = String(headers['webhook-timestamp']);
  const given = Buffer.from(String(headers['webhook-signature']));
  const expected = Buffer.from(sign({ id, body }, timestamp, secret));
  const age = Math.abs(now / 1000 - Number(timestamp));
  return age <= TOLERANCE_S && given.length === expected.length && timingSafeEqual(given, expected);
}

function sign({ id, body }: Webhook, timestamp: string, secret: string): string {
  return `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
