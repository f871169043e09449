/** The program: what has to be done before anything else is loaded, and then the start. */
import { keepCompiled } from './process/compile-cache.ts';
import { becomeInit } from './process/init.ts';
import { outliveHangUp } from './process/signals.ts';

becomeInit();
outliveHangUp();
keepCompiled();
await import('./start.ts');
