/** What becomes of a lock when its holder asks for it again in another way, and of holds that nobody can prove. */
import { describe, expect, it } from 'vitest';
import type { Board } from '../../../src/core/board.ts';
import {
  afterStart,
  boardWith,
  decide,
  isoAfter,
  minute,
  runAccepted,
  runRefused,
  second,
  taskTitled,
} from '../../support/board-builder.ts';

describe('a shared lock that its holder asks for as its own (an upgrade)', () => {
  it('is refused while others share it, and leaves everybody what they have: lock-held', () => {
    const board = boardWith();
    const { version: token } = runAccepted(board, 'lock.acquire', { resource: 'db', shared: true });
    runAccepted(board, 'lock.acquire', { resource: 'db', shared: true }, { agent: 'bob' });
    const refusal = runRefused(board, 'lock-held', 'lock.acquire', { resource: 'db', token });
    expect(refusal.details).toMatchObject({ holders: ['bob'] });
    // Both want it: neither gets it before the other lets go.
    runRefused(board, 'lock-held', 'lock.acquire', { resource: 'db', token: token + 1 }, { agent: 'bob' });
  });

  it('becomes exclusive when nobody else shares it, by a new hold: its token is higher than all that were given before', () => {
    const board = boardWith();
    const mine = runAccepted(board, 'lock.acquire', {
      resource: 'db',
      shared: true,
      ttl_ms: 5 * minute,
      reason: 'why',
    });
    const other = runAccepted(board, 'lock.acquire', { resource: 'db', shared: true }, { agent: 'bob' });
    runAccepted(board, 'lock.release', { resource: 'db', token: other.version }, { agent: 'bob' });
    const upgraded = runAccepted(board, 'lock.acquire', { resource: 'db', token: mine.version });
    expect(upgraded.version).toBeGreaterThan(other.version);
    expect(board.locks.get('db')).toMatchObject({
      shared: false,
      holders: [
        { agent: 'agent-1', id: upgraded.operation.id, token: upgraded.version, ttl_ms: 5 * minute, reason: 'why' },
      ],
    });
    expect(upgraded.events.at(-1)).toMatchObject({ action: 'lock_acquired', extended: true, upgraded: true });
    runRefused(board, 'stale-token', 'lock.renew', { resource: 'db', token: mine.version });
    runRefused(board, 'lock-held', 'lock.acquire', { resource: 'db', shared: true }, { agent: 'bob' });
  });

  it('is refused while somebody shares files of it under another name', () => {
    const board = boardWith();
    const { version: token } = runAccepted(board, 'lock.acquire', { resource: 'path:src/**', shared: true });
    runAccepted(board, 'lock.acquire', { resource: 'path:src/a.ts', shared: true }, { agent: 'bob' });
    runRefused(board, 'lock-held', 'lock.acquire', { resource: 'path:src/**', token });
  });

  it('is not what renewing does', () => {
    const board = boardWith();
    const { version: token } = runAccepted(board, 'lock.acquire', { resource: 'db', shared: true });
    runAccepted(board, 'lock.renew', { resource: 'db', token });
    expect(board.locks.get('db')).toMatchObject({ shared: true, holders: [{ token }] });
  });
});

describe('an exclusive lock that its holder asks for shared (a downgrade)', () => {
  it('is shared at once, by the same hold, and open to others', () => {
    const board = boardWith();
    const { version: token, operation } = runAccepted(board, 'lock.acquire', { resource: 'db' });
    const args = { resource: 'db', shared: true };
    runRefused(board, 'lock-held', 'lock.acquire', args, { agent: 'bob' });
    const accepted = runAccepted(board, 'lock.acquire', { ...args, token });
    expect(board.locks.get('db')).toMatchObject({ shared: true, holders: [{ id: operation.id, token }] });
    expect(accepted.events.at(-1)).toMatchObject({ shared: true, extended: true, downgraded: true });
    runAccepted(board, 'lock.acquire', args, { agent: 'bob' });
    expect(board.locks.get('db')?.holders).toHaveLength(2);
  });
});

/** A board that was imported with a lock of `main`. */
function imported(more: Readonly<Record<string, unknown>> = {}): Board {
  const board = boardWith({ workstreams: [] });
  const lock = { resource: 'git', agent: 'main', acquired_at: isoAfter(0), ttl_ms: 10 * minute, ...more };
  const rest = { version: 1, updated_at: isoAfter(0), workstreams: [], agents: [], events: [], knowledge: [] };
  runAccepted(board, 'board.import', { ...rest, locks: [lock] });
  return board;
}
const main = { agent: 'main', at: afterStart(minute) };

describe('a hold that came with an import, which nobody can prove', () => {
  it.each(['lock.release', 'lock.renew'])("%s takes its agent's word, and nobody else's", (kind) => {
    const board = imported();
    runRefused(board, 'not-holder', kind, { resource: 'git' }, { agent: 'bob' });
    runAccepted(board, kind, { resource: 'git' }, main);
    const left =
      kind === 'lock.release' ? undefined : { holders: [{ expires_at: isoAfter(11 * minute), imported: true }] };
    if (left === undefined) expect(board.locks.get('git')).toBeUndefined();
    else expect(board.locks.get('git')).toMatchObject(left);
  });

  it.each(['lock.release', 'lock.renew'])('%s with an outdated proof is refused all the same: stale-token', (kind) => {
    runRefused(imported(), 'stale-token', kind, { resource: 'git', token: 1 }, main);
  });

  it('is made a hold with a token of its own when its agent asks for it again', () => {
    const board = imported();
    runRefused(board, 'lock-held', 'lock.acquire', { resource: 'git' }, { agent: 'bob' });
    const { version: token, operation } = runAccepted(board, 'lock.acquire', { resource: 'git' }, main);
    expect(board.locks.get('git')?.holders).toEqual([
      expect.objectContaining({ token, id: operation.id, ttl_ms: 10 * minute }),
    ]);
    expect(board.locks.get('git')?.holders[0]).not.toHaveProperty('imported');
    // From now on the name proves nothing.
    runRefused(board, 'lock-held', 'lock.acquire', { resource: 'git' }, main);
    runRefused(board, 'not-holder', 'lock.release', { resource: 'git' }, main);
  });

  it('on paths is in the way of others, not of its agent', () => {
    const board = imported({ resource: 'path:src/**' });
    runRefused(board, 'lock-held', 'lock.acquire', { resource: 'path:src/a.ts' }, { agent: 'bob' });
    runAccepted(board, 'lock.acquire', { resource: 'path:src/a.ts' }, main);
  });

  it('among several leaves those of the others alone', () => {
    const others = [{ agent: 'bob', acquired_at: isoAfter(0), ttl_ms: 10 * minute }];
    const board = imported({ shared: true, others });
    runAccepted(board, 'lock.release', { resource: 'git' }, main);
    expect(board.locks.get('git')?.holders.map(({ agent }) => agent)).toEqual(['bob']);
  });
});

it('locks that ran out go with whatever is done, those of others too; shared ones one by one', () => {
  const board = boardWith();
  runAccepted(board, 'lock.acquire', { resource: 'a', ttl_ms: second });
  runAccepted(board, 'lock.acquire', { resource: 'b', ttl_ms: second, shared: true });
  runAccepted(board, 'lock.acquire', { resource: 'b', ttl_ms: minute, shared: true }, { agent: 'bob' });
  runAccepted(board, 'event.log', { action: 'looked' }, { agent: 'cyd', at: afterStart(second) });
  expect([...board.locks.loaded()]).toMatchObject([{ resource: 'b', holders: [{ agent: 'bob' }] }]);
});

describe('a thousand locks on paths, and as many tasks that touch files', () => {
  const board = boardWith({ tasks: [{ title: 'a', paths: ['src/module-2000/*.md', 'docs/a?.md'] }] });
  runAccepted(board, 'lock.acquire', { resource: 'path:x' });
  const holders = board.locks.get('path:x')?.holders ?? [];
  const task = taskTitled(board, 'a');
  for (let index = 0; index < 1000; index++) {
    const resource = index % 2 === 0 ? `path:src/module-${index}/**` : `path:**/*-${index}.ts`;
    const id = (0x10000000 + index).toString(16);
    board.put([
      { collection: 'locks', key: resource, before: null, after: { resource, shared: false, holders } },
      {
        collection: 'tasks',
        key: id,
        before: null,
        after: { ...task, id, priority: 1, created_version: (index * 7919) % 1000 },
      },
    ]);
  }

  // Measured: 1 to 4 ms, `next` 10 ms; on a machine that is busy otherwise ten times as much.
  it.each([
    ['lock.acquire', { resource: 'path:src/module-2000/*.md' }, 100],
    ['lock.acquire', { resource: 'path:docs/**/a*z.md' }, 100],
    ['lock.acquire', { resource: 'deploy' }, 100],
    ['event.log', { action: 'looked' }, 100],
    ['task.next', { workstream: 'build' }, 250],
  ] as const)('make %s %j no slower than a moment', (kind, args, limit) => {
    const times = Array.from({ length: 5 }, () => {
      const start = process.cpuUsage();
      expect(decide(board, kind, args, { agent: 'bob' }).outcome).not.toBe('unchanged');
      const { user, system } = process.cpuUsage(start);
      return (user + system) / 1000;
    });
    expect(times.sort((x, y) => x - y)[2]).toBeLessThan(limit);
  });
});
