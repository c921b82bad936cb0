import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BoardEvent } from '../../src/core/records.ts';
import {
  appendEvents,
  maxSegmentLength,
  maxSegmentLines,
  newestEvents,
  parseSegment,
  tailOf,
} from '../../src/layout/events.ts';
import { noEvents } from '../support/board-files.ts';

function eventsFrom(first: number, count: number, text = ''): BoardEvent[] {
  return Array.from({ length: count }, (_, i) => ({
    n: first + i,
    v: first + i,
    ts: '2026-01-01T00:00:00.000Z',
    agent: 'a',
    action: 'x',
    text,
  }));
}

describe('the newest events', () => {
  it('are those that reading the whole segment gives, whatever stands between them', () => {
    const line = fc.oneof(
      fc.integer({ min: 1, max: 99 }).map((n) => JSON.stringify(eventsFrom(n, 1)[0])),
      fc.constantFrom('', ' ', 'nonsense', '{}', '\r'),
    );
    fc.assert(
      fc.property(fc.array(line), fc.boolean(), fc.integer({ min: 0, max: 12 }), (lines, isEnded, count) => {
        const text = lines.join('\n') + (isEnded ? '\n' : '');
        const all = parseSegment('', text).events;
        expect(newestEvents(text, count)).toEqual(count === 0 ? [] : all.slice(-count));
      }),
    );
  });
});

describe('appending events', () => {
  it('begins with the segment of event 1', () => {
    const { files, tail } = appendEvents(noEvents, eventsFrom(1, 1));
    expect([...files.keys()]).toEqual(['events/0000000001.jsonl']);
    expect(tail).toEqual({ first: 1, count: 1, text: files.get('events/0000000001.jsonl') });
  });

  it('goes on in the newest segment until it has 256 lines', () => {
    let tail = noEvents;
    const all = new Map<string, string>();
    for (let n = 1; n <= 600; n++) {
      const appended = appendEvents(tail, eventsFrom(n, 1));
      tail = appended.tail;
      for (const [path, text] of appended.files) all.set(path, text);
    }
    expect([...all.keys()]).toEqual(['events/0000000001.jsonl', 'events/0000000257.jsonl', 'events/0000000513.jsonl']);
    expect(tail).toMatchObject({ first: 513, count: 88 });
  });

  it('begins several segments at once for an import, the same as one by one', () => {
    fc.assert(
      fc.property(fc.nat({ max: 900 }), fc.nat({ max: 900 }), fc.nat({ max: 700 }), (before, count, size) => {
        const given = appendEvents(noEvents, eventsFrom(1, before, 'x'.repeat(size))).tail;
        const events = eventsFrom(before + 1, count, 'y'.repeat(size));
        const atOnce = appendEvents(given, events);
        const files = new Map<string, string>();
        let tail = given;
        for (const event of events) {
          const step = appendEvents(tail, [event]);
          tail = step.tail;
          for (const [path, text] of step.files) files.set(path, text);
        }
        expect(atOnce.tail).toEqual(tail);
        expect(new Map([...atOnce.files].sort())).toEqual(new Map([...files].sort()));
      }),
      { numRuns: 20 },
    );
  });

  it('keeps segments short, and gives a long event one of its own', () => {
    const { files } = appendEvents(noEvents, [
      ...eventsFrom(1, 3, 'x'.repeat(30_000)),
      ...eventsFrom(4, 1, 'x'.repeat(200_000)),
      ...eventsFrom(5, 1),
    ]);
    expect([...files.keys()].map((path) => Number(path.slice(7, 17)))).toEqual([1, 3, 4, 5]);
    const lines = [...files].map(([path, text]) => parseSegment(path, text).events.length);
    expect(lines).toEqual([2, 1, 1, 1]);
    expect(maxSegmentLength).toBe(65_536);
    expect(maxSegmentLines).toBe(256);
  });

  it('mends a last line whose newline was taken away by hand', () => {
    const text = JSON.stringify(eventsFrom(1, 1)[0]);
    const { files } = appendEvents(tailOf('events/0000000001.jsonl', text), eventsFrom(2, 1));
    expect(parseSegment('', files.get('events/0000000001.jsonl') ?? '').events.map(({ n }) => n)).toEqual([1, 2]);
  });

  it('changes nothing when there is nothing to append', () => {
    const { tail } = appendEvents(noEvents, eventsFrom(1, 2));
    expect(appendEvents(tail, [])).toEqual({ files: new Map(), tail });
  });
});

describe('reading a segment', () => {
  it('gives back what was appended', () => {
    const anyEvent = fc.dictionary(fc.stringMatching(/^x[a-z]{0,3}$/), fc.jsonValue(), { maxKeys: 4 });
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 20 }), (extras) => {
        const events = extras.map((extra, i): BoardEvent => ({ ...extra, ...(eventsFrom(i + 1, 1)[0] as BoardEvent) }));
        const { files, tail } = appendEvents(noEvents, events);
        const read = [...files].flatMap(([path, text]) => parseSegment(path, text).events);
        expect(read).toEqual(JSON.parse(JSON.stringify(events)));
        for (const [path, text] of files) expect(parseSegment(path, text).faults).toEqual([]);
        const [newest] = [...files].slice(-1);
        if (newest !== undefined) expect(tailOf(...newest)).toEqual(tail);
      }),
      { numRuns: 50 },
    );
  });

  it('sets lines aside that are no events, each with its number', () => {
    const good = JSON.stringify(eventsFrom(1, 1)[0]);
    const bad = [
      '{',
      '5',
      'null',
      '[]',
      '{"n":"1"}',
      '{"n":1,"v":1}',
      '{"n":1.5,"v":1,"ts":"","agent":"","action":""}',
    ];
    const text = [good, ...bad, '', good, `${good.slice(0, -1)},"op":5}`].join('\r\n');
    const { events, faults } = parseSegment('events/0000000001.jsonl', text);
    expect(events).toHaveLength(2);
    expect(faults.map(({ reason }) => reason)).toEqual([
      'line 2 is no JSON',
      'line 3 is no JSON object',
      'line 4 is no JSON object',
      'line 5 is no JSON object',
      'line 6 has no number "n"',
      'line 7 has no text "ts"',
      'line 8 has no number "n"',
      'line 11 has a "op" that is no text',
    ]);
    expect(faults.every(({ path }) => path === 'events/0000000001.jsonl')).toBe(true);
  });

  it('sets a line aside whose values are nested so deeply that nobody could write it again', () => {
    const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    const line = (depth: number): string =>
      JSON.stringify(eventsFrom(1, 1)[0]).replace(/}$/, `,"more":${nested(depth)}}`);
    const { events, faults } = parseSegment('events/0000000001.jsonl', [line(63), line(64), line(200_000)].join('\n'));
    expect(events).toHaveLength(1);
    const reasons = ['line 2 is nested deeper than 64', 'line 3 is nested deeper than 64'];
    expect(faults.map(({ reason }) => reason)).toEqual(reasons);
    expect(newestEvents([line(1), line(200_000)].join('\n'), 10)).toHaveLength(1);
  });

  it('refuses a segment of fifty megabytes', () => {
    expect(parseSegment('events/0000000001.jsonl', ' '.repeat(50 * 1024 * 1024))).toMatchObject({
      events: [],
      faults: [{ reason: expect.stringMatching(/too large/) }],
    });
  });
});
