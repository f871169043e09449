import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { LogSink } from '../../src/process/log-sink.ts';

describe('the log sink', () => {
  test('writes every line, in order, whatever their length', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sink-'));
    const fd = openSync(join(folder, 'log'), 'w');
    const sink = new LogSink({ fd });
    const lines = Array.from({ length: 500 }, (_, index) => `${index} ${'ä'.repeat((index * 37) % 5_000)}\n`);
    for (const line of lines) sink.write(line);
    await sink.flush(10_000);
    expect(readFileSync(join(folder, 'log'), 'utf8')).toBe(lines.join(''));
    expect(sink.dropped).toBe(0);
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });

  test('drops and counts what does not fit while nothing is written, and tells when it goes on', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sink-'));
    const fd = openSync(join(folder, 'log'), 'w');
    const sink = new LogSink({ fd, maxWaitingBytes: 16_384 });
    const told: number[] = [];
    sink.onResumed((dropped) => told.push(dropped));
    // In one turn of the event loop no write can end.
    for (let line = 0; line < 100; line += 1) sink.write(`${'x'.repeat(999)}\n`);
    expect(sink.dropped).toBe(84);
    await sink.flush(10_000);
    expect(told).toEqual([84]);
    expect(readFileSync(join(folder, 'log'), 'utf8').split('\n')).toHaveLength(17);
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });

  test('counts every line as dropped once nobody can read any more', async () => {
    const sink = new LogSink({ fd: 1_000_000 });
    sink.write('one\n');
    await sink.flush(1_000);
    sink.write('two\n');
    await sink.flush(1_000);
    expect(sink.dropped).toBe(2);
  });

  // Only some systems have a disk that is always full.
  (existsSync('/dev/full') ? test : test.skip)('keeps what a full disk does not take', async () => {
    const fd = openSync('/dev/full', 'w');
    const sink = new LogSink({ fd });
    sink.write('kept\n');
    await sink.flush(100);
    expect(sink.dropped).toBe(0);
    // Not closed: the sink goes on trying, and the number would soon be that of somebody else's file.
  });
});
