import { Transform, type TransformCallback } from 'node:stream';

/** Splits text into lines: chunks in, lines out. */
export class LineSplitter extends Transform {
  /** Lines emitted by `_flush`. */
  flushed = 0;
  #rest = '';

  constructor() {
    super({ readableObjectMode: true, decodeStrings: false, encoding: 'utf8' });
  }

  override _transform(chunk: string, _encoding: string, done: TransformCallback): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.push(line);
    done();
  }

  override _flush(done: TransformCallback): void {
    if (this.#rest !== '') {
      this.flushed += 1;
      this.push(this.#rest);
    }
    done();
  }
}
