import { expect, test } from 'vitest';
import {
  dueRenewals,
  editLockMs,
  editReason,
  handOver,
  heldTasks,
  isEnd,
  reminderFor,
  type Self,
  whyNotEdit,
} from '../../../src/app/agent-hooks/decisions.ts';
import type { Board } from '../../../src/core/board.ts';
import { afterStart, boardWith, claimTask, minute, runAccepted, taskTitled } from '../../support/board-builder.ts';

const at = (ms: number) => ({ at: afterStart(ms), clockSkewMs: 0 });

/** All claims and locks of the agent that are on the board: obtained here. */
function selfOn(board: Board, agent = 'agent-1', givenTask: string | null = null): Self {
  const claims = [...board.openTasks()].flatMap(({ claim, assigned_to }) =>
    assigned_to === agent ? (claim?.id ?? []) : [],
  );
  const holds = [...board.locks.loaded()].flatMap(({ holders }) => holders.filter((hold) => hold.agent === agent));
  return { agent, claims: new Set([...claims, ...holds.map(({ id }) => id)]), givenTask };
}

function lockEdit(board: Board, path: string, agent = 'agent-1'): void {
  runAccepted(board, 'lock.acquire', { resource: `path:${path}`, ttl_ms: editLockMs, reason: editReason }, { agent });
}

function registered(board: Board): Board {
  runAccepted(board, 'agent.register', { id: 'agent-1' });
  return board;
}

test('nothing is renewed before a third of it has gone', () => {
  const board = registered(boardWith({ tasks: ['a'] }));
  claimTask(board, taskTitled(board, 'a').id, {});
  lockEdit(board, 'src/a.ts');
  const self = selfOn(board);
  const kinds = (ms: number) => dueRenewals(board, self, at(ms)).map(({ kind }) => kind);
  expect(kinds(0)).toEqual([]);
  expect(kinds(3 * minute)).toEqual([]);
  expect(kinds(4 * minute)).toEqual(['lock.renew']);
  expect(kinds(9 * minute)).toEqual(['lock.renew']);
  expect(kinds(10 * minute)).toEqual(['agent.heartbeat', 'lock.renew']);
});

test('one heartbeat does for all tasks of a registered agent; who is not registered renews each', () => {
  const board = boardWith({ tasks: ['a', 'b'] });
  for (const title of ['a', 'b']) claimTask(board, taskTitled(board, title).id, {});
  const ids = [taskTitled(board, 'a').id, taskTitled(board, 'b').id];
  const due = dueRenewals(board, selfOn(board), at(11 * minute));
  expect(due.map(({ kind }) => kind)).toEqual(['task.renew', 'task.renew']);
  expect(due.map(({ args }) => args.id).sort()).toEqual(ids.sort());
  registered(board);
  // It was seen just now, but that extends no lease.
  expect(dueRenewals(board, selfOn(board), at(11 * minute))).toEqual([
    { kind: 'agent.heartbeat', args: { id: 'agent-1' } },
  ]);
});

test('what was obtained elsewhere, or is somebody else’s, is left alone', () => {
  const board = boardWith({ tasks: ['a', 'b'] });
  claimTask(board, taskTitled(board, 'a').id, {});
  runAccepted(board, 'task.claim', { id: taskTitled(board, 'b').id }, { agent: 'bob' });
  lockEdit(board, 'x');
  lockEdit(board, 'y', 'bob');
  runAccepted(board, 'lock.acquire', { resource: 'path:z', reason: 'mine', ttl_ms: minute });
  const late = at(20 * minute);
  expect(dueRenewals(board, { agent: 'agent-1', claims: new Set(), givenTask: null }, late)).toEqual([]);
  const due = dueRenewals(board, selfOn(board), late).map(({ args }) => args.resource ?? args.id);
  expect(due).toEqual([taskTitled(board, 'a').id, 'path:x']);
});

test('renewals are bounded', () => {
  const board = boardWith({});
  for (let n = 0; n < 70; n++) lockEdit(board, `f${n}`);
  const due = dueRenewals(board, selfOn(board), at(5 * minute));
  expect(due).toHaveLength(64);
  expect(due[0]?.args.resource).toBe('path:f69');
});

test('why a file must not be edited: who, until when, what to do', () => {
  const board = boardWith({});
  runAccepted(
    board,
    'lock.acquire',
    { resource: 'path:src/api/**', ttl_ms: 5 * minute, reason: 'moving `it`\n' },
    { agent: 'ada b' },
  );
  expect(whyNotEdit(board, ['lib/a.ts'], 'bob', at(0))).toBe(null);
  expect(whyNotEdit(board, [], 'bob', at(0))).toBe(null);
  expect(whyNotEdit(board, ['src/api/a.ts'], 'ada b', at(0))).toBe(null);
  const why = whyNotEdit(board, ['lib/a.ts', 'src/api/a.ts'], 'bob', at(minute));
  expect(why).toBe(
    "`src/api/a.ts` is locked by `ada b` until 2026-01-01T00:05:00Z (4m left) with `path:src/api/**`, for `` moving `it` ``. Do not edit it another way: work on something else, wait with `orc l acquire 'path:src/api/**' bob --wait 5m`, or ask with `orc msg send 'ada b' \"…\"`.",
  );
  expect(whyNotEdit(board, ['src/api/a.ts'], null, at(0))).toContain("'path:src/api/**' --wait");
});

test('an agent is reminded once of each claim, and of mail only while it holds one', () => {
  const board = boardWith({ tasks: ['a', 'b'] });
  runAccepted(board, 'agent.register', { id: 'agent-1' });
  runAccepted(board, 'message.send', { to: 'agent-1', text: 'hello' }, { agent: 'bob' });
  expect(reminderFor(board, selfOn(board), new Set())).toBe(null);
  const { id } = taskTitled(board, 'a');
  claimTask(board, id, {});
  const first = reminderFor(board, selfOn(board), new Set());
  expect(first?.about).toHaveLength(2);
  expect(first?.text).toContain(`/${id} \`a\``);
  expect(first?.text).toContain(`orc t complete ${id} "<result>" --agent agent-1`);
  expect(first?.text).toContain('1 unread message for you: `orc msg inbox agent-1`');
  const seen = new Set(first?.about);
  expect(reminderFor(board, selfOn(board), seen)).toBe(null);
  runAccepted(board, 'message.send', { to: 'agent-1', text: 'again' }, { agent: 'bob' });
  expect(reminderFor(board, selfOn(board), seen)?.text).toContain('2 unread messages');
  // What `orc work` looks after is no matter of the agent's.
  expect(reminderFor(board, selfOn(board, 'agent-1', id), new Set())).toBe(null);
  claimTask(board, taskTitled(board, 'b').id, {});
  expect(reminderFor(board, selfOn(board), seen)?.text).toContain('orc t complete <id>');
  expect(reminderFor(board, { ...selfOn(board), claims: new Set() }, new Set())).toBe(null);
});

test('a session gives back its tasks and its edit locks, and nothing else', () => {
  const board = boardWith({ tasks: ['a', 'b', 'c'] });
  const [a, b, c] = ['a', 'b', 'c'].map((title) => taskTitled(board, title).id) as [string, string, string];
  claimTask(board, a, {});
  claimTask(board, b, {});
  runAccepted(board, 'task.claim', { id: c }, { agent: 'bob' });
  lockEdit(board, 'x');
  runAccepted(board, 'lock.acquire', { resource: 'deploy' });
  const self = selfOn(board, 'agent-1', b);
  expect(heldTasks(board, self).map(({ id }) => id)).toEqual([a]);
  const unlock = { kind: 'lock.release', args: { resource: 'path:x' } };
  expect(handOver(board, self, 'gone', false)).toEqual([
    { kind: 'task.release', args: { id: a, reason: 'gone' } },
    unlock,
  ]);
  expect(handOver(board, self, 'gone', true)).toEqual([unlock]);
});

test('clear and resume end nothing for an agent that keeps its name', () => {
  expect(isEnd('clear', false)).toBe(false);
  expect(isEnd('resume', false)).toBe(false);
  for (const reason of ['logout', 'prompt_input_exit', 'exit', 'other', null]) expect(isEnd(reason, false)).toBe(true);
  expect(isEnd('clear', true)).toBe(true);
});
