/** The servers behind the resources in tests. To add one, add an entry to the list. */
import { createTestDatabase, startTestServer } from './database.ts';

/** What one test app has for itself, such as a database. */
export interface OwnResource extends AsyncDisposable {
  /** Variables that lead to it. */
  readonly environment: Readonly<Record<string, string>>;
  /** How many connections programs have to it. */
  countConnections(): Promise<number>;
}

interface TestResource {
  /** Starts a server for the run, sets the variables that lead to it, and returns a function that stops it. */
  readonly start: () => Promise<() => Promise<void>>;
  readonly create: () => Promise<OwnResource>;
}

const testResources: readonly TestResource[] = [
  // In the order in which they are started; they are stopped in the reverse order.
  { start: startTestServer, create: createTestDatabase },
];

/** @returns a function that stops the servers */
export async function startTestServers(): Promise<() => Promise<void>> {
  const started: (() => Promise<void>)[] = [];
  for (const { start } of testResources) started.push(await start());
  return async () => {
    for (const stop of started.toReversed()) await stop();
  };
}

/** Creates what one test app has for itself. */
export async function createOwnResources(): Promise<OwnResource> {
  const all = await Promise.all(testResources.map(({ create }) => create()));
  return {
    environment: Object.assign({}, ...all.map(({ environment }) => environment)) as Record<string, string>,
    async countConnections() {
      const counts = await Promise.all(all.map((own) => own.countConnections()));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(all.map((own) => own[Symbol.asyncDispose]()));
    },
  };
}
