/**
 * What is said when nothing could be published: the local head with the queue on top, and answers that hold on it until
 * the upstream has spoken.
 */
import type { Accepted, Operation } from '../core/operation.ts';
import { decideTentatively } from './deciding.ts';
import type { Head } from './head.ts';
import { acceptedOutcome } from './outcomes.ts';
import type { PublisherPorts } from './publisher.ts';
import { type Outcome, openRecords, type QueueRecord, type Told, tentativeRecords } from './queue.ts';
import type { Decided, Replayed } from './replay.ts';
import { refusedByUpstream, type Trouble } from './trouble.ts';
import type { UpstreamView } from './upstream-view.ts';

/** `published`: true: in the upstream's history. false: not (yet), `state` says how. null: nothing to publish. */
export interface Answer {
  readonly operation: Operation;
  readonly outcome: Outcome;
  readonly published: boolean | null;
  readonly state: 'published' | 'queued' | 'unknown' | 'none';
  /** Gives the head on which the outcome holds: the upstream's, or the local one for tentative answers. */
  readonly head: () => Promise<Head>;
  /** Why it is not published, for people. */
  readonly reason: string | null;
}

const maxRebuilds = 5;

/** Makes the local head the upstream's with all that was told as queued on top. */
export async function rebuildLocal(ports: PublisherPorts): Promise<Head> {
  const { queue, view, store } = ports;
  for (let tries = 0; tries < maxRebuilds; tries++) {
    const from = await view.place();
    const { tip, objects } = await decideTentatively(ports, await tentativeRecords(queue));
    if (tip.commit === null) return tip;
    if (objects.length > 0) await store.writeObjects(objects);
    if (await view.moveLocal(tip, from)) return tip;
  }
  // Others move it all the time: then it is theirs that stands.
  return view.local();
}

/**
 * 3, 4, 6. Nothing more can be done now: says what is known, and pins what was said. `trouble: null`: publishing was put off, or
 * time ran out.
 */
export async function tellUnpublished(
  ports: PublisherPorts,
  records: readonly QueueRecord[],
  trouble: Trouble | null,
): Promise<Answer[]> {
  const { queue } = ports;
  const ids = records.map(({ operation }) => operation.id);
  if (trouble?.outcome === 'refused') {
    const result = await queue.withdraw(ids);
    return result === 'done' ? tellRefused(ports, records, trouble.reason) : tellLate(ports, records, trouble.reason);
  }
  const isPutOff = records.every(({ deferred }) => deferred);
  const reason = isPutOff ? null : (trouble?.reason ?? 'the deadline passed while others were publishing');
  return tellTentatively(ports, records, reason);
}

/** Decides on top of the local head, keeps what was accepted in the queue, and pins it to what is told. */
async function tellTentatively(
  ports: PublisherPorts,
  records: readonly QueueRecord[],
  reason: string | null,
): Promise<Answer[]> {
  const { queue, store, view } = ports;
  const from = await view.place();
  const ids = new Set(records.map(({ operation }) => operation.id));
  const open = (await openRecords(queue)).filter(
    ({ told, operation }) => told?.state === 'queued' || ids.has(operation.id),
  );
  const { decided, tip, objects } = await decideWithoutBarren(ports, open, ids);
  const own = decided.filter(({ record }) => ids.has(record.operation.id));
  const isKept = own.some(({ decision }) => decision.outcome === 'accepted');
  // A batch is kept, and told, whole: with the lines that have nothing to do.
  const result =
    own.length < records.length
      ? 'settled'
      : await (isKept
          ? queue.tell(new Map(own.map((each) => [each.record.operation.id, toldOf(each)])))
          : queue.withdraw([...ids]));
  if (result !== 'done') return tellLate(ports, records, reason);
  if (objects.length > 0) await store.writeObjects(objects);
  if (tip.commit !== null && !(await view.moveLocal(tip, from))) await rebuildLocal(ports);
  return own.map((each) => tentativeAnswer(each, tip, reason));
}

/**
 * A `next` that gives out nothing, but fails what ran out too often, is told as nothing to do, and does nothing: published later it
 * might claim a task for somebody who was told that there is none. Whoever asks next fails the same.
 */
async function decideWithoutBarren(
  ports: PublisherPorts,
  open: readonly QueueRecord[],
  ids: ReadonlySet<string>,
): Promise<Replayed> {
  const replayed = await decideTentatively(ports, open);
  const isBarren = ({ record: { operation }, decision }: Decided): boolean =>
    operation.kind === 'task.next' &&
    ids.has(operation.id) &&
    decision.outcome === 'accepted' &&
    !('task' in decision.result);
  const barren = new Set(replayed.decided.filter(isBarren).map(({ record }) => record));
  if (barren.size === 0) return replayed;
  const told: Told = { state: 'queued', result: { value: null }, unchanged: true };
  return decideTentatively(
    ports,
    open.map((record) => (barren.has(record) ? { ...record, told } : record)),
  );
}

/** A publisher has them in hand, or has sent them: their outcomes, where there are any; else only their ids may be told. */
export async function tellLate(
  { queue, view }: PublisherPorts,
  records: readonly QueueRecord[],
  reason: string | null,
): Promise<Answer[]> {
  const outcomes = await queue.collect(records.map(({ operation }) => operation));
  return records.map(({ operation }) => {
    const outcome = outcomes.get(operation.id);
    return outcome === undefined ? unknownAnswer(operation, view, reason) : settledAnswer(operation, outcome, view);
  });
}

/** 3. It may be in, or come in: without a result. */
export function unknownAnswer(operation: Operation, view: UpstreamView, reason: string | null): Answer {
  const outcome: Outcome = { outcome: 'unchanged', result: { value: null } };
  return { operation, outcome, published: false, state: 'unknown', head: () => view.local(), reason };
}

export function settledAnswer(operation: Operation, outcome: Outcome, view: UpstreamView): Answer {
  const head = (): Promise<Head> => view.head();
  const published = outcome.outcome === 'accepted' ? true : null;
  return { operation, outcome, published, state: published ? 'published' : 'none', head, reason: null };
}

function toldOf({ record, decision, mends = false }: Decided): Told {
  switch (decision.outcome) {
    case 'accepted':
      return { state: 'queued', result: decision.result, ...baseOf(record, decision, mends) };
    case 'unchanged':
      return { state: 'queued', result: decision.result, unchanged: true };
    default:
      return { state: 'unknown' };
  }
}

function tentativeAnswer({ record, decision, commit }: Decided, tip: Head, reason: string | null): Answer {
  const head = async (): Promise<Head> => tip;
  const { operation } = record;
  switch (decision.outcome) {
    case 'accepted':
      return { operation, outcome: acceptedOutcome(decision, commit), published: false, state: 'queued', head, reason };
    case 'proven': {
      const { v: version, n } = decision.event;
      const outcome: Outcome = { outcome: 'accepted', version, commit, result: { event: n }, record: decision.event };
      return { operation, outcome, published: true, state: 'published', head, reason };
    }
    default:
      return { operation, outcome: decision, published: null, state: 'none', head, reason };
  }
}

/**
 * The text that a tentative write replaces, published or of this queue: what was changed in it is merged where it must be. Or the
 * one that is deleted: no other one is.
 */
function baseOf(
  record: QueueRecord,
  decision: Accepted,
  unreadable: boolean,
): Pick<Extract<Told, { state: 'queued' }>, 'base'> {
  const { kind } = record.operation;
  if (kind !== 'knowledge.write' && kind !== 'knowledge.delete') return {};
  const change = decision.changes.find(({ collection }) => collection === 'knowledge');
  if (change?.collection !== 'knowledge') return {};
  return { base: { content: change.before?.content ?? '', ...(unreadable && { unreadable }) } };
}

/** 4. The upstream says no to these: they are not kept, and the caller hears the server's words. */
async function tellRefused(
  { view, branch }: PublisherPorts,
  records: readonly QueueRecord[],
  reason: string,
): Promise<Answer[]> {
  const head = (): Promise<Head> => view.head();
  const outcome = refusedByUpstream(reason, branch);
  return records.map(({ operation }) => ({ operation, outcome, published: null, state: 'none', head, reason }));
}
