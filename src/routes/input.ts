import type { Request } from 'express';
import { z } from 'zod';
import { Problem, type InputFault } from '../http/problem.ts';
import { readBody } from './body.ts';
import { isStreamedBody, type Route } from './route.ts';

interface Input {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly headers: unknown;
}

/**
 * Parses the input of a request with its route's schemas.
 *
 * @throws {Problem} `invalid-input`, naming every error in path, query, body and headers
 */
export function readInput(route: Route, req: Request): Input {
  const faults: InputFault[] = [];
  const input: Input = {
    params: check(route.params, withDecimals(route.params, req.params), 'path', faults),
    query: checkQuery(route.query, req, faults),
    body: isStreamedBody(route.body)
      ? readBody(req, route.body.maxBytes)
      : check(route.body, req.body, 'body', faults),
    headers: check(route.requestHeaders, req.headers, 'headers', faults),
  };
  rejectFaults(faults);
  return input;
}

/** The same for a path that is no route, which has only a query. @throws {Problem} `invalid-input` */
export function rejectQuery(query: z.ZodObject | undefined, req: Request): void {
  const faults: InputFault[] = [];
  checkQuery(query, req, faults);
  rejectFaults(faults);
}

function rejectFaults(faults: readonly InputFault[]): void {
  if (faults.length === 0) return;
  throw new Problem('invalid-input', {
    detail: faults
      .map(({ name, message }) => (name === '' ? message : `${name}: ${message}`))
      .join('; ')
      .slice(0, 2_000),
    errors: faults,
  });
}

/** A misspelled parameter must not pass unnoticed: unknown ones are rejected unless the schema takes any. */
function checkQuery(schema: z.ZodObject | undefined, req: Request, faults: InputFault[]): unknown {
  if (!req.originalUrl.includes('?')) return check(schema, {}, 'query', faults);
  const { query } = req;
  if (schema?.def.catchall === undefined) {
    for (const name of Object.keys(query)) {
      if (schema === undefined || !Object.hasOwn(schema.shape, name)) {
        faults.push({ in: 'query', name, message: 'is not a recognized parameter' });
      }
    }
  }
  return check(schema, withDecimals(schema, query), 'query', faults);
}

function check(
  schema: z.ZodType | undefined,
  given: unknown,
  place: InputFault['in'],
  faults: InputFault[],
): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) faults.push(...toFaults(issue, given, place));
  return undefined;
}

const DECIMAL = /^-?\d{1,15}(\.\d{1,15})?$/;
/** By schema, the names of the parameters that are numbers. */
const numbers = new WeakMap<z.ZodObject, readonly string[]>();

/**
 * `z.coerce.number()` takes `0x10`, `1e3`, ` 5 ` and the empty text for numbers, too. Others that read a request, such as
 * a proxy, may not: only decimal digits are a number here.
 */
function withDecimals(schema: z.ZodObject | undefined, given: object): object {
  if (schema === undefined) return given;
  let names = numbers.get(schema);
  if (names === undefined) {
    names = Object.keys(schema.shape).filter((name) => isNumber(schema.shape[name]));
    numbers.set(schema, names);
  }
  if (names.length === 0) return given;
  const changed: Record<string, unknown> = { ...given };
  for (const name of names) {
    const value = changed[name];
    if (typeof value === 'string' && !DECIMAL.test(value)) changed[name] = NaN;
  }
  return changed;
}

function isNumber(schema: unknown): boolean {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return isNumber(schema.unwrap());
  return schema instanceof z.ZodNumber;
}

function toFaults(issue: z.core.$ZodIssue, given: unknown, place: InputFault['in']): InputFault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((name) => ({ in: place, name, message: 'is not a recognized parameter' }));
  }
  const name = issue.path.join('.');
  const repeated = place === 'query' && Array.isArray((given as Record<string, unknown>)[name]);
  return [{ in: place, name, message: repeated ? 'is given more than once' : issue.message }];
}
