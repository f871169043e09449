/** Prints, and exits at once. */
import process from 'node:process';

process.stdout.write('x'.repeat(Number(process.argv[2])));
process.exit(0);
