/** A child that says what it finds in its environment, and what becomes of a number there. Names, never values. */
import process from 'node:process';

process.env['EXEMPLAR_NUMBER'] = 42 as unknown as string; // what the type forbids is what is shown
const numberBecame = typeof process.env['EXEMPLAR_NUMBER'];
delete process.env['EXEMPLAR_NUMBER'];
process.stdout.write(JSON.stringify({ names: Object.keys(process.env).toSorted(), numberBecame }));
