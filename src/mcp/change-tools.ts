/** Tools that change the board: one for each operation that an agent may ask for, made from the operation's own definition. */

import type { Compacted } from '../app/compact.ts';
import { collectCycle, openCycle } from '../app/cycle-board.ts';
import { type SentMessage, sentMessage } from '../app/mail.ts';
import type { Performed } from '../app/performed.ts';
import type { Undone } from '../app/undo.ts';
import type { Agent, BoardEvent, Cycle, Knowledge, Lock, Task, Workstream } from '../core/records.ts';
import {
  acknowledgeMail,
  acquireLock,
  compact,
  completeTask,
  mapped,
  takeBack,
  withOpenParts,
} from './change-calls.ts';
import { opOf, tool } from './change-row.ts';
import * as shapes from './shapes.ts';
import * as texts from './texts.ts';
import type { Tool } from './tool.ts';

/** Operations without a tool, and why. */
export const withoutTool: Readonly<Record<string, string>> = {
  'board.init': 'beginning a board is for people: `orc init`',
  'board.import': 'it takes a folder: `orc import`',
  'config.set': 'settings of the whole board are for people: `orc config`',
  'task.link': 'the git hooks link commits by themselves: `orc hooks install`',
  'agent.heartbeat': 'the server shows by itself that its agent is alive',
};

export const changeTools: readonly Tool[] = [
  tool<Task | null>({
    kind: 'task.next',
    title: 'Claim the next task',
    isDefault: true,
    known: ['workstream'],
    hidden: ['lease_ms'],
    gives: shapes.maybeTask,
    lines: texts.nextLines,
    perform: ({ args }, ask) => ask({ workstream: null, ...args }) as Promise<Performed<Task | null>>,
  }),
  tool<Task>({
    kind: 'task.claim',
    title: 'Claim a task',
    isDefault: true,
    hidden: ['lease_ms'],
    gives: () => shapes.record('task'),
    lines: texts.claimLines,
  }),
  tool<Task>({
    kind: 'task.complete',
    title: 'Complete a task',
    isDefault: true,
    hidden: ['checks'],
    more: { run_checks: { type: 'boolean' }, confirmed: { type: 'boolean' } },
    gives: () => shapes.record('task'),
    lines: (task) => texts.closedLines('Completed', task),
    perform: completeTask,
  }),
  tool<Task>({
    kind: 'task.fail',
    title: 'Report that a task failed',
    isDefault: true,
    gives: () => shapes.record('task'),
    lines: texts.failedLines,
  }),
  tool<Task>({
    kind: 'task.add',
    title: 'Add a task',
    isDefault: true,
    gives: () => shapes.record('task'),
    lines: texts.taskLine('Added'),
  }),
  tool<Lock>({
    kind: 'lock.acquire',
    title: 'Acquire a lock',
    isDefault: true,
    more: { wait_ms: { type: 'integer', minimum: 0 } },
    gives: () => shapes.record('lock'),
    lines: (lock, { desk }) => texts.lockLines(lock, desk.agent),
    perform: acquireLock,
  }),
  tool<Lock | null>({
    kind: 'lock.release',
    title: 'Release a lock',
    isDefault: true,
    gives: shapes.anything,
    lines: () => ['Released.'],
  }),
  tool<Knowledge>({
    kind: 'knowledge.write',
    title: 'Write down knowledge',
    isDefault: true,
    isDestructive: true,
    details: 'The text replaces what is there; title, tags and paths stay where they are left out.',
    gives: shapes.knowledge,
    lines: texts.wroteLine,
  }),
  tool<SentMessage>({
    kind: 'message.send',
    title: 'Send a message',
    isDefault: true,
    gives: shapes.sent,
    lines: ({ id, to, skipped }) => [
      `Sent ${id} to ${to.length === 0 ? 'nobody' : to.join(', ')}.`,
      ...(skipped.length === 0 ? [] : [`Not to ${skipped.join(', ')}: their mailboxes are full.`]),
    ],
    perform: async (_call, ask) => mapped((await ask()) as Performed<BoardEvent>, sentMessage),
  }),
  tool<Task>({
    kind: 'task.release',
    title: 'Hand a task back',
    gives: () => shapes.record('task'),
    lines: texts.taskLine('Released'),
  }),
  tool<Task>({
    kind: 'task.renew',
    title: 'Extend the lease of a claim',
    details: 'The server does so by itself for what was claimed through it.',
    gives: () => shapes.record('task'),
    lines: texts.claimLines,
  }),
  tool<Task>({
    kind: 'task.edit',
    title: 'Edit a task',
    isDestructive: true,
    isIdempotent: true,
    gives: () => shapes.record('task'),
    lines: texts.taskLine('Edited'),
  }),
  tool<Task>({
    kind: 'task.note',
    title: 'Add a note to a task',
    gives: () => shapes.record('task'),
    lines: texts.taskLine('Noted on'),
  }),
  tool<Task>({
    kind: 'task.block',
    title: 'Block a task',
    gives: () => shapes.record('task'),
    lines: texts.taskLine('Blocked'),
  }),
  tool<Task>({
    kind: 'task.unblock',
    title: 'Unblock a task',
    gives: () => shapes.record('task'),
    lines: texts.taskLine('Unblocked'),
  }),
  tool<Task>({
    kind: 'task.cancel',
    title: 'Cancel a task',
    isDestructive: true,
    gives: () => shapes.record('task'),
    lines: (task) => texts.closedLines('Cancelled', task),
    perform: async (call, ask) => withOpenParts(call, (await ask()) as Performed<Task>),
  }),
  tool<Task>({
    kind: 'task.reopen',
    title: 'Reopen a task',
    gives: () => shapes.record('task'),
    lines: texts.taskLine('Reopened'),
  }),
  tool<Agent>({
    kind: 'agent.register',
    title: 'Register yourself',
    isIdempotent: true,
    known: ['id'],
    details: 'You are registered by your first change; call it to say what you can do.',
    gives: () => shapes.record('agent'),
    lines: texts.agentLine,
    perform: ({ desk, args }, ask) => ask({ id: desk.agent, ...args }) as Promise<Performed<Agent>>,
  }),
  tool<Agent>({
    kind: 'agent.retire',
    title: 'Retire an agent',
    isDestructive: true,
    gives: () => shapes.record('agent'),
    lines: texts.agentLine,
  }),
  tool<Lock>({
    kind: 'lock.renew',
    title: 'Extend a lock',
    gives: () => shapes.record('lock'),
    lines: (lock, { desk }) => texts.lockLines(lock, desk.agent),
  }),
  tool<unknown>({
    kind: 'lock.break',
    title: 'Break the lock of somebody',
    isDestructive: true,
    gives: shapes.anything,
    lines: () => ['The lock is broken; the log says so, with the reason.'],
  }),
  tool<Knowledge>({
    kind: 'knowledge.append',
    title: 'Append to knowledge',
    gives: shapes.knowledge,
    lines: texts.wroteLine,
  }),
  tool<boolean>({
    kind: 'knowledge.delete',
    title: 'Delete knowledge',
    isDestructive: true,
    gives: shapes.yes,
    lines: () => ['Deleted; the history keeps it.'],
    perform: async (_call, ask) => mapped(await ask(), () => true),
  }),
  tool<string[]>({
    kind: 'message.ack',
    title: 'Mark messages as read',
    isIdempotent: true,
    more: {
      ids: {
        anyOf: [
          { type: 'array', items: { type: 'string' } },
          { type: 'string', enum: ['all'] },
        ],
      },
    },
    gives: shapes.names,
    lines: (ids) => [ids.length === 0 ? 'Nothing to mark: all of it is read.' : `Read: ${ids.join(', ')}.`],
    perform: acknowledgeMail,
  }),
  ...(['create', 'update', 'pause', 'resume', 'archive'] as const).map((verb) =>
    tool<Workstream>({
      kind: `workstream.${verb}`,
      title: `${verb.charAt(0).toUpperCase()}${verb.slice(1)} a workstream`,
      isIdempotent: verb !== 'create',
      isDestructive: verb === 'archive',
      gives: () => shapes.record('workstream'),
      lines: texts.workstreamLine,
    }),
  ),
  tool<BoardEvent>({
    kind: 'event.log',
    title: 'Log an event of your own',
    gives: shapes.event,
    lines: ({ n }) => [`Logged as event ${n}.`],
  }),
  tool<Cycle>({
    kind: 'cycle.open',
    title: 'Open a cycle of work',
    hidden: ['plan', 'plan_version'],
    gives: () => shapes.record('cycle'),
    lines: texts.cycleLine,
    perform: ({ desk, args }) =>
      desk.doing(() => openCycle(desk.orc, { agent: desk.agent, op: opOf(args) }), 'cycle.open'),
  }),
  tool<Cycle>({
    kind: 'cycle.collect',
    title: 'End a cycle of work',
    hidden: ['results', 'results_version', 'cycle'],
    known: ['number'],
    more: { number: { type: 'integer', minimum: 1 } },
    gives: () => shapes.record('cycle'),
    lines: texts.cycleLine,
    perform: ({ desk, args }) =>
      desk.doing(
        () => collectCycle(desk.orc, args.number as number | undefined, { agent: desk.agent, op: opOf(args) }),
        'cycle.collect',
      ),
  }),
  tool<Undone>({
    kind: 'undo',
    title: 'Take a change back',
    isDestructive: true,
    gives: shapes.undone,
    lines: ({ undone, kind, target }) => [`Took back version ${undone}: ${kind} ${target}.`],
    perform: takeBack,
  }),
  tool<Compacted>({
    kind: 'board.compact',
    title: 'Take what is closed and old off the board',
    isDestructive: true,
    more: { dry_run: { type: 'boolean' } },
    gives: shapes.compacted,
    lines: texts.compactedLines,
    perform: compact,
  }),
];
