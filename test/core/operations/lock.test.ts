import { describe, expect, it } from 'vitest';
import {
  afterStart,
  boardWith,
  isoAfter,
  minute,
  operationId,
  runAccepted,
  runRefused,
  second,
} from '../../support/board-builder.ts';

describe('lock.acquire', () => {
  it('holds the resource, with a token that is the version', () => {
    const board = boardWith();
    const accepted = runAccepted(
      board,
      'lock.acquire',
      { resource: 'deploy', reason: 'release 2.0' },
      { at: afterStart(second) },
    );
    expect(board.locks.get('deploy')).toEqual({
      resource: 'deploy',
      shared: false,
      holders: [
        {
          agent: 'agent-1',
          id: accepted.operation.id,
          token: accepted.version,
          acquired_at: isoAfter(second),
          ttl_ms: 60_000,
          expires_at: isoAfter(61 * second),
          reason: 'release 2.0',
        },
      ],
    });
    expect(accepted.events.at(-1)).toMatchObject({ action: 'lock_acquired', agent: 'agent-1', resource: 'deploy' });
    expect(accepted.events.at(-1)).not.toHaveProperty('workstream');
    expect(accepted.result).toEqual({ lock: 'deploy' });
    expect(accepted.subject).toBe('lock.acquire deploy by agent-1');
  });

  it.each([0, -5, 1.5, '1y', Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses a TTL of %j and says what is allowed',
    (ttl_ms) => {
      const { message } = runRefused(boardWith(), 'invalid-argument', 'lock.acquire', { resource: 'deploy', ttl_ms });
      expect(message).toMatch(/^ttl_ms must be a whole number of milliseconds from 1 to 31622400000$/);
    },
  );

  it.each(['../x', '/a', 'a//b', '.git/config', 'x.lock', '-x', 'CON', 'a:b', 'path:{a,b}', 'path:../x', 'a\u202eb'])(
    'refuses the resource %j',
    (resource) => {
      expect(runRefused(boardWith(), 'invalid-argument', 'lock.acquire', { resource }).message).toMatch(
        /^resource must/,
      );
    },
  );

  it('refuses what is held, and says by whom and until when: lock-held', () => {
    const board = boardWith();
    const { version } = runAccepted(board, 'lock.acquire', { resource: 'deploy', ttl_ms: minute });
    const refusal = runRefused(
      board,
      'lock-held',
      'lock.acquire',
      { resource: 'deploy' },
      { agent: 'bob', at: afterStart(minute - 1) },
    );
    expect(refusal.details).toEqual({
      resource: 'deploy',
      by: 'agent-1',
      holders: ['agent-1'],
      until: isoAfter(minute),
      free_from: isoAfter(minute),
      acquired_version: version,
    });
    expect(refusal.hint).toContain('ask agent-1');
    runRefused(board, 'lock-held', 'lock.acquire', { resource: 'deploy', shared: true }, { agent: 'bob' });
  });

  it('refuses the same name elsewhere, and outdated proof: lock-held', () => {
    const board = boardWith();
    const { version } = runAccepted(board, 'lock.acquire', { resource: 'deploy' });
    expect(runRefused(board, 'lock-held', 'lock.acquire', { resource: 'deploy' }).hint).toContain('--token');
    runRefused(board, 'lock-held', 'lock.acquire', { resource: 'deploy', token: version - 1 });
    runRefused(board, 'lock-held', 'lock.acquire', { resource: 'deploy', claim: 'something-else' });
    runRefused(board, 'lock-held', 'lock.acquire', { resource: 'deploy', token: version }, { agent: 'bob' });
  });

  it('is taken over when its time is up, but no sooner than clocks may differ', () => {
    const board = boardWith();
    runAccepted(board, 'lock.acquire', { resource: 'deploy', ttl_ms: minute });
    const bob = { agent: 'bob', clockSkewMs: 5 * second };
    const last = { ...bob, at: afterStart(minute + 4999) };
    expect(runRefused(board, 'lock-held', 'lock.acquire', { resource: 'deploy' }, last).details).toMatchObject({
      until: isoAfter(minute),
      free_from: isoAfter(minute + 5000),
    });
    runAccepted(board, 'lock.acquire', { resource: 'deploy' }, { ...bob, at: afterStart(minute + 5000) });
    expect(board.locks.get('deploy')?.holders.map((hold) => hold.agent)).toEqual(['bob']);
  });

  it('again by its holder extends it, and keeps token, id, length and reason', () => {
    const board = boardWith();
    const first = runAccepted(board, 'lock.acquire', { resource: 'deploy', ttl_ms: 5 * minute, reason: 'why' });
    const again = runAccepted(
      board,
      'lock.acquire',
      { resource: 'deploy', token: first.version },
      { at: afterStart(minute) },
    );
    expect(board.locks.get('deploy')?.holders).toEqual([
      expect.objectContaining({
        id: first.operation.id,
        token: first.version,
        expires_at: isoAfter(6 * minute),
        reason: 'why',
      }),
    ]);
    expect(again.events.at(-1)).toMatchObject({ action: 'lock_acquired', resource: 'deploy', extended: true });
    runAccepted(
      board,
      'lock.acquire',
      { resource: 'deploy', claim: first.operation.id, ttl_ms: minute },
      { at: afterStart(minute) },
    );
    expect(board.locks.get('deploy')?.holders[0]?.expires_at).toBe(isoAfter(2 * minute));
  });

  it('after its time was up gives a new token', () => {
    const board = boardWith();
    const { version } = runAccepted(board, 'lock.acquire', { resource: 'deploy' });
    const again = runAccepted(
      board,
      'lock.acquire',
      { resource: 'deploy', token: version },
      { at: afterStart(2 * minute) },
    );
    expect(board.locks.get('deploy')?.holders).toMatchObject([{ token: again.version }]);
  });

  it('may be shared by several, in the order of their tokens', () => {
    const board = boardWith();
    const first = runAccepted(board, 'lock.acquire', { resource: 'db', shared: true });
    runAccepted(board, 'lock.acquire', { resource: 'db', shared: true }, { agent: 'bob' });
    runAccepted(board, 'lock.acquire', { resource: 'db', shared: true, token: first.version });
    expect(board.locks.get('db')).toMatchObject({
      shared: true,
      holders: [{ agent: 'agent-1', token: first.version }, { agent: 'bob' }],
    });
    const refusal = runRefused(board, 'lock-held', 'lock.acquire', { resource: 'db' }, { agent: 'cyd' });
    expect(refusal.details).toMatchObject({ holders: ['agent-1', 'bob'] });
  });

  it('refuses a resource that differs from a held one by case alone, until that is free', () => {
    const board = boardWith();
    runAccepted(board, 'lock.acquire', { resource: 'deploy' });
    runRefused(board, 'invalid-argument', 'lock.acquire', { resource: 'Deploy' }, { agent: 'bob' });
    runAccepted(board, 'lock.acquire', { resource: 'Deploy' }, { agent: 'bob', at: afterStart(minute) });
    expect([...board.locks.loaded()].map((lock) => lock.resource)).toEqual(['Deploy']);
  });
});

describe('locks on paths', () => {
  it('conflict when their globs can match the same file', () => {
    const board = boardWith();
    runAccepted(board, 'lock.acquire', { resource: 'path:src/**' });
    const refusal = runRefused(
      board,
      'lock-held',
      'lock.acquire',
      { resource: 'path:src/core/*.ts' },
      { agent: 'bob' },
    );
    expect(refusal.message).toContain('"path:src/**" is held by agent-1');
    expect(refusal.details).toMatchObject({ resource: 'path:src/**' });
    runAccepted(board, 'lock.acquire', { resource: 'path:docs/**' }, { agent: 'bob' });
    runAccepted(board, 'lock.acquire', { resource: 'src' }, { agent: 'bob' });
  });

  it('do not when both are shared, or the other one has run out', () => {
    const board = boardWith();
    runAccepted(board, 'lock.acquire', { resource: 'path:src/**', shared: true });
    runAccepted(board, 'lock.acquire', { resource: 'path:src/*', shared: true }, { agent: 'bob' });
    runRefused(board, 'lock-held', 'lock.acquire', { resource: 'path:src/a.ts' }, { agent: 'cyd' });
    runAccepted(board, 'lock.acquire', { resource: 'path:src/a.ts' }, { agent: 'cyd', at: afterStart(minute) });
    expect([...board.locks.loaded()].map((lock) => lock.resource)).toEqual(['path:src/a.ts']);
  });

  it('conflict with those of the same name elsewhere, but not with those that the caller remembers', () => {
    const board = boardWith();
    const { operation } = runAccepted(board, 'lock.acquire', { resource: 'path:src/**' });
    runRefused(board, 'lock-held', 'lock.acquire', { resource: 'path:src/a.ts' });
    runRefused(
      board,
      'lock-held',
      'lock.acquire',
      { resource: 'path:src/a.ts', holds: [operation.id] },
      { agent: 'bob' },
    );
    runAccepted(board, 'lock.acquire', { resource: 'path:src/a.ts', holds: [operation.id] });
  });
});

describe('lock.renew', () => {
  it('extends the hold, as long as it was or as asked for', () => {
    const board = boardWith();
    const { version: token, operation } = runAccepted(board, 'lock.acquire', {
      resource: 'deploy',
      ttl_ms: 2 * minute,
    });
    const accepted = runAccepted(board, 'lock.renew', { resource: 'deploy', token }, { at: afterStart(minute) });
    expect(board.locks.get('deploy')?.holders).toMatchObject([
      { token, ttl_ms: 2 * minute, acquired_at: isoAfter(minute), expires_at: isoAfter(3 * minute) },
    ]);
    expect(accepted.events.at(-1)).toMatchObject({ action: 'lock_renewed', resource: 'deploy' });
    expect(accepted.result).toEqual({ lock: 'deploy' });
    runAccepted(
      board,
      'lock.renew',
      { resource: 'deploy', claim: operation.id, ttl_ms: second },
      { at: afterStart(minute) },
    );
    expect(board.locks.get('deploy')?.holders[0]?.expires_at).toBe(isoAfter(minute + second));
  });
});

describe('lock.release', () => {
  it('frees the resource', () => {
    const board = boardWith();
    const { version: token } = runAccepted(board, 'lock.acquire', { resource: 'deploy' });
    const accepted = runAccepted(board, 'lock.release', { resource: 'deploy', token });
    expect(board.locks.get('deploy')).toBeUndefined();
    expect(accepted.events.at(-1)).toMatchObject({ action: 'lock_released', agent: 'agent-1', resource: 'deploy' });
    expect(accepted.result).toEqual({ lock: 'deploy' });
  });

  it('of a shared lock leaves it to the others, namesakes too', () => {
    const board = boardWith();
    const first = runAccepted(board, 'lock.acquire', { resource: 'db', shared: true });
    const namesake = runAccepted(board, 'lock.acquire', { resource: 'db', shared: true });
    runAccepted(board, 'lock.release', { resource: 'db', token: first.version });
    expect(board.locks.get('db')?.holders.map((hold) => hold.token)).toEqual([namesake.version]);
  });
});

describe.each(['lock.renew', 'lock.release'])('%s, as for who may do it', (kind) => {
  it('refuses others, the same name without proof, and what nobody holds: not-holder', () => {
    const board = boardWith();
    expect(runRefused(board, 'not-holder', kind, { resource: 'deploy' }).message).toContain('nobody holds it');
    const { version: token } = runAccepted(board, 'lock.acquire', { resource: 'deploy' });
    expect(runRefused(board, 'not-holder', kind, { resource: 'deploy', token }, { agent: 'bob' }).details).toEqual({
      by: ['agent-1'],
    });
    expect(runRefused(board, 'not-holder', kind, { resource: 'deploy' }).hint).toContain('--token');
  });

  it('refuses outdated proof: stale-token', () => {
    const board = boardWith();
    const old = runAccepted(board, 'lock.acquire', { resource: 'deploy' }).version;
    const { version: token } = runAccepted(
      board,
      'lock.acquire',
      { resource: 'deploy' },
      { at: afterStart(2 * minute) },
    );
    runRefused(board, 'stale-token', kind, { resource: 'deploy', token: old });
    runRefused(board, 'stale-token', kind, { resource: 'deploy', token, claim: operationId(1) });
    runAccepted(board, kind, { resource: 'deploy', token });
  });
});

describe('lock.break', () => {
  it('takes the lock from whoever holds it, with the reason in the log', () => {
    const board = boardWith();
    const { version: token } = runAccepted(board, 'lock.acquire', { resource: 'deploy' });
    const accepted = runAccepted(
      board,
      'lock.break',
      { resource: 'deploy', reason: 'its machine is gone' },
      { agent: 'lead' },
    );
    expect(board.locks.get('deploy')).toBeUndefined();
    expect(accepted.events.at(-1)).toMatchObject({
      action: 'lock_broken',
      agent: 'lead',
      resource: 'deploy',
      reason: 'its machine is gone',
      from: ['agent-1'],
    });
    expect(accepted.body).toBe('its machine is gone');
    runRefused(board, 'stale-token', 'lock.release', { resource: 'deploy', token });
  });

  it('refuses what nobody holds, and to give no reason', () => {
    const board = boardWith();
    runRefused(board, 'not-found', 'lock.break', { resource: 'deploy', reason: 'x' });
    expect(runRefused(board, 'invalid-argument', 'lock.break', { resource: 'deploy' }).message).toBe(
      'reason is required',
    );
    expect(runRefused(board, 'invalid-argument', 'lock.break', { resource: 'deploy', reason: '' }).message).toBe(
      'reason must not be empty',
    );
  });
});
