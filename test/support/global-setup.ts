import process from 'node:process';
import { startTestServers } from './resources.ts';

declare global {
  var stopTestServers: () => Promise<void>;
}

/** Jest calls it before all tests. */
export default async function setUp(): Promise<void> {
  process.env['TZ'] = 'Asia/Kathmandu'; // 5:45 h ahead of UTC: no test may depend on the machine's zone
  globalThis.stopTestServers = await startTestServers();
}
