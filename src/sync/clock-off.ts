/** How far this machine's clock is off the upstream's: what deciding that somebody's time is up depends on. */
import type { ClockOptions, Transport } from '../git/transport.ts';

/** Milliseconds that are sure, whatever the reading's error; negative: behind. `null`: nobody can tell. */
export async function clockOff(
  transport: Pick<Transport, 'clockDifference'>,
  options: ClockOptions,
): Promise<number | null> {
  const difference = await transport.clockDifference?.(options);
  if (difference === undefined || difference === null) return null;
  const sure = Math.max(0, Math.abs(difference.ms) - difference.errorMs);
  // The upstream is ahead where this machine is behind.
  return difference.ms > 0 ? 0 - sure : sure;
}
