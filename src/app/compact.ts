/** Thinning out a board: asking for it, or only looking at what would go. */
import { apply } from '../core/apply.ts';
import type { Accepted } from '../core/operation.ts';
import type { BoardEvent } from '../core/records.ts';
import { toIso } from '../core/time.ts';
import { OrcError } from '../errors.ts';
import { readArchive } from '../sync/archive.ts';
import type { OrcCore } from './orc-core.ts';
import type { MutationOptions } from './perform.ts';
import { type Performed, refusalError } from './performed.ts';

export interface CompactOptions extends Omit<MutationOptions, 'onProgress'> {
  /** Closed tasks and cycles that did not change since, and events that are older; ISO 8601, or anything `Date` reads. */
  readonly before: string | number | Date;
  /** Only say what would go. */
  readonly dryRun?: boolean | undefined;
  /** Hears how many closed tasks were looked at, and of how many. */
  readonly onRead?: ((done: number, of: number) => void) | undefined;
}

export interface Compacted {
  readonly before: string;
  readonly dry_run: boolean;
  /** How many closed tasks went. */
  readonly tasks: number;
  /** How many were old enough, and stayed because a task that stays names them. */
  readonly needed: number;
  readonly cycles: number;
  readonly events: number;
  /** Number of the oldest event that is left; `null` where nothing went. */
  readonly oldest_event: number | null;
  /** Which tasks would go, in order of their ids; `null` unless it is a dry run. */
  readonly task_ids: readonly string[] | null;
}

/** @throws OrcError `invalid-argument` for a time that is none, or has yet to come; `not-published` */
export async function compactBoard(orc: OrcCore, options: CompactOptions): Promise<Performed<Compacted>> {
  const { before, dryRun, onRead, ...rest } = options;
  const iso = momentOf(before);
  if (dryRun === true) return rehearse(orc, iso, options);
  const { progress } = orc.connection;
  const isFree = onRead !== undefined && progress.listener === null;
  if (isFree) progress.listener = ({ stage, done, of }) => (stage === 'read' ? onRead(done, of) : undefined);
  try {
    const performed = await orc.perform<number>('board.compact', { before: iso }, rest);
    const event = performed.state === 'none' || performed.state === 'unknown' ? null : await eventOf(orc, performed.op);
    return { ...performed, data: compacted(iso, event, null) };
  } finally {
    if (isFree) progress.listener = null;
  }
}

/** Decides it on the board as it is known here. */
async function rehearse(orc: OrcCore, before: string, options: CompactOptions): Promise<Performed<Compacted>> {
  const head = await orc.head();
  const { store } = orc.connection;
  const { version, format } = head.read.board.meta;
  const archive = await readArchive(store, head.tree, { format, onRead: options.onRead });
  const agent = await orc.actor(options.agent);
  const operation = { id: orc.world.chance.id(), kind: 'board.compact', agent, args: { before } };
  const at = orc.world.clock.now();
  const decision = await orc.ask(
    (board) => apply(board, operation, { at, version: version + 1, clockSkewMs: 0, archive }),
    head,
  );
  if (decision.outcome === 'refused') throw refusalError(decision, null);
  const data = decision.outcome === 'accepted' ? wouldCompact(before, decision) : compacted(before, null, []);
  return { data, published: null, state: 'none', version, op: operation.id, commit: null, reason: null };
}

function wouldCompact(before: string, { events, dropped }: Accepted): Compacted {
  const ids = dropped?.tasks.map(({ id }) => id).sort() ?? [];
  return compacted(before, events.at(-1) ?? null, ids);
}

async function eventOf(orc: OrcCore, op: string): Promise<BoardEvent | null> {
  const events = await orc.events({ action: 'board_compacted', last: 1 });
  return events.find((event) => event.op === op) ?? null;
}

function compacted(before: string, event: BoardEvent | null, taskIds: readonly string[] | null): Compacted {
  const count = (field: string): number => Number(event?.[field] ?? 0);
  return {
    before,
    dry_run: taskIds !== null,
    tasks: count('tasks'),
    needed: count('needed'),
    cycles: count('cycles'),
    events: count('events'),
    oldest_event: event === null ? null : count('oldest_event'),
    task_ids: taskIds,
  };
}

function momentOf(before: CompactOptions['before']): string {
  const at = new Date(before).getTime();
  if (!Number.isNaN(at)) return toIso(at);
  throw new OrcError('invalid-argument', `"${String(before)}" is no time`, {
    hint: 'for example 2026-01-31 or 2026-01-31T12:00:00Z',
  });
}

/**
 * What to say of a task that is not there: a board that was compacted may have had it, or this clone has not heard of it yet.
 * `null`: none was compacted, as far as the log tells.
 */
export async function compactionHint(orc: OrcCore, id: string): Promise<string | null> {
  const [newest] = await orc.events({ action: 'board_compacted', last: 1 });
  if (newest === undefined) return null;
  const when = `the board was compacted at version ${newest.v} (what was closed before ${String(newest.before)})`;
  return `${when}: \`orc t show ${id} --at ${newest.v - 1}\` shows it if it went then, \`orc history task ${id}\` what became of it; if it is new, \`orc sync\` brings it`;
}
