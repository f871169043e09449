import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { startLocal } from '../../src/identity/start-local.ts';
import { variables } from '../../src/identity/variables.ts';
import { exitCodes } from '../../src/supervision/exit-codes.ts';
import { StartError } from '../../src/supervision/start-failure.ts';
import { findFreePort } from '../support/free-port.ts';
import { Program } from '../support/program.ts';

test('AUTH_ISSUER=local gives tokens that every worker accepts', async () => {
  const AUTH_LOCAL_PORT = String(await findFreePort());
  await using program = await Program.start({ WORKERS: '2', AUTH_ISSUER: 'local', AUTH_LOCAL_PORT });
  const unfinished = connect({ host: '127.0.0.1', port: Number(AUTH_LOCAL_PORT) });
  unfinished.end('POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nsub');
  await once(unfinished.resume(), 'close');
  const body = new URLSearchParams({ sub: 'ada', aud: 'exemplar', scope: 'tasks:read' });
  const issued = await fetch(`http://127.0.0.1:${AUTH_LOCAL_PORT}/token`, { method: 'POST', body });
  const { access_token: token } = (await issued.json()) as { access_token: string };
  for (let request = 0; request < 10; request += 1) {
    const headers = { Authorization: `Bearer ${token}`, Connection: 'close' };
    expect((await program.get('/tasks', { headers })).status).toBe(200);
  }
  expect((await program.get('/tasks')).status).toBe(401);
  expect(program.lines.map(({ event }) => event)).not.toContain('unhandled-rejection');
});

test('AUTH_ISSUER=local does not start in production', async () => {
  const config = readConfig({ NODE_ENV: 'production', AUTH_ISSUER: 'local' }, variables);
  await expect(startLocal(config)).rejects.toThrow('AUTH_ISSUER=local gives a token to anyone');
  await expect(startLocal(config)).rejects.toThrow(StartError);
});

test('AUTH_ISSUER=local with a port in use does not start, and says so', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await using program = Program.launch({ AUTH_ISSUER: 'local', AUTH_LOCAL_PORT: String(port) });
  expect((await program.exited).code).toBe(exitCodes.unavailable.code);
  expect(program.errors).toContain(`Cannot listen on 127.0.0.1:${port}: the port is in use`);
  server.close();
});
