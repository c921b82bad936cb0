/**
 * A push that was refused because somebody holds git's lock on the branch there: another push at this moment, or one that was killed,
 * or lost its power, and left the lock behind. That says nothing of what was pushed. In git's own words, behind which no server stands.
 * A deposit that is locked is another matter: it is left where it is, and publishing goes on without it.
 */
export const heldLock = /cannot lock ref 'refs\/heads\/[^']+': Unable to create '/;

/** Whether it may be taken another time as it is. `reason`: of a rejected push of which a fetch shows that it lost no race. */
export function isLockHeld(reason: string): boolean {
  return heldLock.test(reason);
}
