/**
 * A push that was refused because somebody holds git's lock on the branch there: another push at this moment, or one that was killed,
 * or lost its power, and left the lock behind. That says nothing of what was pushed. In git's own words, behind which no server stands.
 */
const heldLock = /cannot lock ref '[^']+': Unable to create '/;

/** Whether it may be taken another time as it is. `reason`: of a rejected push of which a fetch shows that it lost no race. */
export function isLockHeld(reason: string): boolean {
  return heldLock.test(reason);
}
