import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { messages } from '../../../src/primary/event-log.ts';
import type { EventName } from '../../../src/supervision/supervision.ts';
import { sources } from '../../support/architecture.ts';
import { root } from '../../support/program.ts';

export interface LogEvent {
  /** None: a line is logged without an event. */
  readonly event: string | undefined;
  readonly level: string;
  readonly fields: readonly string[];
  /** Where the source logs it. */
  readonly file: string;
}

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
/** Of each line, or of each line of a request; the page names them once. */
const commonFields = ['event', 'level', 'time', 'msg', 'requestId', 'traceId', 'parentId'];

/** The files of `src` that run in Node.js. */
export function parsedSources(): ts.SourceFile[] {
  return sources
    .filter((file) => !file.startsWith('web/client/'))
    .map((file) =>
      ts.createSourceFile(file, readFileSync(`${root}src/${file}`, 'utf8'), ts.ScriptTarget.Latest, true),
    );
}

/** Every event that the source logs, once per place. */
export function readLogEvents(): LogEvent[] {
  const parsed = parsedSources();
  const shared = parsed
    .filter(({ fileName }) => /^(primary|supervision)/.test(fileName))
    .flatMap(readReturned);
  const found: LogEvent[] = [];
  for (const source of parsed) {
    const file = source.fileName;
    const returned = new Map([...shared, ...readReturned(source)]);
    const add = (event: string | undefined, level: string, fields: ts.Expression) =>
      found.push({ event, level, file, fields: namesIn(fields, returned) });
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node)) {
        const method = ts.isPropertyAccessExpression(node.expression) ? node.expression.name.text : '';
        const receiver = ts.isPropertyAccessExpression(node.expression) ? node.expression.expression : node;
        const [first, second] = node.arguments;
        if (first !== undefined && levels.includes(method) && /\blog$/.test(receiver.getText()))
          for (const event of valuesOf(propertyOf(first, 'event'))) add(event, method, first);
        if (second !== undefined && method === 'record' && receiver.getText().endsWith('events'))
          for (const event of valuesOf(first)) add(event, messages[event as EventName][0], second);
      }
      // A line that is written without the logger.
      const level = ts.isObjectLiteralExpression(node) ? propertyOf(node, 'level') : undefined;
      if (level !== undefined && ts.isStringLiteral(level))
        for (const event of valuesOf(propertyOf(node, 'event')))
          add(event, level.text, node as ts.Expression);
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}

/** The names of the properties that functions of a file return, and of those that its constants have. */
function readReturned(source: ts.SourceFile): [string, string[]][] {
  const found: [string, string[]][] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionDeclaration(node) || ts.isVariableDeclaration(node)) {
      const value = ts.isFunctionDeclaration(node) ? node : node.initializer;
      const names = value === undefined ? [] : namesIn(returnedBy(value), new Map());
      if (names.length > 0) found.push([node.name?.getText() ?? '', names]);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function returnedBy(node: ts.Node): ts.Node {
  const body = ts.isFunctionLike(node) && 'body' in node ? node.body : node;
  if (body === undefined || !ts.isBlock(body)) return body ?? node;
  return body.statements.find(ts.isReturnStatement)?.expression ?? node;
}

/** The names of the properties of an object, also of those that it spreads. */
function namesIn(node: ts.Node, returned: ReadonlyMap<string, readonly string[]>): string[] {
  if (ts.isObjectLiteralExpression(node)) {
    return node.properties.flatMap((property) =>
      ts.isSpreadAssignment(property)
        ? namesIn(property.expression, returned)
        : [property.name.getText()].filter((name) => !commonFields.includes(name)),
    );
  }
  if (ts.isParenthesizedExpression(node)) return namesIn(node.expression, returned);
  if (ts.isConditionalExpression(node))
    return [...namesIn(node.whenTrue, returned), ...namesIn(node.whenFalse, returned)];
  if (ts.isCallExpression(node)) return [...(returned.get(node.expression.getText()) ?? [])];
  if (ts.isIdentifier(node)) return [...(returned.get(node.text) ?? [])];
  return [];
}

function propertyOf(node: ts.Node, name: string): ts.Expression | undefined {
  if (!ts.isObjectLiteralExpression(node)) return undefined;
  const property = node.properties.find((one) => one.name?.getText() === name);
  return property !== undefined && ts.isPropertyAssignment(property) ? property.initializer : undefined;
}

/** The texts that an expression may have. */
function valuesOf(node: ts.Expression | undefined): (string | undefined)[] {
  if (node === undefined) return [undefined];
  if (ts.isConditionalExpression(node)) return [...valuesOf(node.whenTrue), ...valuesOf(node.whenFalse)];
  return [ts.isStringLiteral(node) ? node.text : undefined];
}
