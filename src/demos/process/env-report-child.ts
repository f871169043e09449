/** Reports the names in its environment, never their values, and the type that a number has after assignment to it. */
import process from 'node:process';

process.env['EXEMPLAR_NUMBER'] = 42 as unknown as string; // forbidden by its type: the conversion is what is shown
const numberBecame = typeof process.env['EXEMPLAR_NUMBER'];
delete process.env['EXEMPLAR_NUMBER'];
process.stdout.write(JSON.stringify({ names: Object.keys(process.env).toSorted(), numberBecame }));
