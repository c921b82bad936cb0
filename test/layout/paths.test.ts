import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Records } from '../../src/core/board.ts';
import type { CollectionName } from '../../src/core/shelf.ts';
import { coldPaths, isHot, isListed, pathOf, placeOf, segmentPath } from '../../src/layout/paths.ts';
import {
  anyAgent,
  anyCycle,
  anyKnowledge,
  anyLock,
  anyMessage,
  anyTask,
  anyWorkstream,
} from '../support/board-files.ts';

const lock = (resource: string): Records['locks'] => ({ resource, shared: false, holders: [] });

describe('a path', () => {
  it('is spelled as board-format.md says', () => {
    const task = { id: '1a2b3c4d', status: 'pending' } as Records['tasks'];
    expect(pathOf('tasks', task)).toBe('tasks/open/1/a/1a2b3c4d.json');
    expect(pathOf('tasks', { ...task, status: 'cancelled' })).toBe('tasks/closed/1/a/1a2b3c4d.json');
    expect(pathOf('workstreams', { name: 'revenue' } as Records['workstreams'])).toBe('workstreams/revenue.json');
    const agent = { id: 'agent-1', status: 'active' } as Records['agents'];
    expect(pathOf('agents', agent)).toBe('agents/agent-1.json');
    expect(pathOf('agents', { ...agent, status: 'retired' })).toBe('agents/retired/agent-1.json');
    expect(pathOf('knowledge', { topic: 'api/auth' } as Records['knowledge'])).toBe('knowledge/api/auth.md');
    expect(pathOf('locks', lock('deploy'))).toBe('locks/deploy.json');
    expect(pathOf('locks', lock('path:src/api/**'))).toBe('locks/path%3Asrc%2Fapi%2F%2A%2A.json');
    expect(pathOf('messages', { to: 'ann', id: '1a2b3c4d' } as Records['messages'])).toBe('messages/ann/1a2b3c4d.json');
    expect(pathOf('cycles', { number: 12 } as Records['cycles'])).toBe('cycles/12.json');
    expect(segmentPath(257)).toBe('events/0000000257.jsonl');
    expect(segmentPath(12_345_678_901)).toBe('events/12345678901.jsonl');
  });

  const records: readonly (readonly [CollectionName, fc.Arbitrary<Records[CollectionName]>])[] = [
    ['tasks', anyTask],
    ['workstreams', anyWorkstream],
    ['agents', anyAgent],
    ['locks', anyLock],
    ['messages', anyMessage],
    ['cycles', anyCycle],
    ['knowledge', anyKnowledge],
  ];
  it.each(records)('of %s leads back to its key', (collection, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (record) => {
        const path = pathOf(collection, record);
        const place = placeOf(path);
        expect(place).toMatchObject({ kind: 'record', collection });
        if (place.kind !== 'record') return;
        const { id, to, number, name, resource, topic } = record as {
          id?: string;
          to?: string;
          number?: number;
          name?: string;
          resource?: string;
          topic?: string;
        };
        expect(place.key).toBe(to === undefined ? String(id ?? number ?? name ?? resource ?? topic) : `${to}/${id}`);
        expect(isHot(path)).toBe(place.hot);
        expect(place.hot || coldPaths(collection, place.key).includes(path)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('has no file name longer than file systems allow', () => {
    fc.assert(
      fc.property(anyLock, (each) => {
        for (const name of pathOf('locks', each).split('/')) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
      }),
    );
    expect(placeOf(pathOf('locks', lock('*'.repeat(128).replace(/^/, 'path:').slice(0, 128)))).kind).toBe('unknown');
    expect(placeOf(pathOf('locks', lock('+'.repeat(128))))).toMatchObject({ key: '+'.repeat(128) });
  });

  it('is different for every resource', () => {
    fc.assert(
      fc.property(anyLock, anyLock, (a, b) => {
        expect(pathOf('locks', a) === pathOf('locks', b)).toBe(a.resource === b.resource);
      }),
    );
  });

  const strange = [
    'workstreams/../x.json',
    'workstreams/a/b.json',
    'workstreams/x',
    'workstreams/-x.json',
    'workstreams/CON.json',
    'workstreams/a:b.json',
    'workstreams/x.lock.json',
    'workstreams/\u202ex.json',
    'workstreams/__proto__.json',
    'workstreams/.git.json',
    `workstreams/${'x'.repeat(300)}.json`,
    'workstreams/.json',
    'agents/retired/a/b.json',
    'agents/a/b.json',
    'tasks/open/1/b/1a2b3c4d.json',
    'tasks/open/1a2b3c4d.json',
    'tasks/open/1/a/1A2B3C4D.json',
    'tasks/open/1/a/1a2b3c4.json',
    'tasks/open/1/a/1a2b3c4d.json.bak',
    'tasks/stale/1/a/1a2b3c4d.json',
    'locks/a/b.json',
    'locks/%2E%2E.json',
    'locks/%61.json',
    'locks/%.json',
    'locks/%FF.json',
    'locks/path%3Asrc%2f%2A%2A.json',
    'messages/1a2b3c4d.json',
    'messages/ann/x.json',
    'messages/ann/1A2B3C4D.json',
    'messages/../1a2b3c4d.json',
    'messages/ann/old/1a2b3c4d.json',
    'messages/-x/1a2b3c4d.json',
    'cycles/0.json',
    'cycles/01.json',
    'cycles/x.json',
    'cycles/1',
    'cycles/1/2.json',
    'cycles/-1.json',
    'knowledge/x.txt',
    'knowledge/a.md/b.md',
    'knowledge/x.md.md',
    'knowledge/../x.md',
    'knowledge/.hidden.md',
    'knowledge/a//b.md',
    'events/1.jsonl',
    'events/0000000000.jsonl',
    'events/00000000001.jsonl',
    'templates/../x',
    'README.md/x',
    'readme.md',
    'LICENSE',
    '',
    '/',
    'state.json/x',
  ];
  it.each(strange)('such as %j is none of a board', (path) => {
    expect(placeOf(path)).toEqual({ kind: 'unknown' });
    expect(isHot(path)).toBe(false);
  });

  it('of an open board is hot or listed', () => {
    for (const path of [
      'state.json',
      'orc.yaml',
      'locks/x.json',
      'messages/ann/1a2b3c4d.json',
      'agents/x.json',
      'workstreams/x.json',
      'tasks/open/1/a/1a2b3c4d.json',
    ]) {
      expect([path, isHot(path), isListed(path)]).toEqual([path, true, true]);
    }
    for (const path of [
      'cycles/1.json',
      'agents/retired/x.json',
      'knowledge/a/b.md',
      'README.md',
      'BOARD.md',
      'templates/brief.md',
    ]) {
      expect([path, isHot(path), isListed(path)]).toEqual([path, false, true]);
    }
    for (const path of [
      'tasks/closed/1/a/1a2b3c4d.json',
      'events/0000000001.jsonl',
      'docs/x.md',
      'pictures/a/b.json',
    ]) {
      expect([path, isHot(path), isListed(path)]).toEqual([path, false, false]);
    }
  });

  it('is not looked for under a name that no record may have', () => {
    expect(coldPaths('agents', '../../state')).toEqual([]);
    expect(coldPaths('tasks', 'x')).toEqual([]);
    expect(coldPaths('knowledge', 'a/../b')).toEqual([]);
    expect(coldPaths('files', 'state.json')).toEqual([]);
    expect(coldPaths('cycles', '../state')).toEqual([]);
    expect(coldPaths('cycles', '7')).toEqual(['cycles/7.json']);
    expect(coldPaths('workstreams', 'x')).toEqual([]);
    expect(coldPaths('tasks', '1a2b3c4d')).toEqual(['tasks/closed/1/a/1a2b3c4d.json']);
    expect(coldPaths('files', 'README.md')).toEqual(['README.md']);
  });
});
