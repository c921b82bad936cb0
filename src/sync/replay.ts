/**
 * Deciding operations on an upstream head, in order, one commit each.
 *
 * This is what happens the first time and at every replay: the operation is decided afresh, never its outcome carried
 * over. Commits are built in memory; nothing becomes visible here.
 */
import { apply } from '../core/apply.ts';
import { MissingArchive } from '../core/archive.ts';
import type { Board } from '../core/board.ts';
import type { Accepted, Context, Decision, Operation, Refusal } from '../core/operation.ts';
import { MissingClock, MissingPast, refuse } from '../core/operation.ts';
import type { BoardEvent } from '../core/records.ts';
import { MissingRecord } from '../core/shelf.ts';
import { chainTime } from '../core/time.ts';
import { encodeCommit } from '../git/objects.ts';
import type { GitStore, NewObject, Oid } from '../git/store.ts';
import { type ObjectHasher, overlayReader } from '../git/trees.ts';
import { faultInSettings } from '../layout/settings.ts';
import { readArchive } from './archive.ts';
import { asTold } from './as-told.ts';
import { formatCommitMessage } from './commit-message.ts';
import { authorOf, carryOut, type Draft } from './draft.ts';
import { type Head, provideRecord } from './head.ts';
import { findMutation } from './past.ts';
import type { Committer } from './ports.ts';
import { type Proofs, searchProofs } from './proof.ts';
import type { QueueRecord, Unit } from './queue.ts';

export interface ReplayOptions {
  readonly store: GitStore;
  readonly committer: Committer;
  /** The present time, ms since the epoch. */
  readonly now: number;
  /** Whether all who share the upstream are on this machine: then expiry needs no margin for clocks that differ. */
  readonly sharesClock: boolean;
  /** How far this machine's clock is off (`clockOff`). Asked only when somebody's time may be up. */
  readonly clockOff?: () => Promise<number | null>;
  /** Hears of each record that was decided: how many those are now, and of how many. */
  readonly onDecided?: (done: number, of: number) => void;
  /** Hears how much of the archive was read for it, and of how much. */
  readonly onArchiveRead?: (done: number, of: number) => void;
}

/** What became of one record on this head. `proven`: it is in already, as the event log says. */
export interface Decided {
  readonly record: QueueRecord;
  readonly decision: Decision | { readonly outcome: 'proven'; readonly event: BoardEvent };
  /** The commit built for it, when accepted. */
  readonly commit: Oid | null;
  /** It put a text in the place of one that could not be read. */
  readonly mends?: boolean;
}

export interface Replayed {
  /** The head with all accepted operations on top; the base itself when there are none. */
  readonly tip: Head;
  readonly decided: readonly Decided[];
  /** What must be written before the tip's commit means anything. */
  readonly objects: readonly NewObject[];
}

/** The head under construction. */
interface ReplayDraft extends Draft {
  /** What it is built on: published history. */
  readonly base: Oid | null;
}

export async function replay(base: Head, units: readonly Unit[], options: ReplayOptions): Promise<Replayed> {
  const { store } = options;
  const pending = new Map<Oid, NewObject>();
  const reader = overlayReader(store, pending);
  const committing = { ...options, reader, pending };
  const records = units.flatMap((unit) => unit.records);
  const { version } = base.read.board.meta;
  const suspects = records.filter((record) => record.sent !== null || version !== record.base);
  // A base above the head belongs to a history that was given up: then the whole log is looked through.
  const since = Math.min(...suspects.map((record) => (record.base > version ? 0 : record.base)));
  const ids = new Set(suspects.map(({ operation }) => operation.id));
  const search = await searchProofs(store, base, ids, since);
  const proofs = new Map(search.events);

  let draft: ReplayDraft = {
    base: base.commit,
    board: base.read.board.clone(),
    commit: base.commit,
    tree: base.tree,
    tail: base.tail,
  };
  const decided: Decided[] = [];
  const conflicted = new Set<unknown>();
  for (const unit of units) {
    const before = unit.records.length > 1 ? { ...draft, board: draft.board.clone() } : null;
    const outcome: Decided[] = [];
    const written = pending.size;
    // A batch is in whole or not at all: a line of it that is not in the log had nothing to do.
    const isIn = unit.records.some(({ operation }) => proofs.has(operation.id));
    for (const [index, record] of unit.records.entries()) {
      options.onDecided?.(decided.length + index, records.length);
      // Found upstream, or earlier in this very chain: the same operation asked twice is done once.
      const event = proofs.get(record.operation.id);
      if (event !== undefined) {
        outcome.push({ record, decision: { outcome: 'proven', event }, commit: null });
        continue;
      }
      if (isIn) {
        outcome.push({ record, decision: { outcome: 'unchanged', result: { value: null } }, commit: null });
        continue;
      }
      const decision =
        base.read.writeBlock ??
        outOfReach(record, search) ??
        superseded(record, conflicted) ??
        (await decideAsTold(draft, reader, record, options));
      if ('outcome' in decision && decision.outcome === 'accepted') {
        const mends = mendsTopic(draft.board, decision);
        await commit(draft, decision, record, committing);
        const own = decision.events.at(-1);
        if (own !== undefined) proofs.set(record.operation.id, own);
        outcome.push({ record, decision, commit: draft.commit, mends });
        continue;
      }
      outcome.push({
        record,
        decision: 'outcome' in decision ? decision : { outcome: 'refused', ...decision },
        commit: null,
      });
      if (decision !== base.read.writeBlock && 'outcome' in decision && decision.outcome === 'unchanged') continue;
      if (before !== null) break;
    }
    const failed = outcome.findIndex(({ decision }) => decision.outcome === 'refused');
    const isWithdrawn = before !== null && failed >= 0;
    const fates = isWithdrawn ? refuseWhole(unit, outcome, failed) : outcome;
    for (const { record, decision } of fates) {
      if (record.told !== null && decision.outcome === 'refused' && isTextLost(record.operation.kind, decision.code))
        conflicted.add(record.operation.args.topic);
    }
    if (isWithdrawn) {
      for (const { operation } of unit.records) proofs.delete(operation.id);
      draft = before;
      // A transport may send all of them.
      for (const oid of [...pending.keys()].slice(written)) pending.delete(oid);
    }
    decided.push(...fates);
  }
  const tip = draft.commit === base.commit ? base : headOf(base, draft);
  return { tip, decided, objects: [...pending.values()] };
}

/** Whether there is a file in the place of what is written, on the board as it was before, though no text was found in it. */
function mendsTopic(board: Board, { changes }: Accepted): boolean {
  return changes.some(
    ({ collection, key, before }) => collection === 'knowledge' && before === null && board.topics.has(key),
  );
}

/** Whether what was queued later on the same topic rests on a text that is not there; not so where somebody else had deleted it too. */
function isTextLost(kind: string, code: string): boolean {
  return kind !== 'knowledge.delete' || code !== 'not-found';
}

/** A queued text that was written on top of one that is refused now must not replace what is published either. */
function superseded({ operation, told }: QueueRecord, conflicted: ReadonlySet<unknown>): Refusal | null {
  const { topic } = operation.args;
  if (told === null || topic === undefined || !conflicted.has(topic)) return null;
  return refuse('conflict', `an earlier queued write of knowledge "${topic}" was refused`, '`orc rejected` lists them');
}

/**
 * The log was compacted, and does not reach back to when it was asked. What its caller was told rests on a board that is gone, and
 * whether it is in can no longer be told from the log: that is for its author to look at. Whom nobody told anything waits still, and
 * is decided as it was asked, unless it was sent and this store cannot tell what became of that.
 */
function outOfReach({ base, told, sent, deposit }: QueueRecord, { logBegins, isCertain }: Proofs): Refusal | null {
  if (base >= logBegins - 1) return null;
  const wasSent = sent !== null || (deposit ?? null) !== null || told?.state === 'unknown';
  const isUncertain = wasSent && !isCertain;
  if (told === null && !isUncertain) return null;
  const message = `the board was compacted since this was asked: that was at version ${base}, and the log begins with ${logBegins}`;
  const hint = isUncertain
    ? 'it may be in: look at the board before `orc rejected retry` asks for it again, or `orc rejected drop` forgets it'
    : 'it was not published: `orc rejected retry` asks for it again, `orc rejected drop` forgets it';
  return refuse('compacted', message, hint, { base, log_begins: logBegins, may_be_in: isUncertain });
}

async function decideAsTold(
  draft: ReplayDraft,
  reader: ObjectHasher,
  record: QueueRecord,
  options: ReplayOptions,
): Promise<Decision> {
  const { board } = draft;
  const told = await asTold(record, async (topic) => {
    try {
      return board.knowledge.get(topic) ?? null;
    } catch (error) {
      if (!(error instanceof MissingRecord)) throw error;
      await provideRecord(reader, draft.tree, board, error);
      return board.knowledge.get(topic) ?? null;
    }
  });
  return 'outcome' in told ? told : decide(draft, reader, told, options);
}

/** Decides one operation, loading the records that it asks for. */
async function decide(
  draft: ReplayDraft,
  reader: ObjectHasher,
  operation: Operation,
  options: ReplayOptions,
): Promise<Decision> {
  const { board } = draft;
  const clockSkewMs = options.sharesClock ? 0 : board.settings.clock_skew_ms;
  const at = chainTime(board.meta.updated_at, options.now, clockSkewMs);
  let past: Context['past'];
  let archive: Context['archive'];
  let clockOffMs: Context['clockOffMs'] = options.sharesClock || options.clockOff === undefined ? null : 'unknown';
  for (;;) {
    try {
      const decision = apply(board, operation, {
        at,
        version: board.meta.version + 1,
        clockSkewMs,
        clockOffMs,
        ...(past === undefined ? {} : { past }),
        ...(archive === undefined ? {} : { archive }),
      });
      const fault =
        decision.outcome === 'accepted' && decision.settingsText !== undefined
          ? await faultInSettings(decision.settingsText)
          : null;
      return fault === null ? decision : refuse('invalid-argument', `orc.yaml would not be readable: ${fault}`);
    } catch (error) {
      if (error instanceof MissingClock) clockOffMs = (await options.clockOff?.()) ?? null;
      else if (error instanceof MissingPast) past = await findMutation(options.store, draft.base, error.version);
      else if (error instanceof MissingRecord) await provideRecord(reader, draft.tree, board, error);
      else if (error instanceof MissingArchive)
        archive = await readArchive(reader, draft.tree, { format: board.meta.format, onRead: options.onArchiveRead });
      else throw error;
    }
  }
}

interface CommitOptions extends ReplayOptions {
  readonly reader: ObjectHasher;
  readonly pending: Map<Oid, NewObject>;
}

async function commit(
  draft: ReplayDraft,
  accepted: Accepted,
  record: QueueRecord,
  options: CommitOptions,
): Promise<void> {
  const { store, reader, pending, committer } = options;
  const { root, objects } = await carryOut(draft, accepted, reader);
  for (const object of objects) pending.set(object.oid, object);
  const hashText = (text: string): Oid => store.hashObject('blob', encoder.encode(text));
  const bytes = encodeCommit({
    tree: root,
    parents: draft.commit === null ? [] : [draft.commit],
    author: { ...authorOf(accepted.operation.agent, draft.board), at: accepted.at },
    committer: { ...committer, at: accepted.at },
    message: formatCommitMessage(accepted, record.base, hashText),
  });
  const oid = store.hashObject('commit', bytes);
  pending.set(oid, { type: 'commit', bytes, oid });
  draft.commit = oid;
}

/** One line of a batch was refused: so are the others, and nothing of it stays. */
function refuseWhole(unit: Unit, outcome: readonly Decided[], failed: number): Decided[] {
  const culprit = outcome[failed]?.decision as Refusal;
  return unit.records.map((record, index) => {
    if (index === failed) return { record, decision: culprit, commit: null };
    const message = `line ${failed + 1} of the batch was refused: ${culprit.message}`;
    return {
      record,
      decision: refuse('batch-refused', message, culprit.hint, { line: failed + 1, code: culprit.code }),
      commit: null,
    };
  });
}

function headOf(base: Head, draft: Draft): Head {
  return {
    commit: draft.commit,
    tree: draft.tree,
    read: { board: draft.board, faults: base.read.faults, writeBlock: base.read.writeBlock },
    tail: draft.tail,
  };
}

const encoder = new TextEncoder();
