import { startTestServers } from './resources.ts';

declare global {
  var stopTestServers: () => Promise<void>;
}

/** Jest calls it before all tests. */
export default async function setUp(): Promise<void> {
  globalThis.stopTestServers = await startTestServers();
}
