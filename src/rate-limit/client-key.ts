import type { Request } from 'express';
import { ipKeyGenerator } from 'express-rate-limit';

/** IPv4 by address; IPv6 by its /56, because one customer has at least that many addresses. */
export function clientKey(req: Request): string {
  const ip = req.res?.locals.ip ?? req.ip ?? 'unknown';
  // An IPv4 client on a dual-stack listener: parsing it as IPv6 costs far more than removing the prefix.
  if (ip.startsWith('::ffff:') && ip.includes('.')) return ip.slice('::ffff:'.length);
  return ip.includes(':') ? ipKeyGenerator(ip, 56) : ip;
}
