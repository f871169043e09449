/** A thread that takes memory until it has none left. */
const taken: unknown[] = [];
for (;;) taken.push({ text: `taken ${taken.length}`, more: new Array(100).fill(0) });
