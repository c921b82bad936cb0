import { describe, expect, it } from 'vitest';
import type { Board } from '../../src/core/board.ts';
import { lockOfPath, locksOnPath } from '../../src/core/edit-locks.ts';
import { faultInResource } from '../../src/core/names.ts';
import { afterStart, boardWith, minute, runAccepted, second } from '../support/board-builder.ts';

function boardLocked(...locks: readonly (readonly [agent: string, resource: string, more?: object])[]): Board {
  const board = boardWith({});
  for (const [agent, resource, more] of locks)
    runAccepted(board, 'lock.acquire', { resource, ttl_ms: minute, ...more }, { agent });
  return board;
}
const at = (ms: number, clockSkewMs = 0) => ({ at: afterStart(ms), clockSkewMs });
const obstacle = (board: Board, path: string, agent: string | null, moment = at(0)) =>
  locksOnPath(board, path, agent, moment).obstacle?.lock.resource ?? null;

describe('locks on a path', () => {
  it('are those of others that cover it, as long as they hold', () => {
    const board = boardLocked(['ada', 'path:src/**'], ['bob', 'deploy']);
    expect(obstacle(board, 'src/a.ts', 'bob')).toBe('path:src/**');
    expect(obstacle(board, 'src/a.ts', null)).toBe('path:src/**');
    expect(obstacle(board, 'lib/a.ts', 'bob')).toBe(null);
    expect(obstacle(board, 'deploy', 'ada')).toBe(null);
    expect(obstacle(board, 'src/a.ts', 'ada')).toBe(null);
    expect(obstacle(board, 'src/a.ts', 'bob', at(minute + second))).toBe(null);
    expect(obstacle(board, 'src/a.ts', 'bob', at(minute + second, 5 * second))).toBe('path:src/**');
  });

  it('are no obstacle to whoever shares them', () => {
    const shared = { shared: true };
    const board = boardLocked(['ada', 'path:docs/*', shared], ['bob', 'path:docs/*', shared]);
    expect(locksOnPath(board, 'docs/a.md', 'ada', at(0))).toEqual({ obstacle: null, isOwn: true });
    expect(locksOnPath(board, 'docs/a.md', 'cid', at(0))).toMatchObject({ obstacle: { hold: { agent: 'ada' } } });
    expect(locksOnPath(board, 'docs/a/b.md', 'cid', at(0))).toEqual({ obstacle: null, isOwn: false });
  });

  it('name the one that is held longest', () => {
    const board = boardLocked(
      ['ada', 'path:a/*', { shared: true }],
      ['bob', 'path:a/b', { shared: true, ttl_ms: 2 * minute }],
    );
    expect(locksOnPath(board, 'a/b', 'cid', at(0)).obstacle?.hold.agent).toBe('bob');
  });

  it('count a path with brackets and stars as what it is', () => {
    const board = boardLocked(['ada', 'path:app/?id?/*.tsx']);
    expect(obstacle(board, 'app/[id]/page.tsx', 'bob')).toBe('path:app/?id?/*.tsx');
    expect(obstacle(board, 'app/[idx]/page.tsx', 'bob')).toBe(null);
  });
});

describe('the lock of a path', () => {
  it('is its path, with ? for what a resource may not have', () => {
    expect(lockOfPath('src/a.ts')).toBe('path:src/a.ts');
    expect(lockOfPath('app/[id]/(group)/{x}/page.tsx')).toBe('path:app/?id?/?group?/?x?/page.tsx');
    expect(lockOfPath('!a\\b')).toBe('path:?a?b');
    expect(lockOfPath('a**b/***')).toBe('path:a*b/*');
    expect(lockOfPath('.github/workflows/ci.yml')).toBe('path:.github/workflows/ci.yml');
  });

  it('covers the path, and is a resource', () => {
    for (const path of ['a b/ü.md', '[...slug].ts', 'a*b', '?', '!x', '**', '@types/a']) {
      const resource = lockOfPath(path) as string;
      expect(faultInResource(resource)).toBe(null);
      expect(obstacle(boardLocked(['ada', resource]), path, 'bob'), path).toBe(resource);
    }
  });

  it('is none where the path is too long, or holds what nobody sees', () => {
    for (const path of ['x'.repeat(200), 'a\u200bb', 'a\nb', 'a//b']) expect(lockOfPath(path)).toBe(null);
  });
});
