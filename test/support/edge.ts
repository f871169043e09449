import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createCertificate } from './certificate.ts';
import { findFreePort } from './free-port.ts';
import { root, until } from './program.ts';

/** Whether this machine has what the edge needs; npm has no nginx to install. */
export const hasEdge = [
  ['nginx', '-v'],
  ['openssl', 'version'],
].every(([command = '', ...args]) => spawnSync(command, args).status === 0);

/** The edge of `docker/edge`, run by the nginx of this machine, with a certificate of its own. */
export class Edge implements AsyncDisposable {
  readonly url: string;
  readonly certificate: Buffer;
  readonly #process: ChildProcess;

  private constructor(url: string, certificate: Buffer, child: ChildProcess) {
    this.url = url;
    this.certificate = certificate;
    this.#process = child;
  }

  /**
   * @param folder for its files
   * @param apps URLs of the machines behind it
   */
  static async start(folder: string, apps: readonly string[]): Promise<Edge> {
    const port = await findFreePort();
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    createCertificate(cert, key);
    const servers = apps.map((url) => `server ${new URL(url).host} max_fails=1 fail_timeout=1s;`).join('\n');
    const config = join(folder, 'nginx.conf');
    const variables: Record<string, string> = {
      APP_SERVERS: servers,
      EDGE_LISTEN: `127.0.0.1:${port}`,
      TLS_CERT_FILE: cert,
      TLS_KEY_FILE: key,
    };
    const template = readFileSync(`${root}docker/edge/edge.conf.template`, 'utf8');
    const edge = template.replace(/\$\{(\w+)\}/g, (_, name: string) => variables[name] ?? '');
    const temporary = ['client_body', 'proxy', 'fastcgi', 'scgi', 'uwsgi'].map(
      (name) => `${name}_temp_path ${join(folder, name)};`,
    );
    writeFileSync(
      config,
      `daemon off; pid ${join(folder, 'nginx.pid')}; error_log ${join(folder, 'error.log')} warn; worker_processes 1;
       events { worker_connections 1024; }
       http { access_log off; ${temporary.join(' ')}\n${edge} }`,
    );
    const child = spawn('nginx', ['-c', config, '-p', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
    await until('the edge', () => canConnect(port));
    return new Edge(`https://localhost:${port}`, readFileSync(cert), child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null) return;
    this.#process.kill('SIGTERM');
    await once(this.#process, 'exit');
  }
}

async function canConnect(port: number): Promise<true | undefined> {
  const socket = connect(port, '127.0.0.1');
  const connected = await Promise.race([
    once(socket, 'connect').then(() => true as const),
    once(socket, 'error').then(() => undefined),
  ]).catch(() => undefined);
  socket.destroy();
  return connected;
}
