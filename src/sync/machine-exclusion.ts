/** The machine lock as sync wants it. */
import { existsSync } from 'node:fs';
import { createMachineLock } from '../git/machine-lock.ts';
import type { Exclusion } from './ports.ts';

export function machineExclusion(file: string): Exclusion {
  const lock = createMachineLock(file);
  return {
    tryTake: () => lock.tryAcquire(),
    isTaken: () => existsSync(file),
    take: (timeoutMs) => lock.acquire({ timeoutMs }),
  };
}
