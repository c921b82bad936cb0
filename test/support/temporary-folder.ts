/**
 * Where the tests' repositories stand: in memory, where the machine offers it.
 * They make and remove hundreds of thousands of small files and sync them, which a disk pays for and no test needs:
 * failing disks and dying processes are made by hooks. `TMPDIR` set by hand is kept; `ORC_TEST_DISK=1` keeps the disk.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const shared = '/dev/shm';
/** Bytes that have to be free: the suite has some tens of MiB in use at a time. */
const enough = 2 ** 30;

export default function inMemory(): (() => void) | undefined {
  if (process.env.TMPDIR !== undefined || process.env.ORC_TEST_DISK !== undefined) return undefined;
  const folder = folderInMemory();
  if (folder === undefined) return undefined;
  process.env.TMPDIR = folder;
  return () => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    delete process.env.TMPDIR;
  };
}

function folderInMemory(): string | undefined {
  let folder: string | undefined;
  try {
    const { bavail, bsize } = statfsSync(shared);
    if (bavail * bsize < enough) return undefined;
    folder = mkdtempSync(path.join(shared, 'orc-tests-'));
    // Containers often forbid to run what lies there; the tests' hooks and agents have to.
    const script = path.join(folder, 'runs');
    writeFileSync(script, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    execFileSync(script);
    rmSync(script);
    return folder;
  } catch {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    return undefined;
  }
}
