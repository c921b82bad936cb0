/** Folders that vanish after the test that asked for them. */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A fresh folder, removed when the running test ends. */
export function makeTempDir(): string {
  const path = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'orc-test-'));
  onTestFinished(() => fs.rmSync(path, { recursive: true, force: true, maxRetries: 3 }));
  return path;
}
