/**
 * What must hold of a world that is over. These checks are quick and read commit messages alone; `checkBoard` of
 * test/support/checker is the thorough one.
 */
import type { ResultRef } from '../../src/core/operation.ts';
import { findOperation } from '../../src/core/operations/index.ts';
import { decodeCommit } from '../../src/git/objects.ts';
import type { GitObject, Oid } from '../../src/git/store.ts';
import { parseTrailers } from '../../src/sync/commit-message.ts';
import type { CallRecord } from '../support/checker/types.ts';
import { type Beginning, worldStart } from './beginning.ts';
import { type Link, readChain } from './chain.ts';
import { checkDeposits } from './deposits.ts';
import { checkHolders } from './holders.ts';
import type { PastWorld } from './world.ts';

/** How late an answer may come after its deadline, ms: work on this machine, with all pauses, without waiting for the dead. */
const slackMs = 1_000;
/** How long after it looked for the dead a publisher may decide, ms: it may have to ask the upstream first. */
const longestRoundMs = 35_000;

/** What is wrong with a world, one sentence each. */
export function checkWorld(world: PastWorld, beginning: Beginning): string[] {
  const faults = [...world.faults];
  const chain = readChain(world, faults);
  checkHeads(world, chain, faults);
  checkLocalHeads(world, faults);
  checkOnce(world, beginning, chain, faults);
  checkAnswers(world, chain, faults);
  checkHeard(world, chain, faults);
  checkOrder(world, chain, faults);
  checkBatches(world, chain, faults);
  checkHolders(chain, beginning, faults);
  checkOrphans(world, chain, faults);
  checkDeadlines(world, faults);
  checkQueues(world, faults);
  checkDeposits(world, chain, faults);
  return faults;
}

/** Every head that the upstream had lies above the one before it. */
function checkHeads({ upstream, machines }: PastWorld, chain: readonly Link[], faults: string[]): void {
  const places = new Map<string, number>(chain.map(({ oid, place }) => [oid, place]));
  const ways = [
    { what: 'the upstream', heads: upstream.heads },
    ...machines.map(({ name, tracked }) => ({ what: `what ${name} knows of the upstream`, heads: tracked })),
  ];
  for (const { what, heads } of ways) {
    let before = -1;
    for (const head of heads) {
      const place = head === null ? undefined : places.get(head);
      if (place === undefined || place <= before)
        faults.push(`${what} went from place ${before} to ${place} (${head})`);
      else before = place;
    }
  }
}

/**
 * What readers read is what this machine knows of the upstream, with what was told as queued here on top: no move of the local
 * head leaves out what is known at that moment. Both refs move under the store's lock.
 */
function checkLocalHeads({ machines }: PastWorld, faults: string[]): void {
  for (const { name, localMoves, store, disk } of machines) {
    for (const { to, tracking } of localMoves) {
      const where = `the local head of ${name} went to ${to}`;
      let oid = to;
      while (oid !== null && oid !== tracking) {
        const { message, parents } = decodeCommit((store.objects.get(oid) as GitObject).bytes);
        const op = parseTrailers(message)?.op.id ?? '';
        oid = disk.told.has(op) ? (parents[0] ?? null) : null;
        if (oid === null) faults.push(`${where}, which is not ${tracking} with what was told on top`);
      }
    }
  }
}

function checkOnce({ log }: PastWorld, beginning: Beginning, chain: readonly Link[], faults: string[]): void {
  const asked = new Set(log.calls.map(({ record }) => record.op));
  const seen = new Set<string>();
  for (const { op, kind, isByHand } of chain) {
    if (isByHand) continue;
    if (seen.has(op)) faults.push(`${kind} ${op} is in the chain twice`);
    seen.add(op);
    if (!asked.has(op) && !beginning.operations.has(op)) faults.push(`nobody asked for ${kind} ${op}`);
  }
}

function checkAnswers({ log, machines }: PastWorld, chain: readonly Link[], faults: string[]): void {
  const links = new Map(chain.map((link) => [link.op, link]));
  const queued = new Set(machines.flatMap(({ disk }) => disk.queued));
  const rejected = new Set(machines.flatMap(({ disk }) => disk.rejected.map(({ operation }) => operation.id)));
  for (const id of rejected) if (links.has(id)) faults.push(`${id} is rejected, and in the chain`);
  for (const { record, tentative } of log.calls) {
    const { op, answer } = record;
    const link = links.get(op);
    const what = `${record.kind} ${op} (${record.client}, told ${answer} ${record.code ?? ''})`;
    if (answer === 'ok') {
      if (link === undefined) faults.push(`${what} is not in the chain`);
      else if (record.version !== link.version)
        faults.push(`${what} with version ${record.version}, has ${link.version}`);
      else if (record.result !== undefined && JSON.stringify(record.result) !== JSON.stringify(link.result))
        faults.push(`${what} with ${JSON.stringify(record.result)}, has ${JSON.stringify(link.result)}`);
    }
    if (tentative !== null && link !== undefined && !isSameResult(tentative, link.result))
      faults.push(`${what} as ${JSON.stringify(tentative)}, became ${JSON.stringify(link.result)}`);
    if (isNo(record) && link !== undefined) faults.push(`${what} is in the chain`);
    // A heartbeat may have nothing left to do.
    const isSpent = record.kind === 'agent.heartbeat';
    if (answer === 'queued' && link === undefined && !rejected.has(op) && !queued.has(op) && !isSpent)
      faults.push(`${what} is lost`);
  }
}

/** A machine's queue holds what was asked there, and nobody is promised anything of what others may decide. */
function checkQueues({ log, machines }: PastWorld, faults: string[]): void {
  for (const { name, disk } of machines) {
    const asked = new Set(log.calls.filter(({ record }) => record.client === name).map(({ record }) => record.op));
    for (const id of disk.known)
      if (!asked.has(id)) faults.push(`${id} was in the queue of ${name}, where nobody asked for it`);
    for (const id of disk.toldTooSoon) faults.push(`${id} was told as queued on ${name} while it was deposited`);
  }
}

/** The numbers of events are not known before they are published. */
function isSameResult(tentative: ResultRef, result: Link['result']): boolean {
  return 'event' in tentative || JSON.stringify(tentative) === JSON.stringify(result);
}

function isNo({ answer, code }: CallRecord): boolean {
  return (
    answer === 'refused' ||
    answer === 'none-ready' ||
    answer === 'unchanged' ||
    (answer === 'error' && code === 'upstream-refused')
  );
}

/**
 * Who is told no for certain was asked for upstream: it has answered since, with a head not older than what was known already.
 * An older one tells nothing of what was known.
 */
function checkHeard({ log, heard }: PastWorld, chain: readonly Link[], faults: string[]): void {
  const places = new Map(chain.map(({ oid, place }) => [oid, place]));
  const placeOf = (head: Oid | null): number => (head === null ? -1 : (places.get(head) ?? -1));
  for (const { record, known } of log.calls) {
    const { start, end, client } = record;
    const isAboutBoard = record.answer !== 'error' && isNo(record) && record.published !== false;
    if (end === null || !isAboutBoard) continue;
    const hasHeard = heard.some(
      ({ machine, began, ended, head }) =>
        machine === client && began > start && ended < end && placeOf(head) >= placeOf(known),
    );
    if (!hasHeard) faults.push(`${record.kind} ${record.op} (${client}) was told ${record.answer} of an old state`);
  }
}

/** What was asked after an answer stands after what was answered. */
function checkOrder({ log }: PastWorld, chain: readonly Link[], faults: string[]): void {
  const places = new Map(chain.map(({ op, place }) => [op, place]));
  const firstAsked = new Map<string, number>();
  for (const { record } of log.calls)
    firstAsked.set(record.op, Math.min(record.start, firstAsked.get(record.op) ?? Number.POSITIVE_INFINITY));
  for (const { record } of log.calls) {
    if (record.answer !== 'ok' || record.end === null) continue;
    const place = places.get(record.op) ?? -1;
    for (const [op, start] of firstAsked) {
      if (start > record.end && (places.get(op) ?? Number.POSITIVE_INFINITY) < place)
        faults.push(`${op} was asked after ${record.op} was answered, and stands before it`);
    }
  }
}

/** Batches are in as a whole, one line after the other (without those that had nothing to do), or not at all. */
function checkBatches({ log, machines }: PastWorld, chain: readonly Link[], faults: string[]): void {
  const rejected = new Set(machines.flatMap(({ disk }) => disk.rejected.map(({ operation }) => operation.id)));
  const isIn = new Set(chain.flatMap(({ batch }) => batch?.split(' ')[0] ?? []));
  for (const { record } of log.calls) {
    const isOut = record.answer === 'refused' || rejected.has(record.op);
    if (record.batch !== undefined && isIn.has(record.batch.id) && isOut)
      faults.push(`batch ${record.batch.id} is in, without ${record.kind} ${record.op}`);
  }
  const last = new Map<string, { place: number; k: number }>();
  for (const { batch, place, op } of chain) {
    const [, id, k] = /^(\S+) (\d+)\/\d+$/.exec(batch ?? '') ?? [];
    if (id === undefined) continue;
    const before = last.get(id);
    if (before !== undefined && (before.place !== place - 1 || before.k >= Number(k)))
      faults.push(`batch ${id} is torn apart at ${op}`);
    last.set(id, { place, k: Number(k) });
  }
}

/** A claim whose process died unanswered is not decided any more, once that death is known: nobody would act on it. */
function checkOrphans({ log, climate }: PastWorld, chain: readonly Link[], faults: string[]): void {
  const links = new Map(chain.map((link) => [link.op, link]));
  for (const { record, process } of log.calls) {
    const link = links.get(record.op);
    const { endedAt } = process.life;
    const asked = log.calls.filter((other) => other.record.op === record.op);
    if (link === undefined || endedAt === null || asked.length > 1 || record.answer !== 'never') continue;
    const { machine } = process;
    const isExcused = machine.wasStopped || machine.hasJumpedClock || machine.disk.told.has(record.op);
    if (isExcused || record.batch !== undefined || findOperation(record.kind)?.outlivesOwner !== false) continue;
    const died = worldStart + endedAt + machine.clockOffsetMs;
    if (link.at > died + climate.noticeMs + longestRoundMs)
      faults.push(`${record.kind} ${record.op} was published ${link.at - died} ms after its owner died`);
  }
}

function checkDeadlines({ log, climate }: PastWorld, faults: string[]): void {
  // Who waits for a lock of a dead process waits until that death is noticed; the store has several locks.
  const lateMs = slackMs + 2 * climate.noticeMs;
  for (const { record, deadline, process } of log.calls) {
    const { op, kind, end, answer } = record;
    if (end === null) {
      if (!process.life.wasKilled) faults.push(`${kind} ${op} was never answered`);
      continue;
    }
    const isExcused = process.life.wasStopped || process.machine.wasStopped;
    if (deadline !== null && end > deadline + lateMs && !isExcused)
      faults.push(`${kind} ${op} was answered (${answer}) ${Math.round(end - deadline)} ms after its deadline`);
  }
}
