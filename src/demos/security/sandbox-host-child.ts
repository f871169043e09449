/** A program with secrets that runs untrusted code in one place, reports what that code got hold of, and may be killed. */
import { execFile } from 'node:child_process';
import process from 'node:process';
import { promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import type { Loot, Place, SandboxJob } from './sandbox-protocol.ts';

const { place, secret, file, port } = JSON.parse(process.argv[2] ?? '') as SandboxJob;
Object.assign(globalThis, { sandboxSecret: secret });

/** The untrusted code. `host` is the global object that it could get hold of. */
const steal = `
  const loot = {};
  const take = async (name, run) => {
    try {
      loot[name] = String(await run());
    } catch {
      loot[name] = '';
    }
  };
  const { process } = host, victim = ${process.pid};
  const fs = process.getBuiltinModule('fs');
  await take('file', () => fs.readFileSync(${JSON.stringify(file)}, 'utf8'));
  await take('write', () => fs.writeFileSync(${JSON.stringify(`${file}.written`)}, 'x') ?? 'done');
  await take('variable', () => host.sandboxSecret ?? '');
  await take('environment', () => {
    const { SANDBOX_SECRET: own } = process.env;
    return own ?? /SANDBOX_SECRET=([^\\0]*)/.exec(fs.readFileSync('/proc/' + victim + '/environ', 'utf8'))[1];
  });
  await take('program', () => {
    const { status } = process.getBuiltinModule('child_process').spawnSync(process.execPath, ['--version']);
    return status === 0 ? 'done' : '';
  });
  await take('connection', () => new Promise((resolve, reject) => {
    const socket = process.getBuiltinModule('net').connect(${port}, '127.0.0.1');
    socket.on('connect', () => { socket.destroy(); resolve('done'); }).on('error', reject);
  }));
  return JSON.stringify(loot);
`;
const kill = `host.process.kill(${process.pid}, 'SIGKILL'); return '';`;

const run = promisify(execFile);
const inChild = async (code: string, ...flags: string[]) => {
  const program = `const host = globalThis; (async () => { ${code} })().then((text) => process.stdout.write(text));`;
  return (await run(process.execPath, [...flags, '-e', program], { env: {} })).stdout;
};

const places: Readonly<Record<Place, (code: string) => Promise<string>>> = {
  // The object of the context was created here, so its constructor leads back.
  vm: (code) =>
    runInNewContext(
      `const host = this.constructor.constructor('return globalThis')(); (async () => { ${code} })()`,
      {},
      { timeout: 1_000 },
    ) as Promise<string>,
  thread: (code) =>
    new Promise((resolve, reject) => {
      const program = `const host = globalThis; (async () => { ${code} })().then((text) => require('node:worker_threads').parentPort.postMessage(text));`;
      new Worker(program, { eval: true, env: {} }).on('message', resolve).on('error', reject);
    }),
  child: (code) => inChild(code),
  permission: (code) => inChild(code, '--permission'),
};

const loot = JSON.parse(await places[place](steal)) as Loot;
process.stdout.write(`${JSON.stringify(loot)}\n`, () => {
  places[place](kill).catch(() => undefined); // if it fails, this process lives
});
