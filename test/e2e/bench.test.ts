/**
 * The benchmark in short: that it runs, and that nothing has become much worse. What is counted is exact; what is timed has room for a
 * machine that does other things too.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { projectRoot } from '../support/bundle.ts';
import { makeTempDir } from '../support/temp-dir.ts';

interface Row {
  readonly row: string;
  readonly ours: number;
  readonly ratio: number | null;
}

test('the bench in short: bytes, objects, and a generous word on time', () => {
  const json = path.join(makeTempDir(), 'bench.json');
  const rows = ['version', 'status-warm', 'bytes', 'loose-objects'];
  const options = ['--scale', '0.002', '--rounds', '5', '--json', json];
  const table = execFileSync(process.execPath, ['bench/run.mjs', ...rows, ...options], {
    cwd: projectRoot,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [version, status, bytes, loose] = JSON.parse(readFileSync(json, 'utf8')) as [Row, Row, Row, Row];
  expect(version.ratio).toBeLessThan(3);
  expect(status.ratio).toBeLessThan(4);
  expect(bytes.ours).toBeLessThanOrEqual(2048);
  expect(bytes.ratio).toBeLessThanOrEqual(1.5);
  expect(loose.ours).toBe(0);
  expect(table.split('\n').filter((line) => line.startsWith('| '))).toHaveLength(2 + rows.length);
});
