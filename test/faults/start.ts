/** Starts that cannot succeed. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { variables } from '../../src/config/variables.ts';
import { featureVariables } from '../../src/features.ts';
import { badValues } from '../support/bad-values.ts';
import type { Fault } from './fault.ts';

export const takenPort: Fault = {
  name: 'port-taken',
  expects: 'the port is taken: ends within 2 s, exit 69, one clear line, forks ≤ workers',
  async run(lab) {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    // Nothing is compared with the clock alone: a start that succeeds says how fast this machine is now.
    const before = performance.now();
    await lab.start();
    const normalMs = performance.now() - before;
    const startedAt = performance.now();
    const program = lab.launch({ PORT: String(port), LOG_LEVEL: 'debug' });
    const exit = await program.exited;
    const tookMs = performance.now() - startedAt;
    holder.close();
    const forks = program.lines.filter(({ event }) => event === 'forked').length;
    const said = program.errors.trim().split('\n');
    return {
      figure: `exit ${exit.code} after ${Math.round(tookMs)} ms (a good start: ${Math.round(normalMs)} ms), ${forks} forks, «${said.join(' / ')}»`,
      checks: {
        'exit code 69': exit.code === 69,
        'within 2 s, or as fast as a good start': tookMs < Math.max(2_000, normalMs),
        'one line that names the port':
          said.length === 1 && said[0]?.includes(`:${port}: the port is taken`) === true,
        'forks no more than workers': forks <= 2,
      },
    };
  },
};

export const badConfiguration: Fault = {
  name: 'bad-config',
  expects: 'each variable, wrong, and all at once: refuses to start, names every bad one, exit 78',
  async run(lab) {
    const bad = badValues({ ...variables, ...featureVariables });
    const names = Object.keys(bad);
    const wrong: string[] = [];
    const check = async (some: readonly string[]) => {
      const program = lab.launch(Object.fromEntries(some.map((name) => [name, bad[name] ?? ''])));
      const { code } = await program.exited;
      const named = some.every((name) => program.errors.includes(`${name} must be`));
      if (code !== 78 || !named || program.output !== '') wrong.push(some.join('+'));
    };
    // Of a short run every third, so that each kind of variable is among them.
    const singles = names.filter((_, index) => !lab.short || index % 3 === 0);
    const waiting = [...singles];
    const work = async () => {
      for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
        lab.say(name);
        await check([name]);
      }
    };
    await Promise.all([work(), work()]);
    await check(names);
    return {
      figure: `${singles.length + 1 - wrong.length} of ${singles.length + 1} refused by name${wrong.length > 0 ? `; not: ${wrong.join(', ')}` : ''}`,
      checks: { 'every one is refused': wrong.length === 0 },
    };
  },
};
