/**
 * The queue as files in the store: `queue/<unit>.json` and `rejected/<operation id>.json`.
 *
 * A unit is one file, so that a batch appears whole or not at all. Files appear by rename, after an fsync.
 */
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { OrcError } from '../errors.ts';
import { removeFile, writeFileDurably } from '../git/atomic-file.ts';
import type { Liveness, Owner, Queue, QueueRecord, RejectedRecord } from './queue.ts';

export interface FileQueueOptions {
  readonly folder: string;
  /** Whether the process of a record still lives. */
  readonly liveness: (owner: Owner) => Liveness;
}

export async function openFileQueue({ folder, liveness }: FileQueueOptions): Promise<Queue> {
  const queueFolder = path.join(folder, 'queue');
  const rejectedFolder = path.join(folder, 'rejected');
  await mkdir(queueFolder, { recursive: true });
  return new FileQueue(queueFolder, rejectedFolder, liveness);
}

class FileQueue implements Queue {
  readonly #queueFolder: string;
  readonly #rejectedFolder: string;
  readonly liveness: (owner: Owner) => Liveness;
  /** File of each operation that this process has seen. */
  readonly #fileOf = new Map<string, string>();
  #changes: Promise<unknown> = Promise.resolve();

  constructor(queueFolder: string, rejectedFolder: string, liveness: (owner: Owner) => Liveness) {
    this.#queueFolder = queueFolder;
    this.#rejectedFolder = rejectedFolder;
    this.liveness = liveness;
  }

  async add(records: readonly QueueRecord[]): Promise<void> {
    const first = records[0];
    if (first === undefined) return;
    const file = path.join(this.#queueFolder, `${first.order}-${first.operation.batch?.id ?? first.operation.id}.json`);
    for (const record of records) this.#fileOf.set(record.operation.id, file);
    await writeFileDurably(file, encode(records));
  }

  async list(): Promise<QueueRecord[]> {
    const names = (await readdir(this.#queueFolder)).filter((name) => name.endsWith('.json')).sort();
    const units = await Promise.all(names.map((name) => this.#read(path.join(this.#queueFolder, name))));
    return units.flat();
  }

  async get(id: string): Promise<QueueRecord | null> {
    const known = this.#fileOf.get(id);
    if (known !== undefined) return (await this.#read(known)).find((record) => record.operation.id === id) ?? null;
    return (await this.list()).find((record) => record.operation.id === id) ?? null;
  }

  update(record: QueueRecord, isDurable: boolean): Promise<void> {
    return this.#inTurn(async () => {
      const file = await this.#findFile(record.operation.id);
      if (file === null) return;
      const records = await this.#read(file);
      const replaced = records.map((each) => (each.operation.id === record.operation.id ? record : each));
      if (records.length === 0) return;
      if (isDurable) await writeFileDurably(file, encode(replaced));
      else await replaceFile(file, encode(replaced));
    });
  }

  remove(ids: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      const gone = new Set(ids);
      const files = new Set<string>();
      for (const id of ids) {
        const file = await this.#findFile(id);
        if (file !== null) files.add(file);
        this.#fileOf.delete(id);
      }
      for (const file of files) {
        const left = (await this.#read(file)).filter((record) => !gone.has(record.operation.id));
        for (const { operation } of left) this.#fileOf.set(operation.id, file);
        if (left.length === 0) await removeFile(file);
        else await replaceFile(file, encode(left));
      }
    });
  }

  async reject(records: readonly RejectedRecord[]): Promise<void> {
    await mkdir(this.#rejectedFolder, { recursive: true });
    for (const record of records) await writeFileDurably(this.#rejectedFile(record.operation.id), encode(record));
  }

  async listRejected(): Promise<RejectedRecord[]> {
    const names = (await readdir(this.#rejectedFolder).catch(() => [])).filter((name) => name.endsWith('.json'));
    const records = await Promise.all(
      names.map((name) => readJson<RejectedRecord>(path.join(this.#rejectedFolder, name))),
    );
    return records.filter((record) => record !== null).sort((a, b) => a.asked_at - b.asked_at);
  }

  async removeRejected(ids: readonly string[]): Promise<void> {
    for (const id of ids) await removeFile(this.#rejectedFile(id));
  }

  #rejectedFile(id: string): string {
    return path.join(this.#rejectedFolder, `${id}.json`);
  }

  async #findFile(id: string): Promise<string | null> {
    const known = this.#fileOf.get(id);
    if (known !== undefined) return known;
    await this.list();
    return this.#fileOf.get(id) ?? null;
  }

  async #read(file: string): Promise<QueueRecord[]> {
    const records = (await readJson<QueueRecord[]>(file)) ?? [];
    for (const { operation } of records) this.#fileOf.set(operation.id, file);
    return records;
  }

  /** Read-modify-write of one file at a time within this process; between processes only a unit's owner and the publisher write. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#changes.then(work);
    this.#changes = result.catch(() => undefined);
    return result;
  }
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`);
}

async function replaceFile(file: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, file);
  } catch (cause) {
    throw new OrcError('io', `cannot write ${file}: ${(cause as Error).message}`, { cause });
  }
}

async function readJson<T>(file: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T;
  } catch {
    // Gone since it was listed, or unreadable: nobody can say what it asked for.
    return null;
  }
}
