import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { root, until } from './program.ts';

/** A span as the receiver got it. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string | undefined;
  readonly flags: number;
  readonly name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  /** Since the epoch. */
  readonly startMs: number;
  readonly endMs: number;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}

/** A receiver of traces, in a process of its own. */
export class SpanReceiver implements AsyncDisposable {
  readonly url: string;
  readonly #process: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#process = child;
  }

  /**
   * @param options.key must come with each export, as the header `x-key`
   * @param options.hangs it accepts connections and never responds
   */
  static async start({ key = '', hangs = false } = {}): Promise<SpanReceiver> {
    const child = fork(`${root}test/support/span-receiver-program.ts`, {
      env: { ...(key === '' ? {} : { KEY: key }), ...(hangs ? { MODE: 'hang' } : {}) },
      execArgv: [],
    });
    const [port] = (await once(child, 'message')) as [number];
    return new SpanReceiver(`http://127.0.0.1:${port}`, child);
  }

  async spans(): Promise<ReceivedSpan[]> {
    return (await (await fetch(this.url)).json()) as ReceivedSpan[];
  }

  /** Waits until the spans of a trace include all of these names, and returns them by their start. */
  async trace(traceId: string, names: readonly string[]): Promise<ReceivedSpan[]> {
    return until(`the spans ${names.join(', ')}`, async () => {
      const spans = (await this.spans()).filter((span) => span.traceId === traceId);
      const found = new Set(spans.map(({ name }) => name));
      return names.every((name) => found.has(name)) ? spans.sort((a, b) => a.startMs - b.startMs) : undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }
}
