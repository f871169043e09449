import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exampleCurl } from '../../src/http/curl.ts';
import type { Example, Feature, Route } from '../../src/http/feature.ts';

/** One example of the manifest, with the line it is printed as. */
export interface Printed {
  readonly line: string;
  readonly feature: Feature;
  readonly route: Route;
  readonly example: Example;
}

export function printedExamples(features: readonly Feature[]): Printed[] {
  return features.flatMap((feature) =>
    feature.routes.flatMap((route) =>
      route.examples.map((example) => ({
        line: exampleCurl(feature, route, example),
        feature,
        route,
        example,
      })),
    ),
  );
}

export interface Ran {
  readonly stdout: string;
  /** The last status; undefined where the line itself says what curl writes. */
  readonly status: number | undefined;
  readonly code: number;
}

/** Runs curl lines as they are printed, with a shell, against a program on another port. */
export class Curl implements Disposable {
  readonly #home = mkdtempSync(join(tmpdir(), 'curl-'));
  readonly #host: string;

  constructor(url: string) {
    this.#host = new URL(url).host;
    // Tells the status beside what the line prints, so that the line can be run as it is.
    writeFileSync(join(this.#home, '.curlrc'), 'write-out = "%{stderr}%{http_code}"\n');
  }

  run(line: string): Promise<Ran> {
    const options = {
      env: { PATH: process.env['PATH'], CURL_HOME: this.#home },
      cwd: this.#home, // where some lines leave a file
      timeout: 50_000,
      maxBuffer: 64_000_000,
    };
    return new Promise((resolve) => {
      const here = line.replaceAll('localhost:3000', this.#host);
      execFile('/bin/sh', ['-c', here], options, (error, stdout, stderr) => {
        const status = /(\d{3})$/.exec(stderr)?.[1];
        resolve({
          stdout,
          status: status === undefined ? undefined : Number(status),
          code: Number(error?.code ?? 0),
        });
      });
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.#home, { recursive: true });
  }
}
