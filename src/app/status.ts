/** The board at a glance. */
import path from 'node:path';
import type { Board } from '../core/board.ts';
import type { BoardEvent, Workstream } from '../core/records.ts';
import { shellWord } from '../core/shell-word.ts';
import { describeTimeLeft, formatDuration } from '../core/time.ts';
import { readConfigFile } from '../git/config-file.ts';
import { openRecords, type RejectedRecord } from '../sync/queue.ts';
import type { BoardGlance } from './board-glance.ts';
import { readUnable } from './carry-file.ts';
import { readContact } from './contact.ts';
import { heldLocks, lockMoment } from './list-locks.ts';
import { type UnreadMail, unreadMail } from './mail.ts';
import { waitingOperations } from './tentative-claims.ts';

/** An agent that was not seen for so long is shown as stale, as in the original. */
export const staleAfterMs = 5 * 60_000;

/** Closed tasks that are worth a word. */
const largeArchive = 20_000;

export interface WorkstreamSummary extends Workstream {
  readonly task_count: number;
  readonly pending: number;
  readonly in_progress: number;
  readonly blocked: number;
  readonly done: number;
  readonly failed: number;
  readonly cancelled: number;
}

export interface StatusReport {
  readonly board: string;
  readonly version: number;
  readonly updated_at: string | null;
  readonly workstreams: readonly WorkstreamSummary[];
  readonly agents: readonly {
    readonly id: string;
    readonly type: string;
    readonly status: string;
    readonly capabilities: readonly string[];
    readonly registered_at: string;
    readonly last_seen: string;
    readonly stale: boolean;
    readonly tasks: readonly string[];
  }[];
  readonly active_locks: readonly {
    readonly resource: string;
    readonly agent: string;
    readonly shared: boolean;
    readonly acquired_at: string;
    readonly ttl_ms: number;
    readonly expires_at: string;
    /** 0 or less: it is running out, and others are refused all the same, until `free_from`. */
    readonly expires_in_ms: number;
    /** `null`: this machine's clock is too far off to tell. */
    readonly free_from: string | null;
    /** It is not published yet. */
    readonly tentative: boolean;
  }[];
  readonly in_progress: readonly {
    readonly id: string;
    readonly workstream: string;
    readonly title: string;
    readonly assigned_to: string | null;
    readonly lease_until: string | null;
    readonly expired: boolean;
    /** Its claim is not published yet. */
    readonly tentative: boolean;
  }[];
  readonly recent_events: readonly BoardEvent[];
  readonly knowledge_topics: readonly string[];
  readonly unread_mail: UnreadMail;
  /** How this store stands to its upstream. */
  readonly sync: {
    readonly upstream: string;
    /** When the upstream answered last; `null` where it is on this machine, or has not answered yet. */
    readonly last_contact: string | null;
    /** How far the upstream's clock was ahead of this machine's when it was last told, ms. Over HTTP alone. */
    readonly clock: {
      readonly ahead_ms: number;
      readonly error_ms: number;
      /** Beyond what the board allows: then nothing is taken over from others here. */
      readonly off: boolean;
    } | null;
    /** Operations that wait for being published. */
    readonly queued: number;
    readonly queued_since: string | null;
    readonly rejected: number;
    /** Why operations that lost a race are not left for others to publish; `null`: as far as is known they are. */
    readonly inbox: string | null;
    /**
     * What the person should know: a remote that was added since the board began, what to ask for when the upstream refuses the branch,
     * or that the archive makes changes slow.
     */
    readonly hint: string | null;
  };
  /** Files of the branch that could not be read and are left out. */
  readonly faults: readonly { readonly path: string; readonly reason: string }[];
  readonly warning: string | null;
}

export function summarizeWorkstreams(board: Board): WorkstreamSummary[] {
  return [...board.workstreams.loaded()]
    .map((workstream) => {
      const counts = board.countsOf(workstream.name);
      const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
      return { ...workstream, task_count: total, ...counts };
    })
    .sort(
      (a, b) => a.priority - b.priority || a.created_version - b.created_version || a.created_index - b.created_index,
    );
}

export async function readStatus(orc: BoardGlance): Promise<StatusReport> {
  const head = await orc.head();
  const { board, faults, writeBlock } = head.read;
  const now = orc.world.clock.now();
  const open = [...board.openTasks()];
  const { queue } = orc.connection.session;
  const waiting = await openRecords(queue);
  const moment = await lockMoment(orc);
  const first = waiting[0];
  const tentative = await waitingOperations(orc);
  const rejected = await queue.listRejected();
  const workstreams = summarizeWorkstreams(board);
  return {
    board: board.meta.id,
    version: board.meta.version,
    updated_at: board.meta.updated_at,
    workstreams,
    agents: [...board.agents.loaded()]
      .filter(({ status }) => status !== 'retired')
      .map((agent) => ({
        ...agent,
        stale: now - Date.parse(agent.last_seen) > staleAfterMs,
        tasks: open
          .filter((task) => task.status === 'in_progress' && task.assigned_to === agent.id)
          .map(({ id }) => id),
      })),
    active_locks: heldLocks(board, moment(board)).flatMap(({ resource, shared, holders }) =>
      holders.map(({ id, agent, acquired_at, ttl_ms, expires_at, expires_in_ms, free_from }) => ({
        ...{ resource, agent, shared, acquired_at, ttl_ms, expires_at, expires_in_ms, free_from },
        tentative: tentative.has(id),
      })),
    ),
    in_progress: open
      .filter(({ status }) => status === 'in_progress')
      .map(({ id, workstream, title, assigned_to, claim }) => ({
        id,
        workstream,
        title,
        assigned_to,
        lease_until: claim?.lease_until ?? null,
        expired: claim !== null && Date.parse(claim.lease_until) <= now,
        tentative: claim !== null && tentative.has(claim.id),
      })),
    recent_events: await orc.events({ last: 10 }, head),
    knowledge_topics: [...board.topics].sort(),
    unread_mail: await unreadMail(orc, board),
    sync: {
      upstream: orc.connection.transport.label,
      ...contactOf(orc, board),
      queued: waiting.length,
      queued_since: first === undefined ? null : new Date(first.asked_at).toISOString(),
      rejected: rejected.length,
      inbox: readUnable(orc.connection.store.path, now)?.reason ?? null,
      hint: laterRemote(orc) ?? refusedHint(rejected) ?? archiveHint(workstreams),
    },
    faults,
    warning: writeBlock === null ? null : `${writeBlock.message}: ${writeBlock.hint}`,
  };
}

function contactOf(orc: BoardGlance, board: Board): Pick<StatusReport['sync'], 'last_contact' | 'clock'> {
  const contact = readContact(orc.connection.store.path);
  if (contact === null) return { last_contact: null, clock: null };
  const { at, clock } = contact;
  const last_contact = new Date(at).toISOString();
  if (clock === null) return { last_contact, clock };
  const { ms, errorMs } = clock;
  const off = Math.abs(ms) - errorMs > board.settings.clock_skew_ms;
  return { last_contact, clock: { ahead_ms: ms, error_ms: errorMs, off } };
}

/** What the upstream did not let in, and nobody has dealt with yet: the newest says what to ask for. */
function refusedHint(rejected: readonly RejectedRecord[]): string | null {
  const refused = rejected.findLast(({ refusal }) => refusal.code === 'upstream-refused');
  return refused?.refusal.hint ?? null;
}

/** Whoever takes a push goes through all closed tasks, a millisecond for each thousand. */
export function archiveHint(
  workstreams: readonly Pick<WorkstreamSummary, 'done' | 'failed' | 'cancelled'>[],
): string | null {
  const closed = workstreams.reduce((sum, { done, failed, cancelled }) => sum + done + failed + cancelled, 0);
  if (closed < largeArchive) return null;
  return `${closed} closed tasks make each change slower: \`orc compact --before 90d --dry-run\` says how many would go; history keeps them`;
}

/** A board that lives in this repository alone, although a remote is there by now. Read without starting git. */
function laterRemote({ connection, surroundings }: BoardGlance): string | null {
  if (connection.config.upstream.kind !== 'host' || surroundings.host === null) return null;
  const entries = readConfigFile(path.join(surroundings.host.commonDir, 'config'));
  const remote = entries.map(([key]) => /^remote\.(.+)\.url$/.exec(key)?.[1]).find((name) => name !== undefined);
  return remote === undefined
    ? null
    : `the board is in this repository alone: \`orc init --remote ${shellWord(remote)}\` takes it to ${remote}`;
}

/** How the reader is told what to do about it: by commands, unless it reaches the board by tools. */
export interface StatusWords {
  readonly inbox: string;
  readonly queued: string;
  readonly rejected: string;
}

const commandWords: StatusWords = {
  inbox: '`orc msg inbox`',
  queued: 'run `orc sync`',
  rejected: 'see `orc rejected`',
};

/** The original's text, section by section, with what is new: leases, upstream, queue. */
export function statusText(status: StatusReport, now = Date.now(), words: StatusWords = commandWords): string {
  const lines = ['=== orc status ===', `Board version: ${status.version} | Updated: ${status.updated_at ?? 'never'}`];
  if (status.warning !== null) lines.push(`Warning: ${status.warning}`);
  lines.push(...boardLines(status, now));
  lines.push('', '--- Agents ---');
  for (const { id, type, status: state, stale } of status.agents)
    lines.push(`${id} (${type}): ${state}${stale ? ' [STALE]' : ''}`);
  if (status.agents.length === 0) lines.push('(none registered)');
  lines.push('', '--- Active Locks ---');
  for (const { resource, agent, expires_in_ms: left, free_from: freeFrom, tentative } of status.active_locks)
    lines.push(
      `${resource}: held by ${agent} (${describeTimeLeft(left, freeFrom)})${tentative ? ' [NOT PUBLISHED]' : ''}`,
    );
  if (status.active_locks.length === 0) lines.push('(none)');
  lines.push('', '--- Recent Events ---');
  for (const event of status.recent_events) lines.push(`[${event.ts.slice(11, 19)}] ${event.agent}: ${event.action}`);
  if (status.recent_events.length === 0) lines.push('(none)');
  lines.push('', '--- Knowledge Base ---', status.knowledge_topics.join(', ') || '(empty)');
  lines.push(...mailLines(status.unread_mail, words));
  lines.push('', '--- Sync ---', syncLine(status, now, words), ...clockLines(status));
  if (status.sync.inbox !== null)
    lines.push(
      `Inbox: ${status.sync.upstream} takes no deposits, so many machines publish slower: ${status.sync.inbox}`,
    );
  if (status.sync.hint !== null) lines.push(`Hint: ${status.sync.hint}`);
  for (const { path, reason } of status.faults) lines.push(`set aside: ${path}: ${reason}`);
  return lines.join('\n');
}

/** The sections on workstreams and on what is in progress. */
export function boardLines(status: Pick<StatusReport, 'workstreams' | 'in_progress'>, now: number): string[] {
  const lines = ['', '--- Workstreams ---'];
  for (const each of status.workstreams) {
    const more = [
      each.blocked > 0 ? `, ${each.blocked} blocked` : '',
      each.failed > 0 ? `, ${each.failed} failed` : '',
      each.cancelled > 0 ? `, ${each.cancelled} cancelled` : '',
      each.status === 'active' ? '' : ` (${each.status})`,
    ].join('');
    lines.push(
      `[P${each.priority}] ${each.name}: ${each.pending} pending, ${each.in_progress} active, ${each.done} done${more}`,
    );
  }
  if (status.workstreams.length === 0) lines.push('(none)');
  if (status.in_progress.length === 0) return lines;
  lines.push('', '--- In progress ---');
  for (const { id, workstream, title, assigned_to, lease_until, expired, tentative } of status.in_progress) {
    const left = lease_until === null ? '' : Date.parse(lease_until) - now;
    const lease = left === '' ? '' : expired ? ' [LEASE EXPIRED]' : ` (lease: ${formatDuration(left)} left)`;
    lines.push(`${workstream}/${id}: ${title} -> ${assigned_to}${lease}${tentative ? ' [NOT PUBLISHED]' : ''}`);
  }
  return lines;
}

/** Nothing where nobody has unread mail, as in the original. */
function mailLines({ by_agent, agent, own }: UnreadMail, words: StatusWords): string[] {
  if (by_agent.length === 0) return [];
  const counts = by_agent.map((each) => `${each.agent}: ${each.unread}`).join(', ');
  const hint =
    own.length === 0
      ? []
      : [`${words.inbox} shows the ${own.length} for ${agent}, the newest from ${own.at(-1)?.from}`];
  return ['', '--- Unread Mail ---', counts, ...hint];
}

function syncLine({ sync }: StatusReport, now: number, words: StatusWords): string {
  const queued =
    sync.queued === 0 ? 'nothing waits' : `${sync.queued} not published since ${sync.queued_since}: ${words.queued}`;
  const rejected = sync.rejected === 0 ? '' : ` | ${sync.rejected} rejected: ${words.rejected}`;
  const seen = sync.last_contact === null ? '' : ` | seen ${formatDuration(now - Date.parse(sync.last_contact))} ago`;
  return `Upstream: ${sync.upstream}${seen} | ${queued}${rejected}`;
}

function clockLines({ sync: { clock, upstream } }: StatusReport): string[] {
  if (clock === null) return [];
  const { ahead_ms: ahead, error_ms: error, off } = clock;
  if (!off) return [`Clock: agrees with that of ${upstream}, as far as can be told (±${formatDuration(error)})`];
  const side = ahead > 0 ? 'behind' : 'ahead of';
  return [
    `Warning: this machine's clock is ${formatDuration(ahead)} ${side} that of ${upstream}: nothing is taken over from others here. Set the clock.`,
  ];
}
