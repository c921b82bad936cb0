/** Operations on who works on a task: claim, next, renew, complete, fail, release. */
import * as z from 'zod/mini';
import * as arg from '../arguments.ts';
import type { Board, Change } from '../board.ts';
import { accept, type Call, defineOperation, lazily, refuse, unchanged } from '../operation.ts';
import {
  compareAcrossWorkstreams,
  isClockOff,
  isExhausted,
  isReady,
  leaseEnd,
  obstacleTo,
  openDependencies,
  requireDependencies,
} from '../readiness.ts';
import type { Task } from '../records.ts';
import { agentWord, shellWord } from '../shell-word.ts';
import { compareTasks } from '../task-order.ts';
import { toIso } from '../time.ts';
import {
  extendedLease,
  findOpenTask,
  findWorkstream,
  isRefusal,
  refuseByClock,
  refuseHeldTask,
  refuseRetired,
  refuseUnlessHolder,
  shortened,
  taskChange,
  withNote,
} from './support.ts';
import { judgeChecks, summarizeChecks } from './task-checks.ts';

const taskArgument = () => ({ id: arg.taskId(), workstream: z.optional(z.nullable(arg.name())) });

const claimArguments = lazily(() => z.strictObject({ ...taskArgument(), lease_ms: z.optional(arg.durationMs()) }));

export const taskClaim = defineOperation({
  kind: 'task.claim',
  summary: 'Claim a task: it is yours until its lease runs out',
  arguments: claimArguments,
  actions: ['task_claimed', 'task_reclaimed'],
  arbitrated: true,
  outlivesOwner: false,
  decide(board, { id, workstream, lease_ms: leaseMs }, call) {
    const retired = refuseRetired(board, call);
    if (retired !== null) return retired;
    if (workstream !== undefined && workstream !== null) {
      const home = findWorkstream(board, workstream);
      if (isRefusal(home)) return home;
    }
    const task = findOpenTask(board, id, workstream);
    if (isRefusal(task)) return task;
    const held = refuseHeldTask(board, task, call);
    if (held !== null) return held;
    const obstacle = obstacleTo(board, task, call.agent, call);
    if (obstacle !== null && isKnownOff(call) && obstacleTo(board, task, call.agent, trusting(call)) === null)
      return refuseByClock(`the locks in the way of task ${task.id} may have run out`, call);
    if (obstacle !== null) return refuse(obstacle.code, obstacle.message, hintFor(obstacle.code, task));
    return claim(board, task, call, leaseMs, []);
  },
});

const nextArguments = lazily(() =>
  z.strictObject({
    /** `null`: any workstream. */
    workstream: z.nullable(arg.name()),
    label: z.optional(arg.name()),
    lease_ms: z.optional(arg.durationMs()),
  }),
);

export const taskNext = defineOperation({
  kind: 'task.next',
  summary: 'Claim the first task that is ready, by priority and age',
  arguments: nextArguments,
  actions: ['task_claimed', 'task_reclaimed', 'task_failed'],
  arbitrated: true,
  outlivesOwner: false,
  decide(board, { workstream, label, lease_ms: leaseMs }, call) {
    const retired = refuseRetired(board, call);
    if (retired !== null) return retired;
    if (workstream !== null) {
      const home = findWorkstream(board, workstream);
      if (isRefusal(home)) return home;
    }
    const isWanted = (task: Task): boolean =>
      (workstream === null || task.workstream === workstream) && (label === undefined || task.labels.includes(label));
    const compare = workstream === null ? compareAcrossWorkstreams(board) : compareTasks;
    const { first, exhausted } = findFirst(board, isWanted, compare, call);
    const failures = exhausted.map((task) => taskChange(task, failedByTimeout(task, call)));
    if (first !== null) return claim(board, first, call, leaseMs, failures);
    if (failures.length === 0) {
      const wouldBe = isKnownOff(call) ? findFirst(board, isWanted, compare, trusting(call)) : null;
      if (wouldBe === null || (wouldBe.first === null && wouldBe.exhausted.length === 0))
        return unchanged({ value: null });
      return refuseByClock('nothing is ready but what others may have let run out', call);
    }
    return accept({
      changes: failures,
      event: { action: 'task_failed', data: { tasks: failures.map(({ key }) => key), reason: 'lease-expired' } },
      result: { value: null },
    });
  },
});

const renewArguments = lazily(() =>
  z.strictObject({ ...taskArgument(), lease_ms: z.optional(arg.durationMs()), ...arg.proof() }),
);

export const taskRenew = defineOperation({
  kind: 'task.renew',
  summary: 'Extend the lease of a claim',
  arguments: renewArguments,
  actions: ['task_renewed'],
  arbitrated: true,
  outlivesOwner: false,
  decide(board, { id, workstream, lease_ms: leaseMs, ...proof }, call) {
    const task = findOpenTask(board, id, workstream);
    if (isRefusal(task)) return task;
    const notHolder = refuseUnlessHolder(task, proof, call);
    if (notHolder !== null) return notHolder;
    if (task.status !== 'in_progress' || task.claim === null) {
      const state = task.status === 'in_progress' ? 'has no claim, and so no lease' : 'is held by nobody';
      return refuse(
        'not-holder',
        `task ${id} ${state}`,
        `claim it with \`orc t claim ${shellWord(task.workstream)} ${id}${agentWord(call.agent)}\``,
      );
    }
    const lease = extendedLease(board, task, call, leaseMs);
    return accept({
      changes: [taskChange(task, { ...task, claim: lease, updated_at: call.iso })],
      event: {
        action: 'task_renewed',
        workstream: task.workstream,
        task_id: id,
        data: { lease_until: lease?.lease_until },
      },
      result: { task: id },
    });
  },
});

const completeArguments = lazily(() =>
  z.strictObject({
    ...taskArgument(),
    result: z.optional(z.nullable(arg.text())),
    checks: z.optional(arg.checkRuns()),
    force: z.optional(z.array(z.enum(['checks'])).check(z.maxLength(1))),
    ...arg.proof(),
  }),
);

export const taskComplete = defineOperation({
  kind: 'task.complete',
  summary: 'Complete a task, with its result',
  arguments: completeArguments,
  actions: ['task_completed'],
  decide(board, { id, workstream, result = null, checks: runs, force = [], ...proof }, call) {
    if (workstream !== undefined && workstream !== null) {
      const home = findWorkstream(board, workstream);
      if (isRefusal(home)) return home;
    }
    const task = findOpenTask(board, id, workstream);
    if (isRefusal(task)) return task;
    const notHolder = refuseUnlessHolder(task, proof, call);
    if (notHolder !== null) return notHolder;
    const checks = judgeChecks(task, runs, force.length > 0, call);
    if (checks !== null && isRefusal(checks)) return checks;
    const after: Task = { ...task, status: 'done', claim: null, result, updated_at: call.iso };
    return accept({
      changes: [taskChange(task, checks === null ? after : { ...after, check_results: checks })],
      event: {
        action: 'task_completed',
        workstream: task.workstream,
        task_id: id,
        data: { result: shortened(result), ...(checks === null ? {} : summarizeChecks(checks)) },
      },
      result: { task: id },
      ...(result === null ? {} : { body: result }),
    });
  },
});

const failArguments = lazily(() =>
  z.strictObject({ ...taskArgument(), reason: z.optional(z.nullable(arg.reason())), ...arg.proof() }),
);

export const taskFail = defineOperation({
  kind: 'task.fail',
  summary: 'Report that a task could not be done: it is tried again, up to max_attempts times',
  arguments: failArguments,
  actions: ['task_failed'],
  decide(board, { id, workstream, reason = null, ...proof }, call) {
    const task = findOpenTask(board, id, workstream);
    if (isRefusal(task)) return task;
    const notHolder = refuseUnlessHolder(task, proof, call);
    if (notHolder !== null) return notHolder;
    const attempts = task.attempts + 1;
    const isFinal = attempts >= board.settings.max_attempts;
    const after: Task = {
      ...handedBack(task, call),
      status: isFinal ? 'failed' : 'pending',
      attempts,
      notes: reason === null ? task.notes : withNote(task, call, `failed: ${reason}`),
    };
    const data = { reason: shortened(reason), attempts, final: isFinal };
    return accept({
      changes: [taskChange(task, after)],
      event: { action: 'task_failed', workstream: task.workstream, task_id: id, data },
      result: { task: id },
      ...(reason === null ? {} : { body: reason }),
    });
  },
});

export const taskRelease = defineOperation({
  kind: 'task.release',
  summary: 'Hand a claimed task back: it is pending again',
  arguments: failArguments,
  actions: ['task_released'],
  decide(board, { id, workstream, reason = null, ...proof }, call) {
    const task = findOpenTask(board, id, workstream);
    if (isRefusal(task)) return task;
    const notHolder = refuseUnlessHolder(task, proof, call);
    if (notHolder !== null) return notHolder;
    if (task.status !== 'in_progress') return refuse('not-holder', `nobody holds task ${id}`);
    const after: Task = {
      ...handedBack(task, call),
      notes: reason === null ? task.notes : withNote(task, call, `released: ${reason}`),
    };
    return accept({
      changes: [taskChange(task, after)],
      event: {
        action: 'task_released',
        workstream: task.workstream,
        task_id: id,
        ...(reason === null ? {} : { data: { reason: shortened(reason) } }),
      },
      result: { task: id },
      ...(reason === null ? {} : { body: reason }),
    });
  },
});

function claim(board: Board, task: Task, call: Call, leaseMs: number | undefined, otherChanges: readonly Change[]) {
  const isTakeover = task.status === 'in_progress';
  const attempts = task.attempts + (isTakeover ? 1 : 0);
  const after: Task = {
    ...task,
    status: 'in_progress',
    assigned_to: call.agent,
    claim: {
      id: call.id,
      token: call.version,
      claimed_at: call.iso,
      lease_until: toIso(call.at + (leaseMs ?? board.settings.lease_ms)),
    },
    attempts,
    updated_at: call.iso,
  };
  const failed = otherChanges.map(({ key }) => key);
  const data = {
    ...(isTakeover
      ? { from: task.assigned_to, lease_until: ranOutAt(board, task), attempts, reason: 'lease-expired' }
      : {}),
    ...(failed.length === 0 ? {} : { failed }),
  };
  return accept({
    changes: [...otherChanges, taskChange(task, after)],
    event: {
      action: isTakeover ? 'task_reclaimed' : 'task_claimed',
      workstream: task.workstream,
      task_id: task.id,
      data,
    },
    result: { task: task.id },
  });
}

/** Since when a lease has been over; imported tasks have none, but a time that counts as its end. */
function ranOutAt(board: Board, task: Task): string {
  return task.claim?.lease_until ?? toIso(leaseEnd(board, task));
}

/**
 * The first task that is ready, and those before it that `next` would hand out if they had attempts left.
 *
 * Dependencies that are not in memory are asked for in two rounds at most: those of the first task alone, for seldom more
 * is needed; when that one turns out to wait for a task that was closed undone, those of all others in one go.
 */
function findFirst(
  board: Board,
  isWanted: (task: Task) => boolean,
  compare: (a: Task, b: Task) => number,
  call: Call,
): { readonly first: Task | null; readonly exhausted: readonly Task[] } {
  // Whether our clock can be trusted is asked only when the choice has fallen on what depends on it.
  const choosing = call.clockOffMs === 'unknown' ? trusting(call) : call;
  let first: Task | null = null;
  let unknown: Task[] = [];
  /** Whether one that might have been handed out turned out not to be: then more may. */
  let isOneNotEnough = false;
  let exhausted: Task[] = [];
  const isLoaded = (id: string): boolean => board.tasks.isLoaded(id);
  for (const task of board.openTasks()) {
    if (!isWanted(task) || (first !== null && compare(task, first) > 0)) continue;
    const isKnown = task.depends_on.every(isLoaded);
    const known = isKnown ? task : { ...task, depends_on: task.depends_on.filter(isLoaded) };
    if (!isReady(board, known, call.agent, choosing)) isOneNotEnough ||= isKnown && waitsInVain(board, task);
    else if (!isKnown) unknown.push(task);
    else if (isExhausted(board, task, choosing)) exhausted.push(task);
    else first = task;
  }
  if (first !== null) unknown = unknown.filter((task) => compare(task, first as Task) < 0);
  if (unknown.length > 0) {
    const isMoreNeeded = isOneNotEnough || exhausted.length > 0;
    requireDependencies(board, isMoreNeeded ? unknown : [unknown.reduce((a, b) => (compare(b, a) < 0 ? b : a))]);
  }
  if (first !== null) exhausted = exhausted.filter((task) => compare(task, first as Task) < 0);
  for (const task of first === null ? exhausted : [first, ...exhausted]) obstacleTo(board, task, call.agent, call);
  return { first, exhausted: exhausted.sort(compare) };
}

/** All that it waits for is closed, and was not done. */
function waitsInVain(board: Board, task: Task): boolean {
  if (task.depends_on.some((id) => board.isOpenTask(id))) return false;
  return openDependencies(board, task).length > 0;
}

/** As long as nothing depended on it, nobody was asked how far the clock is off. */
function isKnownOff(call: Call): boolean {
  return call.clockOffMs !== 'unknown' && isClockOff(call);
}

/** The same call with a clock that is right. */
function trusting(call: Call): Call {
  return { ...call, clockOffMs: null };
}

function failedByTimeout(task: Task, call: Call): Task {
  const notes = withNote(task, call, `failed: the lease of ${task.assigned_to} ran out, attempt ${task.attempts + 1}`);
  return { ...handedBack(task, call), status: 'failed', attempts: task.attempts + 1, notes };
}

function handedBack(task: Task, call: Call): Task {
  return { ...task, status: 'pending', assigned_to: null, claim: null, updated_at: call.iso };
}

function hintFor(code: string, task: Task): string {
  if (code === 'lacks-capability') return '`orc a register <id> --capability …` tells what an agent can do';
  return `\`orc t show ${task.id}\` tells what it waits for`;
}
