import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config/core-variables.ts';

/** Between two attempts to start a server again. */
const RETRY_MS = 1_000;

/** A server that the service runs for itself, where no other one is configured. */
export interface LocalService {
  /** Variables that lead to it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Called if it ends without being asked to, with the reason. */
  onExit: (reason: string) => void;
  /** Starts it again after it has ended. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Returns undefined if another server is configured. */
export type StartLocalService = (config: Config) => Promise<LocalService | undefined>;

/** The local services of this process. They end with it, whatever it dies of. */
export class LocalServices {
  readonly #running: LocalService[] = [];
  #stopping = false;

  /**
   * @returns the variables that lead to them
   * @throws {StartError} if one cannot start
   */
  async start(
    sets: readonly { readonly startLocal?: StartLocalService }[],
    config: Config,
  ): Promise<Readonly<Record<string, string>>> {
    for (const { startLocal } of sets) {
      const service = await startLocal?.(config);
      if (service !== undefined) this.#running.push(service);
    }
    return Object.assign({}, ...this.#running.map(({ environment }) => environment)) as Record<
      string,
      string
    >;
  }

  /** Starts one again that ends unexpectedly, and says so. */
  supervise(log: Logger): void {
    for (const service of this.#running) {
      service.onExit = (reason) => {
        log.error({ event: 'local-service-exited', reason }, 'a local server ended; starting it again');
        void this.#restart(service, log);
      };
    }
  }

  /** Tries again for as long as it takes: processes of the server that was killed may still use its data. */
  async #restart(service: LocalService, log: Logger): Promise<void> {
    while (!this.#stopping) {
      try {
        await service.restart();
        log.info({ event: 'local-service-restarted' }, 'a local server runs again');
        return;
      } catch (err) {
        log.error({ event: 'local-service-failed', err }, 'a local server could not be started again');
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#running.map((service) => service.stop()));
  }
}
