/** Asks two questions on its standard streams, in the requested way, and reports the answers on standard error. */
import process from 'node:process';
import { createInterface } from 'node:readline/promises';

const QUESTIONS = ['What is your name? ', 'How old are you? '];
const TICK_MS = 10;

const way = process.argv[2];
const prompt = createInterface({ input: process.stdin, output: process.stdout });
const lines = prompt[Symbol.asyncIterator]();
const closed = new AbortController();
if (way === 'signal') prompt.once('close', () => closed.abort());

let ticks = 0;
setInterval(() => (ticks += 1), TICK_MS).unref();

async function ask(question: string): Promise<string | undefined> {
  if (way === 'question') return prompt.question(question);
  if (way === 'signal') return prompt.question(question, { signal: closed.signal });
  process.stdout.write(question);
  const { value, done } = await lines.next();
  return done === true ? undefined : value;
}

try {
  for (const question of QUESTIONS) {
    const answer = await ask(question);
    if (answer === undefined) throw new Error('no more input');
    process.stderr.write(`answer ${answer}\n`);
  }
} catch (error) {
  process.stderr.write(`error ${(error as Error).name}\n`);
  process.exitCode = 1;
}
process.stderr.write(`ticks ${ticks}\n`);
prompt.close();
