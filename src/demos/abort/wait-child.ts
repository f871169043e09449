/** Stands for a program that works for as many milliseconds as its argument. */
import process from 'node:process';

setTimeout(() => undefined, Number(process.argv[2]));
