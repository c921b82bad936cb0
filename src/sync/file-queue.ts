/**
 * The queue as files in the store: `queue/<order>-<operation id>.json` for records that were asked together, and beside it
 * `outcomes/`, `takings/` and `rejected/`, by operation or taking.
 *
 * Files appear by rename; what must survive a power cut, after an fsync: what somebody was told rests on it. `queue.lock` is held by
 * whoever changes something.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { fsyncFolder, removeFile, removeTemporaries, writeFileAtomically } from '../git/atomic-file.ts';
import { errorCodeOf, toIoError } from '../git/durable-files.ts';
import { machineExclusion } from './machine-exclusion.ts';
import { type Outcome, type Owner, type QueueRecord, type RejectedRecord, unitIdOf } from './queue.ts';
import type { QueueStorage, TakingRecord } from './stored-queue.ts';

/** How long a change waits for another process's. */
const lockTimeoutMs = 10_000;
/** A writer needs its temporary file for milliseconds. */
const temporaryMs = 600_000;

export function openFileQueueStorage(folder: string): QueueStorage {
  return new FileQueueStorage(folder);
}

interface Waiting {
  readonly records: readonly QueueRecord[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

class FileQueueStorage implements QueueStorage {
  readonly #folders: Readonly<Record<'queue' | 'outcomes' | 'takings' | 'rejected', string>>;
  readonly #lock;
  /** The file of each operation that this process has seen. */
  readonly #fileOf = new Map<string, string>();
  #waiting: Waiting[] = [];
  #isAdding = false;
  #isSwept = false;

  constructor(folder: string) {
    const below = (name: string): string => path.join(folder, name);
    this.#folders = {
      queue: below('queue'),
      outcomes: below('outcomes'),
      takings: below('takings'),
      rejected: below('rejected'),
    };
    this.#lock = machineExclusion(below('queue.lock'));
  }

  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    const lock = await this.#lock.take(lockTimeoutMs);
    try {
      await this.#sweep();
      return await work();
    } finally {
      await lock.release();
    }
  }

  /** Once in a process: what those that were killed left half written. */
  async #sweep(): Promise<void> {
    if (this.#isSwept) return;
    this.#isSwept = true;
    for (const folder of Object.values(this.#folders)) await removeTemporaries(folder, temporaryMs);
  }

  /** Those that are asked while others are being written share the next file. */
  add(records: readonly QueueRecord[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ records, resolve, reject });
      if (!this.#isAdding) void this.#addWaiting();
    });
  }

  async #addWaiting(): Promise<void> {
    this.#isAdding = true;
    await Promise.resolve(); // whoever asks in this turn comes along
    while (this.#waiting.length > 0) {
      const together = this.#waiting;
      this.#waiting = [];
      try {
        await this.#addFile(together.flatMap(({ records }) => records));
        for (const { resolve } of together) resolve();
      } catch (error) {
        for (const { reject } of together) reject(error);
      }
    }
    this.#isAdding = false;
  }

  async #addFile(records: readonly QueueRecord[]): Promise<void> {
    const [first] = records;
    if (first === undefined) return;
    await makeDurableFolder(this.#folders.queue);
    const file = path.join(this.#folders.queue, `${first.order}-${first.operation.id}.json`);
    try {
      await writeFileAtomically(file, encode(records), { isDurable: false });
    } catch (error) {
      // It may be there all the same; whoever hears an error must not have it published later.
      await removeFile(file).catch(() => undefined);
      throw error;
    }
    for (const record of records) this.#fileOf.set(record.operation.id, file);
  }

  async records(): Promise<QueueRecord[]> {
    const outcomes = new Map<string, Outcome>();
    for (const file of listJson(this.#folders.outcomes))
      for (const [id, outcome] of Object.entries(readJson<Record<string, Outcome>>(file) ?? {}))
        outcomes.set(id, outcome);
    const records = listJson(this.#folders.queue).flatMap((file) => this.#readFile(file));
    return records.map((record) => ({ ...record, outcome: outcomes.get(record.operation.id) ?? null }));
  }

  async record(id: string): Promise<QueueRecord | null> {
    const record = [...this.#locate([id]).values()].flat().find(({ operation }) => operation.id === id);
    if (record === undefined) return null;
    const outcomes = readJson<Record<string, Outcome>>(this.#outcomesFile(unitIdOf(record.operation)));
    return { ...record, outcome: outcomes?.[id] ?? null };
  }

  newestOrder(): string | null {
    const file = listJson(this.#folders.queue).at(-1);
    return file === undefined ? null : path.basename(file);
  }

  async put(records: readonly QueueRecord[]): Promise<void> {
    const changed = new Map(records.map((record) => [record.operation.id, record]));
    const ids = [...changed.keys()];
    await this.#rewrite(ids, (present) => present.map((record) => changed.get(record.operation.id) ?? record));
  }

  async remove(ids: readonly string[], options: { readonly isDurable: boolean }): Promise<void> {
    const gone = new Set(ids);
    const units = new Set<string>();
    const withoutThem = (present: QueueRecord[]): QueueRecord[] => {
      for (const { operation } of present) if (gone.has(operation.id)) units.add(unitIdOf(operation));
      return present.filter(({ operation }) => !gone.has(operation.id));
    };
    await this.#rewrite(ids, withoutThem, options);
    for (const id of ids) this.#fileOf.delete(id);
    // Without the record it means nothing any more, so that it may come back after a power cut. Mostly there is none.
    const files = [...units].map((unit) => this.#outcomesFile(unit));
    const there = new Set(files.length > 1 ? listJson(this.#folders.outcomes) : files);
    for (const file of files) if (there.has(file)) await removeFile(file, { isDurable: false });
  }

  async putOutcomes(unit: string, outcomes: ReadonlyMap<string, Outcome>): Promise<void> {
    makeFolder(this.#folders.outcomes);
    await writeFileAtomically(this.#outcomesFile(unit), encode(Object.fromEntries(outcomes)), { isDurable: false });
  }

  async removeOutcomes(unit: string): Promise<void> {
    await removeFile(this.#outcomesFile(unit));
  }

  hasOutcome(unit: string): boolean {
    return isThere(this.#outcomesFile(unit));
  }

  async collectAlone(
    unit: string,
    ids: readonly string[],
    mustStayGone: (outcomes: readonly Outcome[]) => boolean,
  ): Promise<Map<string, Outcome> | null> {
    const file = this.#fileOf.get(ids[0] ?? '');
    const records = file === undefined ? [] : this.#readFile(file);
    const found = new Map(Object.entries(readJson<Record<string, Outcome>>(this.#outcomesFile(unit)) ?? {}));
    const isAlone = records.length === ids.length && records.every(({ operation }) => ids.includes(operation.id));
    if (file === undefined || !isAlone || !ids.every((id) => found.has(id))) return null;
    // The record first: without its outcome it would be decided again.
    await removeFile(file, { isDurable: mustStayGone([...found.values()]) });
    await removeFile(this.#outcomesFile(unit), { isDurable: false });
    for (const id of ids) this.#fileOf.delete(id);
    return found;
  }

  async takings(): Promise<TakingRecord[]> {
    const isTaking = ({ operations, owner }: Partial<TakingRecord>) => Array.isArray(operations) && isOwner(owner);
    return readAll<TakingRecord>(this.#folders.takings, isTaking);
  }

  async putTaking(taking: TakingRecord): Promise<void> {
    makeFolder(this.#folders.takings);
    const file = this.#takingFile(taking.id);
    try {
      await writeFileAtomically(file, encode(taking), { isDurable: false });
    } catch (error) {
      await removeFile(file, { isDurable: false }).catch(() => undefined);
      throw error;
    }
  }

  async removeTaking(id: string): Promise<void> {
    await removeFile(this.#takingFile(id), { isDurable: false });
  }

  async putRejected(record: RejectedRecord): Promise<void> {
    await makeDurableFolder(this.#folders.rejected);
    await writeFileAtomically(this.#rejectedFile(record.operation.id), encode(record), { isDurable: true });
  }

  async rejected(): Promise<RejectedRecord[]> {
    const isWhole = ({ operation }: Partial<RejectedRecord>) => typeof operation?.id === 'string';
    return readAll<RejectedRecord>(this.#folders.rejected, isWhole);
  }

  isRejected(id: string): boolean {
    return isThere(this.#rejectedFile(id));
  }

  async removeRejected(ids: readonly string[]): Promise<void> {
    for (const id of ids) await removeFile(this.#rejectedFile(id));
  }

  async #rewrite(
    ids: readonly string[],
    change: (present: QueueRecord[]) => QueueRecord[],
    { isDurable }: { readonly isDurable: boolean } = { isDurable: true },
  ): Promise<void> {
    for (const [file, present] of this.#locate(ids)) {
      const changed = change(present);
      if (changed.length === 0) await removeFile(file, { isDurable });
      // Synced in any case: what stays was promised, and a file that replaces a durable one unsynced may come back empty.
      else await writeFileAtomically(file, encode(changed.map((record) => ({ ...record, outcome: null }))));
    }
  }

  /** The files that hold these now, with all that is in them: another process may have moved what was seen elsewhere before. */
  #locate(ids: readonly string[]): Map<string, QueueRecord[]> {
    const wanted = new Set(ids);
    const found = new Map<string, QueueRecord[]>();
    const read = (file: string): void => {
      const records = this.#readFile(file);
      const there = records.filter(({ operation }) => wanted.delete(operation.id));
      if (there.length > 0) found.set(file, records);
    };
    for (const file of new Set(ids.map((id) => this.#fileOf.get(id)))) if (file !== undefined) read(file);
    if (wanted.size > 0) for (const file of listJson(this.#folders.queue)) if (!found.has(file)) read(file);
    return found;
  }

  #readFile(file: string): QueueRecord[] {
    const found = readJson<QueueRecord[]>(file);
    const records = Array.isArray(found) && found.every(isRecord) ? found : [];
    for (const { operation } of records) this.#fileOf.set(operation.id, file);
    return records;
  }

  #outcomesFile(unit: string): string {
    return path.join(this.#folders.outcomes, `${unit}.json`);
  }

  #takingFile(id: string): string {
    return path.join(this.#folders.takings, `${id}.json`);
  }

  #rejectedFile(id: string): string {
    return path.join(this.#folders.rejected, `${id}.json`);
  }
}

/** As much as is needed to handle it. A file that somebody else wrote is left where it is, whole. */
function isRecord(record: Partial<QueueRecord> | null): boolean {
  return typeof record?.operation?.id === 'string' && typeof record.order === 'string' && isOwner(record.owner);
}

function isOwner(owner: Partial<Owner> | undefined): boolean {
  return typeof owner?.session === 'string';
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`);
}

/** The finished files of a folder, by name; none when there is no folder. @throws OrcError `io` */
function listJson(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return [];
    throw toIoError(`list ${folder}`, error);
  }
  return names
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => path.join(folder, name));
}

function isThere(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    throw toIoError(`read ${file}`, error);
  }
}

function readAll<T>(folder: string, isWhole: (value: Partial<T>) => boolean): T[] {
  return listJson(folder).flatMap((file) => {
    const value = readJson<T>(file);
    return value !== null && isWhole(value) ? [value] : [];
  });
}

/** What is synced in it later is durable only where its own name is. */
async function makeDurableFolder(folder: string): Promise<void> {
  if (makeFolder(folder)) await fsyncFolder(path.dirname(folder));
}

/** No bytes, or zeros in their place, are what power cuts leave of a file that was not synced: there is nothing in it to keep. */
function removeTorn(file: string): void {
  try {
    const isEmpty = readFileSync(file).every((byte) => byte === 0);
    if (isEmpty && Date.now() - statSync(file).mtimeMs > temporaryMs) rmSync(file, { force: true });
  } catch {
    // Gone meanwhile, or not ours to remove.
  }
}

/** Whether there was none. */
function makeFolder(folder: string): boolean {
  try {
    return mkdirSync(folder, { recursive: true }) !== undefined;
  } catch (error) {
    throw toIoError(`make ${folder}`, error);
  }
}

/** `null`: gone since it was listed, or no JSON: then nobody can say what it asked for. @throws OrcError `io` */
function readJson<T>(file: string): T | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch (error) {
    if (error instanceof SyntaxError) removeTorn(file);
    if (error instanceof SyntaxError || errorCodeOf(error) === 'ENOENT') return null;
    throw toIoError(`read ${file}`, error);
  }
}
