/** Whoever waits for a hook is let go after a while, whatever the hook still waits for. */

/** What it gives, or `null` when the time was over first. @param sleep resolves after so many ms, or when it is given up */
export async function within<T>(
  ms: number,
  running: Promise<T>,
  sleep: (ms: number, signal: AbortSignal) => Promise<void>,
): Promise<T | null> {
  const done = new AbortController();
  const over = sleep(ms, done.signal).then(() => null);
  try {
    return await Promise.race([running, over]);
  } finally {
    done.abort();
    // Nobody waits for it any more.
    running.catch(() => {});
  }
}
