/**
 * Cycles that the board keeps: plan and results are made here, on a head, and go into the operation, for deciding has no
 * events and no closed tasks.
 */
import type { Cycle, Json } from '../core/records.ts';
import { OrcError } from '../errors.ts';
import type { Head } from '../sync/head.ts';
import { outlinePlan } from './cycle.ts';
import { type Collected, collectResults, findOpenCycle } from './cycle-collect.ts';
import { asDocument } from './document.ts';
import type { OrcCore } from './orc-core.ts';
import type { MutationOptions } from './perform.ts';
import type { Performed } from './performed.ts';
import { checkAmounts } from './reading.ts';
import { setAsideError } from './set-aside.ts';

export interface CycleSummary {
  readonly number: number;
  readonly opened_by: string;
  readonly opened_at: string;
  readonly opened_version: number;
  /** `null` while it is open, as the next two. */
  readonly collected_by: string | null;
  readonly collected_at: string | null;
  readonly completed: number | null;
}

/** What a plan and results quote is on the board already: who let it pass there lets it pass here. */
const quotesTheBoard = { allowSecret: true };

/** @throws OrcError `already-exists` while another one is open */
export async function openCycle(orc: OrcCore, options: MutationOptions = {}): Promise<Performed<Cycle>> {
  const { head } = await newestHead(orc);
  const { version } = head.read.board.meta;
  const plan = asDocument(await outlinePlan(orc, head), 'first');
  return orc.perform<Cycle>('cycle.open', { plan, plan_version: version }, { ...options, ...quotesTheBoard });
}

/**
 * Ends a cycle with what came of it since its opening: the one that is open, or the one of this number.
 * @throws OrcError `not-found`, `board-unreadable` for one whose file cannot be read, `closed` when it was collected already
 */
export async function collectCycle(
  orc: OrcCore,
  number?: number,
  options: MutationOptions = {},
): Promise<Performed<Cycle>> {
  const { head, reason } = await newestHead(orc);
  const cycle = number === undefined ? await findOpenCycle(orc, head) : await readCycle(orc, number);
  // Not left to deciding: one that somebody opens meanwhile would end without results. But an operation that is asked again
  // by its id has its outcome, whatever the board looks like by now.
  if (cycle === null && options.op === undefined) {
    const newest = Math.max(0, ...head.read.board.cycleNumbers);
    const setAside = await setAsideError(orc, 'cycles', String(newest));
    // One that was collected can be read; this one may be open.
    if (setAside !== null) throw setAside;
    const where = reason === null ? '' : ` (${reason})`;
    throw new OrcError('not-found', `no cycle is open${where}`, { hint: '`orc cycle open` opens one' });
  }
  const results = cycle === null ? {} : asDocument(await collectResults(orc, { cycle }, head), 'last');
  const args = {
    ...(cycle === null ? {} : { cycle: cycle.number }),
    results,
    results_version: head.read.board.meta.version,
  };
  return orc.perform<Cycle>('cycle.collect', args, { ...options, ...quotesTheBoard });
}

/** What is kept for good is made of the newest board that can be had; `reason`: why that is not the upstream's. */
async function newestHead(orc: OrcCore): Promise<{ readonly head: Head; readonly reason: string | null }> {
  try {
    return { head: await orc.head({ fresh: true }), reason: null };
  } catch (error) {
    if (!(error instanceof OrcError && error.code === 'unreachable')) throw error;
    return { head: await orc.head(), reason: error.message };
  }
}

/** Without a number the newest one. @throws OrcError `not-found`, `board-unreadable` for one whose file cannot be read */
export async function readCycle(orc: OrcCore, number?: number): Promise<Cycle> {
  const { wanted, found } = await orc.ask((board) => {
    const wanted = number ?? Math.max(0, ...board.cycleNumbers);
    return { wanted, found: board.cycleNumbers.has(wanted) ? board.cycles.get(String(wanted)) : undefined };
  });
  if (found !== undefined) return found;
  const setAside = await setAsideError(orc, 'cycles', String(wanted));
  if (setAside !== null) throw setAside;
  throw number === undefined
    ? new OrcError('not-found', 'no cycle was opened yet', { hint: '`orc cycle open` opens one' })
    : new OrcError('not-found', `cycle ${number} not found`, { hint: 'see `orc cycle list`' });
}

/** Newest first, at most `last`. Those whose file cannot be read are left out. */
export async function listCycles(orc: OrcCore, last = 20): Promise<CycleSummary[]> {
  checkAmounts({ last });
  const cycles = await orc.ask((board) => {
    const keys = [...board.cycleNumbers]
      .sort((a, b) => b - a)
      .slice(0, last)
      .map(String);
    board.cycles.require(keys);
    return keys.flatMap((key) => board.cycles.get(key) ?? []);
  });
  return cycles.map(({ number, opened_by, opened_at, opened_version, collected }) => ({
    number,
    opened_by,
    opened_at,
    opened_version,
    collected_by: collected?.by ?? null,
    collected_at: collected?.at ?? null,
    completed: completedIn(collected?.results.completed_this_cycle),
  }));
}

/** The results of a cycle as they are shown, where they have the fields that this orc writes; else `null`. */
export function collectedOf({ number, opened_at, collected }: Cycle): Collected | null {
  if (collected === null) return null;
  const { completed_this_cycle, failed, still_in_progress, knowledge_updates } = collected.results;
  const ofTask = ['workstream', 'task_id', 'title'];
  const isWhole =
    isListOf(completed_this_cycle, [...ofTask, 'completed_at'], ['result']) &&
    isListOf(failed, [...ofTask, 'failed_at'], ['reason']) &&
    isListOf(still_in_progress, ofTask, ['assigned_to']) &&
    isListOf(knowledge_updates, ['topic', 'updated_by', 'updated_at'], []);
  if (!isWhole) return null;
  const results = collected.results as unknown as Collected;
  return { ...results, cycle: number, since: opened_at, collected_at: collected.at };
}

/** Of records with these texts, and with these texts or `null`. */
function isListOf(value: Json | undefined, texts: readonly string[], maybe: readonly string[]): boolean {
  if (!Array.isArray(value)) return false;
  return value.every((each) => {
    if (typeof each !== 'object' || each === null) return false;
    const isText = (field: string): boolean => typeof each[field] === 'string';
    return texts.every(isText) && maybe.every((field) => each[field] === null || isText(field));
  });
}

function completedIn(list: unknown): number | null {
  return Array.isArray(list) ? list.length : null;
}
