import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isPlainState } from '../../src/layout/fast-state.ts';
import { stateSchema } from '../../src/layout/record-schemas.ts';

const aWorkstream = {
  ...{ status: 'active', priority: 5, pending: 1, in_progress: 0, blocked: 0, done: 7, failed: 0, cancelled: 2 },
};
const aState = {
  ...{ board: '0123456789abcdef', format: 1, version: 17, updated_at: '2026-01-01T00:00:00.000Z', events: 20 },
  ...{ workstreams: { revenue: aWorkstream, 2026: aWorkstream }, agents: 2, locks: 0 },
};

const strange = fc.oneof(
  fc.constantFrom(undefined, null, '', 'x', '../x', 0, -1, 1.5, 1e300, Infinity, true, [], {}, [{}]),
  fc.constantFrom('2026-01-01', '0123456789abcdeg', { '../x': aWorkstream }, { constructor: aWorkstream }),
  fc.jsonValue(),
);

/** A state with one value exchanged or left out, on top or in a workstream, or with one too many. */
const damaged = fc
  .record({
    field: fc.constantFrom(...Object.keys(aState)),
    inner: fc.option(fc.constantFrom(...Object.keys(aWorkstream))),
    value: strange,
    extra: fc.option(fc.constantFrom('x', 'constructor', '__proto__')),
  })
  .map(({ field, inner, value, extra }) => {
    const state = structuredClone(aState) as Record<string, unknown>;
    const place = inner === null ? state : (state.workstreams as { revenue: Record<string, unknown> }).revenue;
    if (value === undefined) delete place[inner ?? field];
    else place[inner ?? field] = value;
    if (extra !== null) Object.defineProperty(place, extra, { value: 1, enumerable: true });
    return state;
  });

test('a state as orc writes it is recognised', () => {
  expect(isPlainState(aState)).toBe(true);
  expect(isPlainState({ ...aState, updated_at: null, workstreams: {} })).toBe(true);
});

test('nothing is recognised that the schema refuses', () => {
  let refused = 0;
  fc.assert(
    fc.property(damaged, (state) => {
      const isValid = stateSchema().safeParse(state).success;
      if (!isValid) refused += 1;
      expect(isPlainState(state) && !isValid).toBe(false);
    }),
    { numRuns: 1000 },
  );
  expect(refused).toBeGreaterThan(300);
});
