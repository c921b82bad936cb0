/** Every ref of the board store, spelled once. */

/** The board's branch in the store: the local head. */
export const localRef = 'refs/heads/orc';
/** The last head that was seen upstream; it only moves forward. */
export const trackingRef = 'refs/remotes/upstream/orc';
/** Where `orc sync --accept-rewrite` keeps a chain that the upstream gave up. */
export const rewrittenPrefix = 'refs/orc/rewritten/';
export const rewrittenRef = (time: string): string => `${rewrittenPrefix}${time.replace(/[^0-9TZ]/g, '')}`;
