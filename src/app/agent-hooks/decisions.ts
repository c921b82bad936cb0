/** What hooks decide, given the board: pure, so that each case is a test. */
import type { Board } from '../../core/board.ts';
import { locksOnPath } from '../../core/edit-locks.ts';
import { unreadMessages } from '../../core/messages.ts';
import type { Moment } from '../../core/operation.ts';
import { wasSeenLately } from '../../core/operations/agent.ts';
import { leaseEnd } from '../../core/readiness.ts';
import type { Hold, Lock, Task } from '../../core/records.ts';
import { formatDuration, fromIso } from '../../core/time.ts';
import { code, shellWord } from '../brief-quote.ts';
import { taskWords } from '../brief-sections.ts';
import type { BatchRequest } from '../orc-core.ts';

/** The reason of locks that hooks take: by it, and by who holds them, they are known again. */
export const editReason = 'being edited';
/** How long such a lock holds without a sign of life, ms. */
export const editLockMs = 10 * 60_000;
/** At most so many of them are renewed, those that were taken last; the others run out. */
const maxRenewed = 64;

export interface Self {
  readonly agent: string;
  /** Ids of the claims and holds that were obtained here. */
  readonly claims: ReadonlySet<string>;
  /** A task that somebody else looks after: `orc work` renews and reports it. */
  readonly givenTask: string | null;
}

/** Tasks that this agent holds by a claim that was made here. */
export function heldTasks(board: Board, { agent, claims, givenTask }: Self): Task[] {
  return [...board.openTasks()].filter(
    ({ id, status, assigned_to, claim }) =>
      status === 'in_progress' && assigned_to === agent && claim !== null && claims.has(claim.id) && id !== givenTask,
  );
}

/** Locks that hooks took for this agent here, the newest first. */
export function editLocks(board: Board, { agent, claims }: Self): { readonly resource: string; readonly hold: Hold }[] {
  return [...board.locks.loaded()]
    .flatMap(({ resource, holders }) => holders.map((hold) => ({ resource, hold })))
    .filter(({ hold }) => hold.agent === agent && hold.reason === editReason && claims.has(hold.id))
    .sort((a, b) => b.hold.token - a.hold.token);
}

/**
 * What keeps this agent's leases and edit locks alive: only what has lost a third of its time, so that most calls publish
 * nothing. One heartbeat does for all tasks of a registered agent.
 */
export function dueRenewals(board: Board, self: Self, moment: Moment): BatchRequest[] {
  const { at } = moment;
  const { agent } = self;
  const twoThirds = (length: number): number => (length * 2) / 3;
  const record = board.agents.get(agent);
  const isLow = (task: Task): boolean => leaseEnd(board, task) - at <= twoThirds(board.settings.lease_ms);
  const low = heldTasks(board, self).filter(isLow);
  const due: BatchRequest[] = [];
  if (record?.status === 'active') {
    const isSilent = !wasSeenLately(board, record, moment);
    if (isSilent || low.length > 0) due.push({ kind: 'agent.heartbeat', args: { id: agent } });
  } else {
    due.push(...low.map(({ id }) => ({ kind: 'task.renew', args: { id } })));
  }
  for (const { resource, hold } of editLocks(board, self).slice(0, maxRenewed)) {
    if (fromIso(hold.expires_at) - at > twoThirds(hold.ttl_ms)) continue;
    due.push({ kind: 'lock.renew', args: { resource } });
  }
  return due;
}

/** Why files must not be edited now; `null`: nobody else has a lock on them. */
export function whyNotEdit(
  board: Board,
  paths: readonly string[],
  agent: string | null,
  moment: Moment,
): string | null {
  for (const path of paths) {
    const { obstacle } = locksOnPath(board, path, agent, moment);
    if (obstacle !== null) return lockedWords(path, obstacle.lock, obstacle.hold, agent, moment);
  }
  return null;
}

/** Who has it, until when, and what to do about it. */
function lockedWords(path: string, { resource }: Lock, hold: Hold, agent: string | null, moment: Moment): string {
  const left = fromIso(hold.expires_at) - moment.at;
  const until = `until ${hold.expires_at.slice(0, 19)}Z${left > 0 ? ` (${formatDuration(left)} left)` : ''}`;
  const why = hold.reason === null || hold.reason === editReason ? '' : `, for ${code(hold.reason)}`;
  const who = agent === null ? '' : ` ${shellWord(agent)}`;
  return [
    `${code(path)} is locked by ${code(hold.agent)} ${until} with ${code(resource)}${why}.`,
    'Do not edit it another way: work on something else,',
    `wait with ${code(`orc l acquire ${shellWord(resource)}${who} --wait 5m`)},`,
    `or ask with ${code(`orc msg send ${shellWord(hold.agent)} "…"`)}.`,
  ].join(' ');
}

export interface Reminder {
  readonly text: string;
  /** What it is about; each is a reason to remind once. */
  readonly about: readonly string[];
}

/**
 * Whether an agent that is about to stop should hear that it still holds a task: once for each claim, and once more for mail
 * that came while it holds one. Whoever holds nothing is let go.
 */
export function reminderFor(board: Board, self: Self, reminded: ReadonlySet<string>): Reminder | null {
  const held = heldTasks(board, self);
  if (held.length === 0) return null;
  const unread = unreadMessages(board, self.agent);
  const about = [...held.map(({ claim, id }) => claim?.id ?? id), ...unread.map(({ id }) => `message ${id}`)];
  if (about.every((each) => reminded.has(each))) return null;
  const agent = shellWord(self.agent);
  const [first] = held as [Task];
  const ids = held.length === 1 ? first.id : '<id>';
  const mail =
    unread.length === 0
      ? []
      : [
          `${unread.length} unread ${unread.length === 1 ? 'message' : 'messages'} for you: \`orc msg inbox ${agent}\`.`,
        ];
  const more = held.length > 8 ? [`and ${held.length - 8} more`] : [];
  return {
    about,
    text: [
      `On the board of orc you still hold ${[...held.slice(0, 8).map(taskWords), ...more].join(', ')}.`,
      `If it is done: \`orc t complete ${ids} "<result>" --agent ${agent}\`.`,
      `If you leave it to others: \`orc t release ${ids} "<what is done, what is left>" --agent ${agent}\`.`,
      ...mail,
      'If it is to stay yours, for instance because you wait for an answer, just stop: you are not reminded of it again.',
    ].join('\n'),
  };
}

/** What a session gives back when it ends: its tasks with a word on where the work stands, and its edit locks. */
export function handOver(board: Board, self: Self, reason: string, isKeeping: boolean): BatchRequest[] {
  const tasks = isKeeping ? [] : heldTasks(board, self);
  return [
    ...tasks.map(({ id }) => ({ kind: 'task.release', args: { id, reason } })),
    ...editLocks(board, self).map(({ resource }) => ({ kind: 'lock.release', args: { resource } })),
  ];
}

/**
 * Whether a session is over for its agent. After `clear` and `resume` somebody goes on at the same place: an agent that
 * keeps its name goes on too, one that was named after the session never comes back under that name.
 */
export function isEnd(reason: string | null, isNamedAfterSession: boolean): boolean {
  return isNamedAfterSession || (reason !== 'clear' && reason !== 'resume');
}
