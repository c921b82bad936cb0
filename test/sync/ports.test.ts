/** The real clock, as far as it can be looked at without waiting. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { realClock } from '../../src/sync/ports.ts';

const day = 86_400_000;

describe('a pause', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  test.each([[1], [20], [30], [366]])('of %i days lasts as long, though no timer of Node does', async (days) => {
    const ended = vi.fn();
    void realClock.sleep(days * day).then(ended);
    await vi.advanceTimersByTimeAsync(days * day - 1);
    expect(ended).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(ended).toHaveBeenCalledOnce();
  });

  test('ends by its signal at any time, and leaves no timer behind', async () => {
    const stop = new AbortController();
    const ended = vi.fn();
    void realClock.sleep(Number.POSITIVE_INFINITY, stop.signal).then(ended);
    await vi.advanceTimersByTimeAsync(100 * day);
    expect(ended).not.toHaveBeenCalled();
    stop.abort();
    await vi.advanceTimersByTimeAsync(0);
    expect(ended).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });
});
