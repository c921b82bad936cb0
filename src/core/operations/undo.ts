/**
 * Taking an earlier mutation back: a mutation of its own, which puts back what that one replaced. Nothing is taken out of history.
 *
 * Only where nothing was built on it: the record has to be exactly as that mutation left it. What never comes back: claims, locks
 * and tokens, for somebody may have been told that they are over. Which kinds can be taken back is a closed list.
 */
import * as z from 'zod/mini';
import * as arg from '../arguments.ts';
import type { Board, Change } from '../board.ts';
import { isSame } from '../is-same.ts';
import {
  accept,
  type Call,
  defineOperation,
  lazily,
  MissingPast,
  type PastMutation,
  type Refusal,
  type ResultRef,
  refuse,
} from '../operation.ts';
import type { Knowledge, Workstream } from '../records.ts';
import { shellWord } from '../shell-word.ts';
import { knowledgeChange, refuseFolderClash, refuseUnreadable } from './knowledge.ts';
import { isRefusal, refuseCaseTwin, shortened } from './support.ts';
import { takeBackTask } from './undo-task.ts';
import { workstreamChange } from './workstream.ts';

const undoable: ReadonlySet<string> = new Set([
  ...['workstream.create', 'workstream.update', 'workstream.pause', 'workstream.resume', 'workstream.archive'],
  ...['task.add', 'task.edit', 'task.note', 'task.claim', 'task.next', 'task.complete', 'task.fail'],
  ...['task.block', 'task.unblock', 'task.cancel', 'task.reopen', 'task.link'],
  ...['knowledge.write', 'knowledge.append', 'knowledge.delete', 'undo'],
]);

/** What to do instead; of the others there is nothing to say. */
const insteadByKind: Readonly<Record<string, string>> = {
  'task.release': 'a claim never comes back: claim the task again with `orc t claim`',
  'task.renew': 'a lease runs out by itself; `orc t release` hands the task back',
  'agent.register': '`orc a retire` retires the agent',
  'agent.heartbeat': 'a lease runs out by itself; `orc t release` hands a task back',
  'agent.retire': '`orc a register` registers the agent again; what it held has to be claimed again',
  'lock.acquire': '`orc l release` releases the lock, `orc l break` takes it away',
  'lock.renew': 'a lock runs out by itself; `orc l release` releases it',
  'lock.release': 'a lock never comes back: acquire it again with `orc l acquire`',
  'lock.break': 'a lock never comes back: acquire it again with `orc l acquire`',
  'message.send': 'a message may have been read: `orc msg send` sends another one',
  'message.ack': '`orc msg inbox --all` shows what was read lately',
  'cycle.open': '`orc cycle collect` ends the cycle',
  'cycle.collect': 'what came of a cycle stays: `orc cycle open` opens the next',
  'event.log': 'the event log only grows: log another event',
  'board.compact': 'history has what it took off the board: `--at` shows the board as it was before',
  'config.set': '`orc config set` sets the earlier value',
};

const undoArguments = lazily(() =>
  z.strictObject({
    version: arg.version(),
    /** The id of the operation that is meant: another one under this version is left alone. */
    op: z.optional(arg.word()),
    reason: z.optional(z.nullable(arg.reason())),
    ...arg.proof(),
  }),
);

export const undo = defineOperation({
  kind: 'undo',
  summary: 'Take an earlier mutation back, where nothing was built on it',
  arguments: undoArguments,
  actions: ['undone'],
  decide(board, { version, op, reason = null, ...proof }, call) {
    const past = findPast(board, version, op, call);
    if (isRefusal(past)) return past;
    const change = onlyChangeOf(past);
    if (isRefusal(change)) return change;
    const restored = takeBack(board, change, { ...proof, version }, call);
    if (isRefusal(restored)) return restored;
    const { workstream, task_id, topic } = targetOf(restored.change);
    return accept({
      changes: [restored.change],
      event: {
        action: 'undone',
        ...(workstream === undefined ? {} : { workstream }),
        ...(task_id === undefined ? {} : { task_id }),
        data: {
          version,
          kind: past.kind,
          by: past.agent,
          ...(topic === undefined ? {} : { topic }),
          ...(reason === null ? {} : { reason: shortened(reason) }),
        },
      },
      result: restored.result,
      ...(reason === null ? {} : { body: reason }),
    });
  },
});

function findPast(board: Board, version: number, op: string | undefined, call: Call): PastMutation | Refusal {
  const { past } = call;
  const history = '`orc history` lists the versions';
  if (version > board.meta.version)
    return refuse('not-found', `there is no version ${version}: the newest is ${board.meta.version}`, history);
  if (past === undefined || (past !== null && past !== 'cut' && past.version !== version))
    throw new MissingPast(version);
  if (past === 'cut') {
    const hint = 'undo it from a clone that has all of history';
    return refuse('not-found', `this store is shallow and does not go back to version ${version}`, hint);
  }
  if (past === null) return refuse('not-found', `no published mutation has the version ${version}`, history);
  if (op === undefined || op === past.op) return past;
  const message = `version ${version} is a ${past.kind} of ${past.agent}, not the operation that was meant`;
  return refuse('conflict', message, history);
}

/** What is changed in passing (expired locks, when an agent was seen) stays as it is. */
function onlyChangeOf({ kind, version, changes }: PastMutation): Change | Refusal {
  if (!undoable.has(kind)) {
    return refuse(
      'not-undoable',
      `${kind} cannot be taken back`,
      insteadByKind[kind] ?? '`orc undo --help` lists what can',
    );
  }
  const [change, ...others] = changes.filter(
    ({ collection }) => collection === 'tasks' || collection === 'workstreams' || collection === 'knowledge',
  );
  if (change !== undefined && others.length === 0) return change;
  const what = change === undefined ? 'no record that can be read' : 'several records';
  return refuse('not-undoable', `version ${version} (${kind}) changed ${what}`, '`orc history` shows it');
}

interface TakenBack {
  readonly change: Change;
  readonly result: ResultRef;
}

type Asked = Parameters<typeof takeBackTask>[2];

function takeBack(board: Board, change: Change, asked: Asked, call: Call): TakenBack | Refusal {
  switch (change.collection) {
    case 'tasks':
      return takeBackTask(board, change, asked, call);
    case 'workstreams':
      return takeBackWorkstream(board, change, asked, call);
    case 'knowledge':
      return takeBackKnowledge(board, change, asked, call);
    default:
      throw new Error(`${change.collection} are not taken back`);
  }
}

type ChangeOf<C extends Change['collection']> = Extract<Change, { readonly collection: C }>;

function takeBackWorkstream(
  board: Board,
  { key, before, after }: ChangeOf<'workstreams'>,
  { version }: Asked,
  call: Call,
): TakenBack | Refusal {
  const current = board.workstreams.get(key) ?? null;
  if (!isSame(current, after)) return changedSince(`workstream "${key}"`, version, `orc history ws ${shellWord(key)}`);
  const counts = board.countsOf(key);
  if (before === null) {
    const tasks = Object.values(counts).reduce((sum, count) => sum + count, 0);
    if (tasks > 0)
      return refuse(
        'conflict',
        `workstream "${key}" has tasks`,
        `\`orc ws archive ${shellWord(key)}\` closes it instead`,
        {
          tasks,
        },
      );
  }
  const open = counts.pending + counts.in_progress + counts.blocked;
  if (before?.status === 'archived' && open > 0) {
    const hint = `complete, cancel or move them first: \`orc t list ${shellWord(key)}\``;
    return refuse('has-open-tasks', `workstream "${key}" has ${open} open ${open === 1 ? 'task' : 'tasks'}`, hint, {
      open,
    });
  }
  const names = [...board.workstreams.loaded()].map(({ name }) => name);
  const twin = current === null ? refuseCaseTwin('workstream', key, names) : null;
  if (twin !== null) return twin;
  const restored: Workstream | null = before === null ? null : { ...before, updated_at: call.iso };
  return { change: workstreamChange(current, restored), result: { workstream: key } };
}

function takeBackKnowledge(
  board: Board,
  { key, before, after }: ChangeOf<'knowledge'>,
  { version }: Asked,
  call: Call,
): TakenBack | Refusal {
  const unreadable = refuseUnreadable(board, key);
  if (unreadable !== null) return unreadable;
  const current = board.topics.has(key) ? (board.knowledge.get(key) ?? null) : null;
  if (!isSame(current, after)) return changedSince(`knowledge "${key}"`, version, `orc history kb ${shellWord(key)}`);
  const clash =
    current === null ? (refuseCaseTwin('topic', key, board.topics) ?? refuseFolderClash(key, board.topics)) : null;
  if (clash !== null) return clash;
  const restored: Knowledge | null =
    before === null ? null : { ...before, updated_by: call.agent, updated_at: call.iso, version: call.version };
  return { change: knowledgeChange(current, restored), result: { knowledge: key } };
}

function changedSince(what: string, version: number, command: string): Refusal {
  return refuse(
    'conflict',
    `${what} has changed since version ${version}`,
    `\`${command}\` shows what was built on it`,
  );
}

function targetOf(change: Change): { workstream?: string; task_id?: string; topic?: string } {
  if (change.collection === 'workstreams') return { workstream: change.key };
  if (change.collection === 'knowledge') return { topic: change.key };
  const { after } = change as ChangeOf<'tasks'>;
  return after === null ? {} : { workstream: after.workstream, task_id: after.id };
}
