/**
 * The queue's rules, over whatever keeps its records: who may take which, who is told what, and when a record goes.
 *
 * Everything that looks first and then changes does so while holding the storage exclusively: a caller that is told at its
 * deadline and a publisher that takes or settles the same record can not miss one another.
 */
import type { Operation } from '../core/operation.ts';
import {
  type DepositMark,
  isOpen,
  type Liveness,
  type Outcome,
  type Owner,
  type Queue,
  type QueueRecord,
  type RejectedRecord,
  type Sent,
  type Settled,
  type Taking,
  type TellResult,
  type Told,
  takingLapsesMs,
  unitIdOf,
} from './queue.ts';

/** Which records a publisher has in hand. */
export interface TakingRecord {
  readonly id: string;
  readonly owner: Owner;
  /** ms since the epoch. */
  readonly at: number;
  readonly operations: readonly string[];
  readonly pushing: Sent | null;
}

/** Where the records are kept. But for `add` and the reading, everything is called from within `exclusively`. */
export interface QueueStorage {
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** Whole or not at all. A power cut may take back what was not `put` since: it ends the process that waits for it, untold. */
  add(records: readonly QueueRecord[]): Promise<void>;
  /** In no particular order, with their outcomes. */
  records(): Promise<QueueRecord[]>;
  record(id: string): Promise<QueueRecord | null>;
  /** As of `Queue`. */
  newestOrder(): string | null;
  /** Replaces records; durable. */
  put(records: readonly QueueRecord[]): Promise<void>;
  /** With their outcomes. `isDurable: false`: a power cut may bring them back. */
  remove(ids: readonly string[], options: { readonly isDurable: boolean }): Promise<void>;
  /**
   * By operation, those of a unit together. Not durable, nor is what is done about takings: a power cut ends all processes that
   * they matter to.
   */
  putOutcomes(unit: string, outcomes: ReadonlyMap<string, Outcome>): Promise<void>;
  /** Cheap, since it is asked again and again. */
  hasOutcome(unit: string): boolean;
  /** Durably: what it belongs to is asked anew. */
  removeOutcomes(unit: string): Promise<void>;
  /**
   * The outcomes of a whole unit, which goes with that, where nothing else lies with it: then nobody but its owner changes it,
   * and no exclusion is needed. `null`: not so simple.
   */
  collectAlone?(
    unit: string,
    ids: readonly string[],
    mustStayGone: (outcomes: readonly Outcome[]) => boolean,
  ): Promise<Map<string, Outcome> | null>;
  takings(): Promise<TakingRecord[]>;
  putTaking(taking: TakingRecord): Promise<void>;
  removeTaking(id: string): Promise<void>;
  /** Durable. */
  putRejected(record: RejectedRecord): Promise<void>;
  rejected(): Promise<RejectedRecord[]>;
  isRejected(id: string): boolean;
  removeRejected(ids: readonly string[]): Promise<void>;
}

export interface QueueOptions {
  readonly storage: QueueStorage;
  /** Who takes. */
  readonly owner: Owner;
  readonly liveness: (owner: Owner) => Liveness;
  /** ms since the epoch. */
  readonly now: () => number;
}

export function createQueue(options: QueueOptions): Queue {
  return new StoredQueue(options);
}

class StoredQueue implements Queue {
  readonly liveness: (owner: Owner) => Liveness;
  readonly #options: QueueOptions;
  readonly #storage: QueueStorage;
  #count = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#storage = options.storage;
    this.liveness = options.liveness;
  }

  async add(records: readonly QueueRecord[]): Promise<void> {
    if (records.length > 0) await this.#storage.add(records);
  }

  addOnce(records: readonly QueueRecord[]): Promise<boolean> {
    return this.#storage.exclusively(async () => {
      // What is rejected already would be cleared away with that, and never decided.
      const isKnown = records.some((record) => this.#storage.isRejected(idOf(record)));
      if (isKnown || (await this.#find(records.map(idOf))).length > 0) return false;
      // Left by a process that was killed when it had removed the record: it must not answer for the new one.
      const units = new Set(records.map(({ operation }) => unitIdOf(operation)));
      for (const unit of units) if (this.#storage.hasOutcome(unit)) await this.#storage.removeOutcomes(unit);
      await this.add(records);
      return true;
    });
  }

  async list(): Promise<QueueRecord[]> {
    return (await this.#storage.records()).sort(byOrder);
  }

  async get(id: string): Promise<QueueRecord | null> {
    return this.#storage.record(id);
  }

  newestOrder(): string | null {
    return this.#storage.newestOrder();
  }

  take(select: (open: readonly QueueRecord[]) => readonly QueueRecord[]): Promise<Taking> {
    const storage = this.#storage;
    const { owner, now } = this.#options;
    return storage.exclusively(async () => {
      const taken = await this.#dropLapsed();
      const records = await this.list();
      const gone = await this.#clearAway(records);
      const open = records.filter(
        (record) => isOpen(record, this.liveness) && !taken.has(idOf(record)) && !gone.has(idOf(record)),
      );
      const chosen = select(open);
      const id = `${owner.session}-${this.#count++}`;
      const taking: TakingRecord = { id, owner, at: now(), operations: chosen.map(idOf), pushing: null };
      if (chosen.length > 0) await storage.putTaking(taking);
      return this.#taking(taking, chosen);
    });
  }

  async collect(operations: readonly Operation[]): Promise<Map<string, Outcome>> {
    const storage = this.#storage;
    const units = new Map<string, string[]>();
    for (const operation of operations) {
      const unit = unitIdOf(operation);
      if (storage.hasOutcome(unit)) units.set(unit, [...(units.get(unit) ?? []), operation.id]);
    }
    const outcomes = new Map<string, Outcome>();
    const there: string[] = [];
    for (const [unit, ids] of units) {
      const alone = (await storage.collectAlone?.(unit, ids, mustStayGone)) ?? null;
      if (alone === null) there.push(...ids);
      else for (const [id, outcome] of alone) outcomes.set(id, outcome);
    }
    if (there.length === 0) return outcomes;
    return storage.exclusively(async () => {
      const found = new Map<string, Outcome>();
      for (const { operation, outcome } of await this.#find(there))
        if (outcome !== null) found.set(operation.id, outcome);
      await storage.remove([...found.keys()], { isDurable: mustStayGone([...found.values()]) });
      return new Map([...outcomes, ...found]);
    });
  }

  tell(told: ReadonlyMap<string, Told>): Promise<TellResult> {
    const ids = [...told.keys()];
    return this.#unlessInHand(ids, async (records) => {
      await this.#storage.put(records.map((record) => ({ ...record, told: told.get(idOf(record)) as Told })));
    });
  }

  withdraw(ids: readonly string[]): Promise<TellResult> {
    return this.#unlessInHand(ids, async () => this.#storage.remove(ids, { isDurable: true }));
  }

  forget(ids: readonly string[]): Promise<void> {
    return this.#storage.exclusively(() => this.#storage.remove(ids, { isDurable: true }));
  }

  async reject(records: readonly RejectedRecord[]): Promise<void> {
    for (const record of records) await this.#storage.putRejected(record);
  }

  async listRejected(): Promise<RejectedRecord[]> {
    const place = ({ operation }: RejectedRecord): number => operation.batch?.k ?? 0;
    return (await this.#storage.rejected()).sort((a, b) => a.asked_at - b.asked_at || place(a) - place(b));
  }

  removeRejected(ids: readonly string[]): Promise<void> {
    return this.#storage.exclusively(async () => {
      // Whoever rejected them may have died before removing them from the queue: without this mark they would be decided again.
      await this.#clearAway(await this.list());
      await this.#storage.removeRejected(ids);
    });
  }

  /** Runs `work` if the records' fate is still open and in nobody's hand; else they are told as unknown, if they are not settled. */
  #unlessInHand(ids: readonly string[], work: (records: readonly QueueRecord[]) => Promise<void>): Promise<TellResult> {
    const storage = this.#storage;
    return storage.exclusively(async () => {
      const records = await this.#find(ids);
      if (
        records.length < ids.length ||
        records.some((record) => record.outcome !== null || storage.isRejected(idOf(record)))
      )
        return 'settled';
      const inHand = new Set((await storage.takings()).flatMap(({ operations }) => operations));
      if (records.some((record) => isOut(record) || inHand.has(idOf(record)))) {
        await storage.put(records.map((record) => ({ ...record, told: { state: 'unknown' } as const })));
        return 'sent';
      }
      await work(records);
      return 'done';
    });
  }

  /** Units that are settled, and that whoever settled them, or whoever was to hear it, did not live to remove. */
  async #clearAway(records: readonly QueueRecord[]): Promise<Set<string>> {
    const storage = this.#storage;
    const isRejected = (record: QueueRecord): boolean => storage.isRejected(idOf(record));
    const units = new Map<string, QueueRecord[]>();
    for (const record of records) {
      const unit = unitIdOf(record.operation);
      const others = units.get(unit);
      if (others === undefined) units.set(unit, [record]);
      else others.push(record);
    }
    const gone = new Set<string>();
    for (const unit of units.values()) {
      const isUnheard = unit.some(({ outcome, owner }) => outcome !== null && this.liveness(owner) === 'dead');
      // Decided again, what is rejected already might come out otherwise.
      const isCutShort = unit.some(isRejected);
      if (!isUnheard && !isCutShort) continue;
      const unlisted = unit.filter((record) => isCutShort && record.told !== null && !isRejected(record));
      for (const record of unlisted) await storage.putRejected(this.#rejectedRecord(record, restOfBatch));
      await storage.remove(unit.map(idOf), { isDurable: isCutShort });
      for (const record of unit) gone.add(idOf(record));
    }
    return gone;
  }

  #rejectedRecord({ operation, asked_at }: QueueRecord, refusal: RejectedRecord['refusal']): RejectedRecord {
    return { operation, asked_at, rejected_at: this.#options.now(), refusal };
  }

  /** What others have in hand. What a dead or stopped publisher was pushing may be in. */
  async #dropLapsed(): Promise<Set<string>> {
    const storage = this.#storage;
    const taken = new Set<string>();
    for (const taking of await storage.takings()) {
      const age = Math.abs(this.#options.now() - taking.at);
      const isOn = this.liveness(taking.owner) !== 'dead' && age < takingLapsesMs;
      if (isOn) for (const id of taking.operations) taken.add(id);
      else await this.#giveBack(taking);
    }
    return taken;
  }

  async #giveBack({ id: taking, operations, pushing }: TakingRecord): Promise<void> {
    const storage = this.#storage;
    if (pushing !== null) {
      const open = (await this.#find(operations)).filter(({ outcome }) => outcome === null);
      const sent = open.map((record) => ({ ...record, sent: pushing }));
      if (sent.length > 0) await storage.put(sent);
    }
    await storage.removeTaking(taking);
  }

  #taking(begun: TakingRecord, records: readonly QueueRecord[]): Taking {
    const storage = this.#storage;
    const find = async (): Promise<TakingRecord | undefined> =>
      (await storage.takings()).find(({ id }) => id === begun.id);
    let isOver = records.length === 0;
    let isPushing = false;
    return {
      records,
      pushing: async (head) => {
        isPushing = true;
        return storage.exclusively(async () => {
          const present = await find();
          if (present === undefined) return false;
          await storage.putTaking({ ...present, pushing: { head: head ?? '', at: this.#options.now() } });
          return true;
        });
      },
      cleared: () => {
        isPushing = false;
      },
      mark: async (marks) =>
        storage.exclusively(async () => {
          const present = await find();
          const mine = new Set(present?.operations);
          const there = await this.#find([...marks.keys()].filter((id) => mine.has(id)));
          await storage.put(
            there.map((record) => ({ ...record, deposit: marks.get(idOf(record)) as DepositMark | null })),
          );
          return there.length === marks.size;
        }),
      settle: async (settled, isWaitedFor) => {
        if (settled.length === 0) return [];
        return storage.exclusively(async () => {
          const present = await find();
          if (present === undefined) return [];
          const mine = new Set(present.operations);
          const told = await this.#handOut(
            settled.filter(({ record }) => mine.has(idOf(record))),
            isWaitedFor,
          );
          for (const { record } of told) mine.delete(idOf(record));
          isOver = mine.size === 0;
          if (isOver) await storage.removeTaking(begun.id);
          else await storage.putTaking({ ...present, operations: [...mine] });
          return told;
        });
      },
      release: async () => {
        if (isOver) return;
        isOver = true;
        await storage.exclusively(async () => {
          const present = await find();
          if (present !== undefined) await this.#giveBack({ ...present, pushing: isPushing ? present.pushing : null });
        });
      },
    };
  }

  async #find(ids: readonly string[]): Promise<QueueRecord[]> {
    const wanted = new Set(ids);
    return (await this.#storage.records()).filter((record) => wanted.has(idOf(record)));
  }

  async #handOut(settled: readonly Settled[], isWaitedFor: (id: string) => boolean): Promise<Settled[]> {
    const storage = this.#storage;
    const told: Settled[] = [];
    const gone: Settled[] = [];
    const kept = new Map<string, Map<string, Outcome>>();
    // What their callers were told may have changed since they were taken.
    const outcomes = new Map(settled.map(({ record, outcome }) => [idOf(record), outcome]));
    for (const record of await this.#find([...outcomes.keys()])) {
      const id = idOf(record);
      const outcome = outcomes.get(id) as Outcome;
      const fate = { record, outcome };
      told.push(fate);
      if (!isWaitedFor(id) && record.told === null && this.liveness(record.owner) !== 'dead') {
        const unit = unitIdOf(record.operation);
        kept.set(unit, (kept.get(unit) ?? new Map<string, Outcome>()).set(id, outcome));
        continue;
      }
      // What was dropped for its owner's death may be asked again by its id.
      if (record.told !== null && outcome.outcome === 'refused' && outcome.code !== 'dropped')
        await storage.putRejected(this.#rejectedRecord(record, outcome));
      gone.push(fate);
    }
    for (const [unit, each] of kept) await storage.putOutcomes(unit, each);
    const isDurable = mustStayGone(gone.map(({ outcome }) => outcome));
    if (gone.length > 0)
      await storage.remove(
        gone.map(({ record }) => idOf(record)),
        { isDurable },
      );
    return told;
  }
}

/** It may come in without anybody here doing more for it. */
function isOut({ sent, deposit = null }: QueueRecord): boolean {
  return sent !== null || deposit !== null;
}

const restOfBatch: RejectedRecord['refusal'] = {
  outcome: 'refused',
  code: 'batch-refused',
  message: 'another line of its batch was refused',
};

/** An accepted operation that a power cut brings back is found in the event log; any other would be decided again. */
function mustStayGone(outcomes: readonly Outcome[]): boolean {
  return outcomes.some(({ outcome }) => outcome !== 'accepted');
}

const idOf = ({ operation }: QueueRecord): string => operation.id;

export function byOrder(a: QueueRecord, b: QueueRecord): number {
  return a.order < b.order ? -1 : a.order > b.order ? 1 : 0;
}
