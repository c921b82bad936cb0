import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Asked, nearbyPace, Pace, politePace } from '../../src/sync/pace.ts';

const middle = 0.5;

describe('the pace of asking', () => {
  it('grows from the shortest to the longest interval while nothing happens', () => {
    const pace = new Pace(politePace);
    const pauses = Array.from({ length: 12 }, () => pace.next('quiet', middle));
    expect(pauses.slice(0, 4)).toEqual([1_500, 2_250, 3_375, 5_063]);
    expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
    expect(pauses.at(-1)).toBe(30_000);
  });

  it('is the shortest again when something happened', () => {
    const pace = new Pace(politePace);
    for (let n = 0; n < 20; n++) pace.next('quiet', middle);
    expect(pace.next('moved', middle)).toBe(1_000);
    expect(pace.next('quiet', middle)).toBe(1_500);
  });

  it('waits at least a second, and twice as long each time, for what does not answer', () => {
    const pace = new Pace(nearbyPace);
    expect([1, 2, 3].map(() => pace.next('failed', middle))).toEqual([1_000, 2_000, 2_000]);
    const far = new Pace(politePace);
    expect([1, 2, 3, 4, 5, 6].map(() => far.next('failed', middle))).toEqual([
      2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
    ]);
  });

  it('varies by a quarter, so that a crowd does not ask in step', () => {
    const pause = (fraction: number): number => {
      const pace = new Pace(politePace);
      for (let n = 0; n < 4; n++) pace.next('quiet', middle);
      return pace.next('quiet', fraction);
    };
    expect(pause(0)).toBeCloseTo(pause(middle) * 0.75, -1);
    expect(pause(1)).toBeCloseTo(pause(middle) * 1.25, -1);
  });

  it('can be hurried', () => {
    const pace = new Pace(politePace);
    for (let n = 0; n < 9; n++) pace.next('quiet', middle);
    pace.hurry();
    expect(pace.next('quiet', middle)).toBe(1_500);
  });

  it('stays within its bounds whatever happens', () => {
    const asked = fc.constantFrom<Asked>('moved', 'quiet', 'failed');
    const step = fc.record({ asked, fraction: fc.double({ min: 0, max: 1, noNaN: true }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(politePace, nearbyPace), (steps, options) => {
        const pace = new Pace(options);
        for (const { asked, fraction } of steps) {
          const pause = pace.next(asked, fraction);
          expect(pause).toBeGreaterThanOrEqual(options.shortestMs);
          expect(pause).toBeLessThanOrEqual(options.longestMs);
        }
      }),
    );
  });
});
