/**
 * Milliseconds on a clock that never jumps, from some fixed point of the past: only differences count.
 * (`performance.now()` is the same, but loads a module of two milliseconds that a short command has no other use for.)
 */
export function steadyTime(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
