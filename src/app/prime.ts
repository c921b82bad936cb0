/** What a coding agent should know before it begins: how to use orc, and what the board has for it now. */
import { unreadMessages } from '../core/messages.ts';
import { compareAcrossWorkstreams, isGivenOut } from '../core/readiness.ts';
import type { Hold, Message, Task } from '../core/records.ts';
import { formatDuration, fromIso } from '../core/time.ts';
import { openRecords } from '../sync/queue.ts';
import { instructionsFor } from './agent-instructions.ts';
import { code, plainOrCode, shellWord } from './brief-quote.ts';
import { taskWords } from './brief-sections.ts';
import { heldLocks, lockMoment } from './list-locks.ts';
import type { OrcCore } from './orc-core.ts';

export interface HeldLock extends Pick<Hold, 'agent' | 'expires_at' | 'reason'> {
  readonly resource: string;
}

type PrimeTask = Pick<Task, 'id' | 'workstream' | 'title'>;

/** A board as one agent sees it. */
export interface Prime {
  /** `null`: nobody is named. */
  readonly agent: string | null;
  readonly version: number;
  /** In progress, held by this agent. */
  readonly tasks: readonly (PrimeTask & { readonly lease_until: string | null })[];
  readonly locks: readonly HeldLock[];
  readonly unread: readonly Message[];
  /** In progress, held by others. */
  readonly others: readonly (PrimeTask & { readonly agent: string | null; readonly lease_until: string | null })[];
  readonly other_locks: readonly HeldLock[];
  /** What `orc t next --any` may give, in its order. */
  readonly ready: readonly PrimeTask[];
  /** Operations of this clone: refused after they were told as queued, and not published yet. */
  readonly rejected: number;
  readonly queued: number;
  /** Why nothing can be written. */
  readonly warning: string | null;
  /** All of it for a reader, with the instructions. */
  readonly text: string;
}

export interface PrimeOptions {
  readonly agent: string | null;
  /** Default 8000: what is least relevant is left out first. */
  readonly maxChars?: number | undefined;
}

const defaultMaxChars = 8000;
/** More entries of a kind are counted, not listed. */
const maxListed = 8;

export async function prime(orc: OrcCore, { agent, maxChars = defaultMaxChars }: PrimeOptions): Promise<Prime> {
  const head = await orc.head();
  const { board, writeBlock } = head.read;
  const moment = await lockMoment(orc);
  const now = moment(board);
  const { queue } = orc.connection.session;
  const running = [...board.openTasks()]
    .filter(({ status }) => status === 'in_progress')
    .sort(compareAcrossWorkstreams(board));
  const own = (task: Task): boolean => agent !== null && task.assigned_to === agent;
  const told = ({ id, workstream, title, claim }: Task) => ({
    ...{ id, workstream, title },
    lease_until: claim?.lease_until ?? null,
  });
  const holds = heldLocks(board, now).flatMap(({ resource, holders }) =>
    holders.map(({ agent: holder, expires_at, reason }): HeldLock => ({ resource, agent: holder, expires_at, reason })),
  );
  const ready = await orc.ask(
    (asked) =>
      [...asked.openTasks()]
        .filter((task) => isGivenOut(asked, task, agent ?? 'system', moment(asked)))
        .sort(compareAcrossWorkstreams(asked))
        .map(({ id, workstream, title }) => ({ id, workstream, title })),
    head,
  );
  const facts: Omit<Prime, 'text'> = {
    agent,
    version: board.meta.version,
    tasks: running.filter(own).map(told),
    locks: holds.filter((hold) => hold.agent === agent),
    unread: agent === null ? [] : unreadMessages(board, agent),
    others: running.filter((task) => !own(task)).map((task) => ({ ...told(task), agent: task.assigned_to })),
    other_locks: holds.filter((hold) => hold.agent !== agent),
    ready,
    rejected: (await queue.listRejected()).length,
    queued: (await openRecords(queue)).length,
    warning: writeBlock === null ? null : `${writeBlock.message}: ${writeBlock.hint}`,
  };
  return { ...facts, text: primeText(facts, now.at, maxChars) };
}

interface Section {
  /** The highest is left out first. */
  readonly rank: number;
  readonly lines: readonly string[];
}

/** Texts of others are quoted: each is one line, in which nothing means anything. Pure. */
export function primeText(facts: Omit<Prime, 'text'>, now: number, maxChars: number): string {
  const { agent, version, tasks, locks, unread, others, other_locks, ready, rejected, queued, warning } = facts;
  const word = agent === null ? null : shellWord(agent);
  const left = (until: string | null): string => (until === null ? '' : `, ${timeLeft(until, now)}`);
  const notes = [
    ...(warning === null ? [] : [`- Nothing can be written to the board: ${plainOrCode(warning, 400)}`]),
    ...(rejected === 0 ? [] : [`- Refused after they were queued: ${rejected} operations; see \`orc rejected\``]),
    ...(queued === 0 ? [] : [`- Not published yet: ${queued} operations; \`orc sync\` sends them`]),
  ];
  const lock = ({ resource, expires_at, reason }: HeldLock): string =>
    `${code(resource)}${left(expires_at)}${reason === null ? '' : `, for ${code(reason, 80)}`}`;
  const sections: Section[] = [
    { rank: 0, lines: ['# orc', '', ...instructionsFor(word)] },
    { rank: 1, lines: ['', `## The board now (version ${version})`, ...notes] },
    section(2, 'Yours', tasks, (task) => `${taskWords(task)}${left(task.lease_until)}`),
    section(3, 'Unread mail', unread, ({ from, text }) => `from ${plainOrCode(from)}: ${code(text, 160)}`),
    section(4, 'Your locks', locks, lock),
    section(
      7,
      'Others work on',
      others,
      (task) => `${taskWords(task)}: ${holder(task.agent)}${left(task.lease_until)}`,
    ),
    section(5, 'Others have locked', other_locks, (each) => `${holder(each.agent)}: ${lock(each)}`),
    section(6, 'Ready to be taken', ready, taskWords),
  ];
  if (tasks.length + ready.length + others.length === 0)
    sections.push({ rank: 1, lines: ['', 'No task is in progress or ready. `orc status` shows the board.'] });
  return fitted(sections, maxChars);
}

function section<T>(rank: number, title: string, entries: readonly T[], line: (entry: T) => string): Section {
  if (entries.length === 0) return { rank, lines: [] };
  const more = entries.length > maxListed ? [`- and ${entries.length - maxListed} more`] : [];
  return { rank, lines: ['', `${title}:`, ...entries.slice(0, maxListed).map((entry) => `- ${line(entry)}`), ...more] };
}

function fitted(sections: readonly Section[], maxChars: number): string {
  const hint = `(cut to ${maxChars} characters; more: \`orc prime --max-chars ${largerThan(maxChars)}\`, \`orc status\`)`;
  let kept = sections;
  for (;;) {
    const isCut = kept.length < sections.length;
    const text = `${[...kept.flatMap(({ lines }) => lines), ...(isCut ? ['', hint] : [])].join('\n')}\n`;
    if (text.length <= maxChars) return text;
    const worst = Math.max(...kept.map(({ rank }) => rank));
    if (worst === 0) return cutTo(kept.flatMap(({ lines }) => lines).join('\n'), maxChars, hint);
    kept = kept.filter(({ rank }) => rank < worst);
  }
}

/** Not even the instructions fit. Where there is no room for the hint, a mark says that something is missing. */
function cutTo(text: string, maxChars: number, hint: string): string {
  const end = [`…\n\n${hint}\n`, '…\n', '…'].find(({ length }) => length <= maxChars) ?? '';
  return `${text.slice(0, maxChars - end.length).replace(/[\ud800-\udbff]$/, '')}${end}`;
}

function largerThan(maxChars: number): number {
  return Math.max(2 * defaultMaxChars, 2 * maxChars);
}

function holder(agent: string | null): string {
  return agent === null ? 'nobody' : plainOrCode(agent);
}

function timeLeft(until: string, now: number): string {
  const left = fromIso(until) - now;
  return left > 0 ? `${formatDuration(left)} left` : 'its time is up';
}
