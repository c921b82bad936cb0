import { describe, expect, it } from 'vitest';
import {
  afterStart,
  boardWith,
  claimTask,
  hour,
  isoAfter,
  minute,
  run,
  runAccepted,
  runRefused,
  second,
  taskOf,
  taskTitled,
} from '../../support/board-builder.ts';

describe('agent.register', () => {
  it('makes an active agent, of type general unless told', () => {
    const board = boardWith();
    const accepted = runAccepted(board, 'agent.register', { id: 'ada' }, { agent: 'system' });
    expect(board.agents.get('ada')).toEqual({
      id: 'ada',
      type: 'general',
      status: 'active',
      capabilities: [],
      registered_at: isoAfter(0),
      last_seen: isoAfter(0),
    });
    expect(accepted.events.at(-1)).toMatchObject({ action: 'agent_registered', agent: 'ada', type: 'general' });
    expect(accepted.events.at(-1)).not.toHaveProperty('workstream');
    expect(accepted.result).toEqual({ agent: 'ada' });
    expect(accepted.subject).toBe('agent.register ada by system');
  });

  it('again refreshes: it keeps what is not said anew', () => {
    const board = boardWith({ agents: [{ id: 'ada', type: 'coder', capabilities: ['gpu', 'gpu'] }] });
    runAccepted(board, 'agent.register', { id: 'ada' }, { at: afterStart(hour) });
    expect(board.agents.get('ada')).toMatchObject({
      type: 'coder',
      capabilities: ['gpu'],
      registered_at: isoAfter(0),
      last_seen: isoAfter(hour),
    });
    runAccepted(board, 'agent.register', { id: 'ada', type: 'tester', capabilities: [] });
    expect(board.agents.get('ada')).toMatchObject({ type: 'tester', capabilities: [] });
  });

  it('brings a retired agent back', () => {
    const board = boardWith({ agents: ['ada'] });
    runAccepted(board, 'agent.retire', { id: 'ada' });
    runAccepted(board, 'agent.register', { id: 'ada' });
    expect(board.agents.get('ada')?.status).toBe('active');
  });

  it('refuses an id that differs from another by case alone', () => {
    runRefused(boardWith({ agents: ['ada'] }), 'invalid-argument', 'agent.register', { id: 'Ada' });
  });

  it.each([
    { id: '../x' },
    { id: 'ada', type: 'a\nb' },
    { id: 'ada', capabilities: ['x.lock'] },
    { id: 'ada', capabilities: 'gpu' },
  ])('refuses %j', (args) => {
    runRefused(boardWith(), 'invalid-argument', 'agent.register', args);
  });
});

describe('agent.heartbeat', () => {
  const claimed = () => {
    const board = boardWith({ agents: ['ada'], tasks: ['a', 'b'] });
    const { id } = taskTitled(board, 'a');
    const claim = runAccepted(board, 'task.claim', { id }, { agent: 'ada' }).operation.id;
    return { board, id, claim };
  };

  it('says that the agent is there, and extends the leases that it proves', () => {
    const { board, id, claim } = claimed();
    claimTask(board, taskTitled(board, 'b').id, { agent: 'bob' });
    const accepted = runAccepted(
      board,
      'agent.heartbeat',
      { id: 'ada', claims: [claim, 'another'] },
      { agent: 'ada', at: afterStart(15 * minute) },
    );
    expect(board.agents.get('ada')?.last_seen).toBe(isoAfter(15 * minute));
    expect(taskOf(board, id).claim).toMatchObject({ id: claim, lease_until: isoAfter(45 * minute) });
    expect(taskTitled(board, 'b').claim?.lease_until).toBe(isoAfter(30 * minute));
    expect(accepted.events.at(-1)).toMatchObject({ action: 'agent_seen', agent: 'ada' });
    expect(accepted.result).toEqual({ agent: 'ada' });
  });

  it('leaves claims alone that it does not prove: they may belong to the same name elsewhere', () => {
    const { board, id } = claimed();
    runAccepted(board, 'agent.heartbeat', { id: 'ada' }, { agent: 'ada', at: afterStart(15 * minute) });
    expect(taskOf(board, id).claim?.lease_until).toBe(isoAfter(30 * minute));
  });

  it('alone counts at most once in a third of a lease', () => {
    const { board, claim } = claimed();
    const args = { id: 'ada', claims: [claim] };
    expect(run(board, 'agent.heartbeat', args, { agent: 'ada', at: afterStart(10 * minute - 1) })).toEqual({
      outcome: 'unchanged',
      result: { agent: 'ada' },
    });
    expect(run(board, 'agent.heartbeat', args, { agent: 'ada', at: afterStart(10 * minute) }).outcome).toBe('accepted');
    expect(run(board, 'agent.heartbeat', args, { agent: 'ada', at: afterStart(20 * minute - 1) }).outcome).toBe(
      'unchanged',
    );
  });

  it('extends a lease that runs low also when the agent was seen just now through other work', () => {
    const { board, id, claim } = claimed();
    for (const minutes of [10, 20, 29]) {
      runAccepted(board, 'event.log', { action: 'working' }, { agent: 'ada', at: afterStart(minutes * minute) });
    }
    expect(board.agents.get('ada')?.last_seen).toBe(isoAfter(20 * minute));
    runAccepted(
      board,
      'agent.heartbeat',
      { id: 'ada', claims: [claim] },
      { agent: 'ada', at: afterStart(29 * minute + 30 * second) },
    );
    expect(taskOf(board, id).claim?.lease_until).toBe(isoAfter(59 * minute + 30 * second));
  });

  it('is not kept from being heard by a clock that once was far ahead', () => {
    const board = boardWith({ agents: ['ada'] });
    runAccepted(board, 'agent.heartbeat', { id: 'ada' }, { agent: 'ada', at: afterStart(365 * 24 * hour) });
    runAccepted(board, 'agent.heartbeat', { id: 'ada' }, { agent: 'ada', at: afterStart(minute) });
    expect(board.agents.get('ada')?.last_seen).toBe(isoAfter(minute));
  });

  it('refuses who is unknown, and who is retired: not-found', () => {
    const board = boardWith({ agents: ['ada'] });
    expect(runRefused(board, 'not-found', 'agent.heartbeat', { id: 'bob' }).hint).toContain('orc a register bob');
    runAccepted(board, 'agent.retire', { id: 'ada' });
    expect(
      runRefused(board, 'not-found', 'agent.heartbeat', { id: 'ada' }, { at: afterStart(hour) }).message,
    ).toContain('retired');
  });
});

describe('agent.retire', () => {
  it('releases what the agent holds, at no cost of an attempt', () => {
    const board = boardWith({ agents: ['ada'], tasks: ['a', 'b', 'c'] });
    const ids = ['a', 'b', 'c'].map((title) => taskTitled(board, title).id) as [string, string, string];
    claimTask(board, ids[0], { agent: 'ada' });
    claimTask(board, ids[1], { agent: 'ada' });
    claimTask(board, ids[2], { agent: 'bob' });
    runAccepted(board, 'lock.acquire', { resource: 'deploy' }, { agent: 'ada' });
    runAccepted(board, 'lock.acquire', { resource: 'db', shared: true }, { agent: 'ada' });
    runAccepted(board, 'lock.acquire', { resource: 'db', shared: true }, { agent: 'bob' });
    const accepted = runAccepted(board, 'agent.retire', { id: 'ada' }, { agent: 'ada', at: afterStart(second) });
    expect(board.agents.get('ada')).toMatchObject({ status: 'retired', last_seen: isoAfter(second) });
    for (const id of ids.slice(0, 2))
      expect(taskOf(board, id)).toMatchObject({ status: 'pending', assigned_to: null, claim: null, attempts: 0 });
    expect(taskOf(board, ids[2]).assigned_to).toBe('bob');
    expect(board.locks.get('deploy')).toBeUndefined();
    expect(board.locks.get('db')?.holders.map((hold) => hold.agent)).toEqual(['bob']);
    expect(accepted.events.at(-1)).toMatchObject({
      action: 'agent_retired',
      agent: 'ada',
      released: ids.slice(0, 2).sort(),
      unlocked: ['db', 'deploy'],
    });
    expect(accepted.events.at(-1)).not.toHaveProperty('by');
    expect(accepted.result).toEqual({ agent: 'ada' });
  });

  it('by somebody else is no sign of life, and the event says who did it', () => {
    const board = boardWith({ agents: ['ada'] });
    const accepted = runAccepted(board, 'agent.retire', { id: 'ada' }, { agent: 'lead', at: afterStart(hour) });
    expect(board.agents.get('ada')?.last_seen).toBe(isoAfter(0));
    expect(accepted.events.at(-1)).toMatchObject({ agent: 'ada', by: 'lead' });
  });

  it('is heard by a process of the agent that goes on: what it held is over, and it is given nothing new', () => {
    const board = boardWith({ agents: ['ada'], tasks: ['a', 'b'] });
    const { id } = taskTitled(board, 'a');
    const { token } = claimTask(board, id, { agent: 'ada' });
    const lock = runAccepted(board, 'lock.acquire', { resource: 'deploy' }, { agent: 'ada' });
    runAccepted(board, 'agent.retire', { id: 'ada' }, { agent: 'lead' });
    const ada = { agent: 'ada' };
    for (const kind of ['task.complete', 'task.fail', 'task.release', 'task.renew', 'task.block'])
      runRefused(board, 'stale-token', kind, { id, token }, ada);
    for (const kind of ['lock.renew', 'lock.release'])
      runRefused(board, 'stale-token', kind, { resource: 'deploy', token: lock.version }, ada);
    for (const [kind, args] of [
      ['task.claim', { id }],
      ['task.next', { workstream: 'build' }],
      ['task.next', { workstream: null }],
      ['lock.acquire', { resource: 'deploy' }],
      ['agent.heartbeat', { id: 'ada' }],
    ] as const) {
      const refusal = runRefused(board, 'not-found', kind, args, ada);
      expect(refusal.message).toBe('agent "ada" is retired');
      expect(refusal.hint).toContain('orc a register ada');
    }
    runAccepted(board, 'event.log', { action: 'stopped' }, ada);
    runAccepted(board, 'agent.register', { id: 'ada' }, ada);
    runAccepted(board, 'task.claim', { id }, ada);
  });

  it('refuses an unknown agent: not-found', () => {
    runRefused(boardWith(), 'not-found', 'agent.retire', { id: 'ada' });
  });
});
