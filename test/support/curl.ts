import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { DEFAULT_ORIGIN, exampleCurl } from '../../src/manifest/curl.ts';
import type { Feature } from '../../src/routes/feature.ts';
import type { Example, Route } from '../../src/routes/route.ts';

/** One example of the manifest. */
export interface PrintedExample {
  /** The shell command as it is printed for users. */
  readonly command: string;
  readonly feature: Feature;
  readonly route: Route;
  readonly example: Example;
}

export function printedExamples(features: readonly Feature[]): PrintedExample[] {
  return features.flatMap((feature) =>
    feature.routes.flatMap((route) =>
      route.examples.map((example) => ({
        command: exampleCurl(feature, route, example),
        feature,
        route,
        example,
      })),
    ),
  );
}

interface CurlResult {
  readonly stdout: string;
  /** The status of the last request; undefined if the command has a `--write-out` of its own. */
  readonly status: number | undefined;
  /** The exit code of the shell; -1 if it timed out. */
  readonly code: number;
}

/** Runs curl commands verbatim in a shell, against a program on another port. */
export class Curl implements Disposable {
  readonly #home = mkdtempSync(join(tmpdir(), 'curl-'));
  readonly #host: string;

  constructor(url: string) {
    this.#host = new URL(url).host;
    // Prints the status to stderr, apart from the response.
    writeFileSync(join(this.#home, '.curlrc'), 'write-out = "%{stderr}%{http_code}"\n');
  }

  run(command: string): Promise<CurlResult> {
    const options = {
      env: { PATH: process.env['PATH'], CURL_HOME: this.#home },
      cwd: this.#home, // some commands leave a file
      timeout: 50_000,
      maxBuffer: 64_000_000,
    };
    return new Promise((resolve) => {
      const script = command.replaceAll(DEFAULT_ORIGIN, this.#host);
      execFile('/bin/sh', ['-c', script], options, (error, stdout, stderr) => {
        const status = /(\d{3})$/.exec(stderr)?.[1];
        resolve({
          stdout,
          status: status === undefined ? undefined : Number(status),
          code: error === null ? 0 : Number(error.code ?? -1),
        });
      });
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.#home, { recursive: true });
  }
}
