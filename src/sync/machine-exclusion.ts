/** The machine lock as sync wants it. */
import { createMachineLock } from '../git/machine-lock.ts';
import type { Exclusion } from './ports.ts';

export function machineExclusion(file: string): Exclusion {
  const lock = createMachineLock(file);
  return {
    tryTake: () => lock.tryAcquire(),
    take: (timeoutMs) => lock.acquire({ timeoutMs }),
  };
}
