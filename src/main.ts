/** The program: first what must happen before anything else is loaded, then the start. */
import { enableServiceCompileCache } from './process/compile-cache.ts';
import { ignoreHangUp } from './process/signals.ts';

ignoreHangUp();
enableServiceCompileCache();
await import('./start.ts');
