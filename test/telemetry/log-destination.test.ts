import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { LogDestination } from '../../src/telemetry/log-destination.ts';

const folder = mkdtempSync(join(tmpdir(), 'destination-'));
const path = join(folder, 'log');
afterAll(() => rmSync(folder, { recursive: true }));

describe('the log destination', () => {
  test('writes lines of any length in order', async () => {
    const fd = openSync(path, 'w');
    const destination = new LogDestination({ fd });
    const lines = Array.from({ length: 500 }, (_, index) => `${index} ${'ä'.repeat((index * 37) % 5_000)}\n`);
    for (const line of lines) destination.write(line);
    await destination.flush(10_000);
    expect(readFileSync(path, 'utf8')).toBe(lines.join(''));
    expect(destination.dropped).toBe(0);
    closeSync(fd);
  });

  test('drops and counts lines beyond its buffer, and reports them when writing resumes', async () => {
    const fd = openSync(path, 'w');
    const destination = new LogDestination({ fd, maxWaitingBytes: 16_384 });
    const reported: number[] = [];
    destination.onResumed((dropped) => reported.push(dropped));
    // No write can complete within one iteration of the event loop.
    for (let line = 0; line < 100; line += 1) destination.write(`${'x'.repeat(999)}\n`);
    expect(destination.dropped).toBe(84);
    await destination.flush(10_000);
    expect(reported).toEqual([84]);
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(17);
    closeSync(fd);
  });

  test('counts every line as dropped after a permanent write error', async () => {
    const destination = new LogDestination({ fd: 1_000_000 });
    for (const line of ['one\n', 'two\n']) {
      destination.write(line);
      await destination.flush(1_000);
    }
    expect(destination.dropped).toBe(2);
  });

  // Linux has a device that is always full.
  (existsSync('/dev/full') ? test : test.skip)('keeps lines while the disk is full', async () => {
    const fd = openSync('/dev/full', 'w');
    const destination = new LogDestination({ fd });
    destination.write('kept\n');
    await destination.flush(100);
    expect(destination.dropped).toBe(0);
    // Not closed: the destination goes on retrying, and another file would soon get this descriptor.
  });
});
