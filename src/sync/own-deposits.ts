/**
 * One's own deposits: where they are marked, and how to be certain that one is not carried in any more.
 *
 * Carriers remove a deposit in the push that carries it. So what the upstream let us remove was not carried, and cannot be. What it
 * does not have any more was either carried, and is in the head that it has now, or never will be.
 */
import type { GitStore, Oid } from '../git/store.ts';
import type { PushOutcome, Transport } from '../git/transport.ts';
import { makeDeposit } from './deposit.ts';
import type { Head } from './head.ts';
import type { Chance, Clock, Committer } from './ports.ts';
import { findProofs } from './proof.ts';
import { type DepositMark, type Queue, type QueueRecord, sentLapsesMs, type Taking, type Unit } from './queue.ts';
import type { Deposits } from './upstream-view.ts';

export interface DepositPorts {
  readonly store: GitStore;
  readonly transport: Transport;
  readonly queue: Queue;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly committer: () => Promise<Committer>;
}

/** `unmade`: nothing could be deposited. `lapsed`: others may decide these operations now. */
export type Deposited = PushOutcome | { readonly outcome: 'unmade' | 'lapsed' };

export class OwnDeposits {
  readonly #ports: DepositPorts;
  readonly #taking: Taking;
  readonly #marks = new Map<string, DepositMark>();

  constructor(ports: DepositPorts, taking: Taking) {
    this.#ports = ports;
    this.#taking = taking;
    const known = furthest(taking.records);
    for (const { operation, deposit = null } of taking.records)
      if (deposit !== null) this.#marks.set(operation.id, known.get(deposit.name) ?? deposit);
  }

  markOf({ operation }: QueueRecord): DepositMark | null {
    return this.#marks.get(operation.id) ?? null;
  }

  get names(): Set<string> {
    return new Set([...this.#marks.values()].map(({ name }) => name));
  }

  /** What is seen there has arrived. */
  see(deposits: Deposits): void {
    for (const [id, mark] of this.#marks)
      if (mark.state === 'sent' && deposits.get(mark.name) === mark.oid)
        this.#marks.set(id, { ...mark, state: 'there' });
  }

  /** Those that have arrived, as far as is known. */
  get there(): Map<string, Oid> {
    const marks = [...this.#marks.values()].filter(({ state }) => state === 'there');
    return new Map(marks.map(({ name, oid }) => [name, oid as Oid]));
  }

  /**
   * Our own deposits, of these and of those that have arrived: they go with the push that makes them needless. Some upstreams do not
   * show what they hold.
   */
  among(deposits: Deposits): Map<string, Oid> {
    const listed = [...this.#marks.values()].filter(
      ({ name, oid, state }) => state === 'there' || (state === 'sent' && deposits.get(name) === oid),
    );
    return new Map(listed.map(({ name, oid }) => [name, oid as Oid]));
  }

  /** Which units were carried in, which wait for that in the inbox, and which are neither there nor may be laid there. */
  async fates(units: readonly Unit[], head: Head, inbox: Deposits | null) {
    const records = units.flatMap((unit) => unit.records);
    const ids = new Set(records.map(({ operation }) => operation.id));
    const proofs = await findProofs(this.#ports.store, head, ids, Math.min(...records.map(({ base }) => base)));
    const isThere = (mark: DepositMark | null): boolean =>
      mark !== null && mark.state !== 'gone' && (inbox === null || inbox.has(mark.name));
    const isCarried = (unit: Unit): boolean => unit.records.some(({ operation }) => proofs.has(operation.id));
    const isWaiting = (unit: Unit): boolean => unit.records.every((record) => isThere(this.markOf(record)));
    const carried = units.filter(isCarried);
    const waiting = units.filter((unit) => !isCarried(unit) && isWaiting(unit));
    const others = units.filter((unit) => !carried.includes(unit) && !waiting.includes(unit) && !this.mayDeposit(unit));
    return { carried, waiting, others };
  }

  /** Only what nobody was told anything of may be decided elsewhere, and only while somebody waits for it. */
  mayDeposit({ records }: Unit): boolean {
    const { queue } = this.#ports;
    return records.every(
      (record) =>
        record.told === null &&
        record.sent === null &&
        this.markOf(record) === null &&
        record.operation.kind !== 'board.init' &&
        queue.liveness(record.owner) !== 'dead',
    );
  }

  async deposit(board: string, units: readonly Unit[], timeoutMs: number): Promise<Deposited> {
    const { store, transport, clock, chance, committer } = this.#ports;
    const at = clock.now();
    const made =
      board === '' || units.length === 0 ? null : makeDeposit(store, { board, at, units }, await committer());
    if (made === null || transport.deposit === undefined) return { outcome: 'unmade' };
    const { oid, objects } = made;
    const records = units.flatMap((unit) => unit.records);
    const mark: DepositMark = { name: chance.id(), oid, at, state: 'sent' };
    await store.writeObjects(objects);
    // From here on it may come in, whatever becomes of this process.
    if (!(await this.#mark(records, mark))) {
      await this.#mark(records, null);
      return { outcome: 'lapsed' };
    }
    const deposited = await transport.deposit(mark.name, oid, { objects, timeoutMs });
    if (deposited.outcome === 'taken') await this.#mark(records, { ...mark, state: 'there' });
    else if (deposited.outcome !== 'unknown') await this.#mark(records, null);
    return deposited;
  }

  /** The upstream said that it does not have these. One that may still be on its way there proves nothing by that. */
  async noteAbsent(names: readonly string[] = []): Promise<void> {
    for (const name of names) {
      const records = this.#taking.records.filter((record) => this.markOf(record)?.name === name);
      const mark = [...this.#marks.values()].find((each) => each.name === name);
      if (mark === undefined || mark.state === 'gone') continue;
      const hasArrived = mark.state === 'there' || this.#isOld(mark);
      if (hasArrived) await this.#mark(records, { ...mark, state: 'gone' });
    }
  }

  /** What must be removed for certainty about these; those that are gone are not among them. */
  toRemove(records: readonly QueueRecord[]): Map<string, Oid> {
    const marks = records.flatMap((record) => this.markOf(record) ?? []);
    return new Map(marks.filter(({ state }) => state !== 'gone').map(({ name, oid }) => [name, oid as Oid]));
  }

  /** Whether an upstream that refuses to remove it, from anybody, has had it for longer than any push lives. */
  isOver(record: QueueRecord): boolean {
    const mark = this.markOf(record);
    return mark === null || this.#isOld(mark);
  }

  /** They cannot be carried in any more, nor can what was deposited together with them. */
  async clear(records: readonly QueueRecord[]): Promise<void> {
    const names = new Set(records.map((record) => this.markOf(record)?.name));
    await this.#mark(
      this.#taking.records.filter((record) => names.has(this.markOf(record)?.name ?? '')),
      null,
    );
  }

  #isOld({ at }: DepositMark): boolean {
    return Math.abs(this.#ports.clock.now() - at) >= sentLapsesMs;
  }

  async #mark(records: readonly QueueRecord[], mark: DepositMark | null): Promise<boolean> {
    if (records.length === 0) return true;
    for (const { operation } of records) {
      if (mark === null) this.#marks.delete(operation.id);
      else this.#marks.set(operation.id, mark);
    }
    return this.#taking.mark(new Map(records.map(({ operation }) => [operation.id, mark])));
  }
}

const states: readonly DepositMark['state'][] = ['sent', 'there', 'gone'];

/**
 * The marks by deposit. Its operations lie in several files: of whoever was killed while it marked them, some say less than others, and
 * what is known of one is true of all.
 */
function furthest(records: readonly QueueRecord[]): Map<string, DepositMark> {
  const marks = new Map<string, DepositMark>();
  for (const { deposit = null } of records) {
    if (deposit === null) continue;
    const before = marks.get(deposit.name);
    if (before === undefined || states.indexOf(deposit.state) > states.indexOf(before.state))
      marks.set(deposit.name, deposit);
  }
  return marks;
}
