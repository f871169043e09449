import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request, type RequestOptions } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type ConnectionOptions, type PeerCertificate, type TLSSocket } from 'node:tls';
import { afterAll, describe, expect, test } from '@jest/globals';
import { exitCodes } from '../../src/supervision/exit-codes.ts';
import { createCertificate, hasOpenssl } from '../support/certificate.ts';
import { Program } from '../support/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'exemplar-tls-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);

/** Certificate and key of this name, in files that a program reads. */
function createFiles(name: string) {
  const files = { TLS_CERT_FILE: path(`${name}.pem`), TLS_KEY_FILE: path(`${name}-key.pem`) };
  if (hasOpenssl) createCertificate(files.TLS_CERT_FILE, files.TLS_KEY_FILE, name);
  return files;
}

const first = createFiles('first');
const second = createFiles('second');
const ca = hasOpenssl ? [readFileSync(first.TLS_CERT_FILE), readFileSync(second.TLS_CERT_FILE)] : [];

interface Received {
  readonly status: number | undefined;
  readonly hsts: string | undefined;
  /** The name in the certificate of the server. */
  readonly subject: string;
}

async function send(url: string, options: RequestOptions = {}): Promise<Received> {
  const req = request(url, { ca, servername: 'localhost', ...options });
  req.end();
  const [res] = (await once(req, 'response')) as [IncomingMessage];
  const certificate: Partial<PeerCertificate> = (res.socket as TLSSocket).getPeerCertificate();
  const hsts = res.headers['strict-transport-security'];
  await text(res);
  return { status: res.statusCode, hsts, subject: String(certificate.subject?.CN) };
}

/** @returns the code of the error, or the protocol that both chose */
async function handshake(url: string, options: ConnectionOptions = {}): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), servername: 'localhost', ca, ...options });
  try {
    await once(socket, 'secureConnect');
    return String(socket.getProtocol());
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  } finally {
    socket.destroy();
  }
}

const withOpenssl = hasOpenssl ? describe : describe.skip; // certificates are created by the openssl of the machine

withOpenssl('with a certificate, the app', () => {
  test('serves HTTPS, without old versions and weak ciphers', async () => {
    await using program = await Program.start({ ...first, WORKERS: '1' });
    expect(program.url).toMatch(/^https:/);
    const { status, hsts } = await send(`${program.url}/livez`, { agent: false });
    expect({ status, hsts }).toEqual({ status: 200, hsts: expect.stringContaining('max-age=') });
    expect((await send(`${program.url}/demos/cluster/distribution`, { agent: false })).status).toBe(200); // template: omit
    expect(await handshake(program.url)).toBe('TLSv1.3');
    expect(await handshake(program.url, { maxVersion: 'TLSv1.2' })).toBe('TLSv1.2');
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' } as const;
    expect(await handshake(program.url, old)).toMatch(/^ERR_SSL_|ECONNRESET/);
    const weak = { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA' } as const;
    expect(await handshake(program.url, weak)).toMatch(/^ERR_SSL_/);
  });

  test('logs and counts a client that speaks HTTP', async () => {
    await using program = await Program.start({ ...first, WORKERS: '1' });
    const socket = connectPlain({ host: '127.0.0.1', port: Number(new URL(program.url).port) });
    socket.on('error', () => undefined).end('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(await text(socket).catch(() => '')).toBe('');
    const line = await program.logged('handshake-failed');
    expect(line).toMatchObject({ code: 'ERR_SSL_HTTP_REQUEST' });
    expect((await send(`${program.url}/livez`, { agent: false })).status).toBe(200);
  });

  test('takes a new one with a reload, without a failed request', async () => {
    const files = createFiles('current');
    copyFileSync(first.TLS_CERT_FILE, files.TLS_CERT_FILE);
    copyFileSync(first.TLS_KEY_FILE, files.TLS_KEY_FILE);
    await using program = await Program.start({ ...files, WORKERS: '2' });
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const outcomes: (number | string | undefined)[] = [];
    const load = { on: true };
    const streams = Array.from({ length: 8 }, async () => {
      while (load.on) {
        const one = await send(`${program.url}/livez`, { agent }).catch(String);
        outcomes.push(typeof one === 'string' ? one : one.status);
      }
    });
    const subject = async () => (await send(`${program.url}/livez`, { agent: false })).subject;
    expect(await subject()).toBe('first');

    copyFileSync(second.TLS_CERT_FILE, files.TLS_CERT_FILE);
    copyFileSync(second.TLS_KEY_FILE, files.TLS_KEY_FILE);
    program.kill('SIGHUP');
    await program.logged('reload-finished');
    expect(await subject()).toBe('second');

    writeFileSync(files.TLS_KEY_FILE, 'no key');
    program.kill('SIGHUP');
    const failed = await program.logged('reload-failed');
    expect(String(failed['reason'])).toContain(
      'TLS_CERT_FILE and TLS_KEY_FILE must be a certificate and its key',
    );
    expect(await subject()).toBe('second');

    load.on = false;
    await Promise.all(streams);
    agent.destroy();
    expect(outcomes.length).toBeGreaterThan(100);
    expect(outcomes.filter((outcome) => outcome !== 200)).toEqual([]);
  });

  // template: omit until blank line
  test('completes what has begun when it stops', async () => {
    await using program = await Program.start({ ...first, WORKERS: '1' });
    const upload = request(`${program.url}/demos/streams/upload`, {
      ca,
      servername: 'localhost',
      method: 'POST',
      agent: false,
    });
    const responded = once(upload, 'response') as Promise<[IncomingMessage]>;
    upload.write(Buffer.alloc(100_000));
    const agent = new Agent({ keepAlive: true });
    await send(`${program.url}/livez`, { agent }); // stays open, idle
    const exit = program.stop();
    await program.logged('stopping');
    upload.end(Buffer.alloc(100_000));
    expect((await responded)[0].statusCode).toBe(200);
    expect((await exit).code).toBe(0);
    agent.destroy();
  });

  test('waits for a handshake that has begun when it stops', async () => {
    await using program = await Program.start({ ...first, WORKERS: '1' });
    const socket = connectPlain({ host: '127.0.0.1', port: Number(new URL(program.url).port) });
    await once(socket, 'connect');
    const exit = program.stop();
    await program.logged('stopping');
    await sleep(500); // longer than the settle window
    const secure = connect({ socket, servername: 'localhost', ca });
    secure.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(await text(secure)).toMatch(/^HTTP\/1.1 200 /);
    expect((await exit).code).toBe(0);
  });

  test('with TLS_CLIENT_CA_FILE serves only clients with a certificate', async () => {
    await using program = await Program.start({
      ...first,
      WORKERS: '1',
      TLS_CLIENT_CA_FILE: second.TLS_CERT_FILE,
    });
    const client = { cert: readFileSync(second.TLS_CERT_FILE), key: readFileSync(second.TLS_KEY_FILE) };
    expect((await send(`${program.url}/livez`, { agent: false, ...client })).status).toBe(200);
    await expect(send(`${program.url}/livez`, { agent: false })).rejects.toThrow();
    const other = { cert: readFileSync(first.TLS_CERT_FILE), key: readFileSync(first.TLS_KEY_FILE) };
    await expect(send(`${program.url}/livez`, { agent: false, ...other })).rejects.toThrow();
    expect(await program.logged('handshake-failed')).toMatchObject({
      code: expect.stringMatching(/^ERR_SSL_/),
    });
  });

  test.each([
    [{ TLS_CERT_FILE: first.TLS_CERT_FILE }, 'TLS_CERT_FILE and TLS_KEY_FILE must be set together'],
    [{ ...first, TLS_KEY_FILE: path('missing') }, 'TLS_KEY_FILE must be the path of a readable file'],
    [{ ...first, TLS_KEY_FILE: second.TLS_KEY_FILE }, 'must be a certificate and its key in PEM'],
    [{ ...first, TLS_CLIENT_CA_FILE: second.TLS_KEY_FILE }, 'TLS_CLIENT_CA_FILE must be certificates in PEM'],
  ])('does not start with %j', async (env, reason) => {
    await using program = Program.launch({ ...env, WORKERS: '1' });
    expect((await program.exited).code).toBe(exitCodes.badConfig.code);
    expect(program.errors).toContain(reason);
  });
});
