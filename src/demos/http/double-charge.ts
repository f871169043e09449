import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { fetchResponse, overLoopback } from '../kit/measure/loopback.ts';
import { ChargeServer, faultOf, ways, type Way } from './charge-server.ts';

/** Clients that order at the same time. */
const LANES = 10;
/** How long a client waits for its first response; each retry waits longer, up to the limit. */
const FIRST_TIMEOUT_MS = 60;
const MAX_TIMEOUT_MS = 5_000;
const MAX_ATTEMPTS = 4;
const MAX_DRAWN = 12;

const resultSchema = z.strictObject({
  way: z.enum(ways),
  orders: z.number(),
  attempts: z.number().describe('Requests that reached the server'),
  responsesLost: z.number().describe('Connections that the server cut after a charge, before its response'),
  timedOut: z.number().describe('Requests that the client gave up while the server still worked'),
  confirmed: z.number().describe('Orders whose client received a response in the end'),
  charges: z.number(),
  chargedTwice: z.number().describe('Orders with more than one charge'),
  replayed: z.number().describe('Requests that received the response of an earlier one'),
  otherBodyStatus: z
    .number()
    .nullable()
    .describe('The status of another order with a used key; null without keys'),
});
export type Result = z.infer<typeof resultSchema>;

export const doubleChargeRoute = demoRoute({
  method: 'get',
  path: '/double-charge',
  title: 'Retry a POST safely',
  summary:
    'Posts orders to a private server that loses some responses and is slow with others; the client retries.',
  teaches:
    'A client without a response cannot know whether its POST took effect. With an Idempotency-Key the server recognizes the ' +
    'retry, but only if it stores the key before the work starts: a key stored afterwards misses a retry that comes in between.',
  query: z.object({
    way: oneOf('A retry without a key, a key that is stored after the charge, or before it', ways),
    orders: wholeNumber('Orders to post', { min: 1, max: 100, default: 50 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'Retry without a key', query: { way: 'plain', as: 'text' } },
    { title: 'A key that is stored too late', query: { way: 'late', as: 'text' } },
    { title: 'A key that is stored first', query: { way: 'key', as: 'text' } },
  ],
  contrasts: [
    'http/double-charge?way=plain',
    'http/double-charge?way=late',
    'http/double-charge?way=key',
    'http/lost-update?way=if-match',
    'resilience/retry?policy=jitter',
  ],
  async run(call) {
    const result = await postOrders(call);
    return { result, lesson: conclude(result) };
  },
});

type ChargeCall = DemoCall<unknown, { readonly way: Way; readonly orders: number }, unknown>;

async function postOrders({ query: { way, orders }, signal, timeline }: ChargeCall): Promise<Result> {
  const server = new ChargeServer(way);
  let confirmed = 0;
  let timedOut = 0;
  const numbers = Array(orders).keys();

  const otherBodyStatus = await overLoopback(server.serve, async (origin) => {
    const postOnce = (order: number, headers: Record<string, string>, timeout: AbortSignal) =>
      fetchResponse(origin, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers },
        body: JSON.stringify({ order }),
        signal: AbortSignal.any([signal, timeout]),
      });
    const post = async (order: number) => {
      const end =
        order < MAX_DRAWN
          ? timeline.begin(`order ${order + 1}: ${faultOf(order)}`, 'clients')
          : () => timeline.leaveOut();
      const headers: Record<string, string> = way === 'plain' ? {} : { 'Idempotency-Key': keyOf(order) };
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
        const timeout = AbortSignal.timeout(Math.min(MAX_TIMEOUT_MS, FIRST_TIMEOUT_MS * 10 ** attempt));
        const response = await postOnce(order, headers, timeout).catch(() => undefined);
        signal.throwIfAborted();
        if (response?.status === 201) {
          confirmed += 1;
          break;
        }
        if (timeout.aborted) timedOut += 1;
        await sleep(1, undefined, { signal });
      }
      end();
    };
    const lane = async () => {
      for (const order of numbers) await post(order);
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    if (way === 'plain') return null;
    const { status } = await postOnce(
      orders,
      { 'Idempotency-Key': keyOf(0) },
      AbortSignal.timeout(MAX_TIMEOUT_MS),
    );
    return status;
  });
  await server.idle();
  return {
    way,
    orders,
    attempts: server.attempts,
    responsesLost: server.responsesLost,
    timedOut,
    confirmed,
    charges: server.charges.length,
    chargedTwice: new Set(server.charges.filter((order, index) => server.charges.indexOf(order) < index))
      .size,
    replayed: server.replayed,
    otherBodyStatus,
  };
}

/** A client makes it up once for each order, not once for each request. */
function keyOf(order: number): string {
  return `order-${order}`;
}

const names: Readonly<Record<Way, string>> = {
  plain: 'Retries without a key',
  late: 'A key stored late',
  key: 'A key stored first',
};

export function conclude(result: Result): Lesson {
  const { way, orders, attempts, responsesLost, timedOut, charges, chargedTwice, replayed } = result;
  if (responsesLost + timedOut === 0) {
    return {
      headline: 'This run does not tell: no response was lost',
      text: `${count(orders, 'order')} took ${count(attempts, 'request')}, and none was retried. Post more orders.`,
    };
  }
  if (way === 'late' && timedOut === 0) {
    return {
      headline: 'This run does not tell: no retry came during a charge',
      text: `The key was stored before each of the ${count(attempts - orders, 'retry', 'retries')}, which hides the gap. Post more orders.`,
    };
  }
  const faults =
    `${count(responsesLost, 'response')} got lost after the charge, and ${count(timedOut, 'request')} took longer than a ` +
    `client waits (${ms(FIRST_TIMEOUT_MS)} at first), so ${count(orders, 'order')} took ${count(attempts, 'request')} and ` +
    `${count(charges, 'charge')}.`;
  const reuse =
    result.otherBodyStatus === null
      ? ''
      : ` A used key with another order received ${result.otherBodyStatus}.`;
  return {
    headline:
      chargedTwice === 0
        ? `${names[way]}: every order was charged once`
        : `${names[way]}: ${chargedTwice} of ${count(orders, 'order')} charged more than once`,
    text: `${faults} ${count(replayed, 'request')} received the response of an earlier one.${reuse}`,
  };
}
