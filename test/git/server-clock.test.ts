import { expect, test } from 'vitest';
import { ServerClock } from '../../src/git/server-clock.ts';

const start = Date.parse('2026-01-01T00:00:00.000Z');
const year = 365 * 24 * 3_600_000;

/** A clock whose two hands are moved by the test. */
function hands(now = start) {
  const at = { now, monotonic: 1000 };
  return {
    clock: { now: () => at.now, monotonic: () => at.monotonic },
    pass(ms: number): void {
      at.now += ms;
      at.monotonic += ms;
    },
    set(ms: number): void {
      at.now += ms;
    },
  };
}

const httpDate = (ms: number): string => new Date(ms).toUTCString();

test('knows nothing before an answer came, nor from what is no date', () => {
  const { clock } = hands();
  const server = new ServerClock(clock);
  for (const date of [null, undefined, '', '0', 'today', '2026-01-01T00:00:00Z', 'Thu, 01 Jan 2026 00:00:00 +0100'])
    server.note(date, server.begin());
  expect(server.difference()).toBe(null);
});

test.each([0, 3_600_000, -3_600_000, year, -year, 4321])(
  'the true difference of %i ms lies within the error',
  (off) => {
    // Whenever within the second the server looked at its clock, and however the way there and back was split.
    for (const fraction of [0, 250, 999]) {
      for (const [there, back] of [
        [0, 0],
        [5, 400],
        [400, 5],
      ] as const) {
        const { clock, pass } = hands(start + fraction);
        const server = new ServerClock(clock);
        const begun = server.begin();
        pass(there);
        const date = httpDate(clock.now() + off);
        pass(back);
        server.note(date, begun);
        const { ms, errorMs } = server.difference() ?? { ms: Number.NaN, errorMs: 0 };
        expect(errorMs).toBe(Math.ceil((there + back) / 2) + 500);
        expect(Math.abs(ms - off)).toBeLessThanOrEqual(errorMs + 1);
      }
    }
  },
);

test('counts for a minute, as long as nobody sets the clock and the machine does not sleep', () => {
  const { clock, pass, set } = hands();
  const server = new ServerClock(clock);
  const note = (): void => server.note(httpDate(clock.now()), server.begin());
  note();
  pass(60_000);
  expect(server.difference()).not.toBe(null);
  pass(1);
  expect(server.difference()).toBe(null);
  note();
  expect(server.difference()).not.toBe(null);
  set(-3_600_000);
  expect(server.difference()).toBe(null);
  note();
  expect(server.difference()?.ms).toBe(499);
  // Asleep: the epoch went on, the steady clock did not.
  set(600_000);
  expect(server.difference()).toBe(null);
});

test('of several readings the most exact one counts', () => {
  const { clock, pass } = hands();
  const server = new ServerClock(clock);
  const slow = server.begin();
  pass(2000);
  server.note(httpDate(clock.now() + 1000), slow);
  expect(server.difference()?.errorMs).toBe(1500);
  server.note(httpDate(clock.now()), server.begin());
  expect(server.difference()).toEqual({ ms: 500, errorMs: 500 });
  server.note(httpDate(clock.now() + 1000), slow);
  expect(server.difference()).toEqual({ ms: 500, errorMs: 500 });
});
