/**
 * A collection of records that may be only partly in memory.
 *
 * A board with 100 000 closed tasks must not be read to claim one. So deciding an operation runs against what is
 * loaded; when it needs a record that is not, `MissingRecord` is thrown, the driver loads that record and decides
 * again. Deciding is pure, so running it twice does no harm.
 */

export type CollectionName =
  | 'workstreams'
  | 'tasks'
  | 'agents'
  | 'locks'
  | 'messages'
  | 'cycles'
  | 'knowledge'
  | 'files';

/**
 * "I need this record": caught by whoever can load it (`sync/head.ts`), never by an operation. A question and no error: most new tasks
 * ask it once, and the trace that an error takes would cost a fiftieth of all that they cost.
 */
export class MissingRecord {
  readonly collection: CollectionName;
  readonly key: string;
  /** `key`, and what will be asked for next: load them together, and deciding starts over once instead of many times. */
  readonly keys: readonly string[];

  constructor(collection: CollectionName, key: string, keys: readonly string[] = [key]) {
    this.collection = collection;
    this.key = key;
    this.keys = keys;
  }
}

export class Shelf<Value> {
  readonly collection: CollectionName;
  /** Whether keys that are not here do not exist. */
  readonly #complete: boolean;
  readonly #values: Map<string, Value>;
  readonly #absent: Set<string>;

  constructor(
    collection: CollectionName,
    complete: boolean,
    values?: Iterable<readonly [string, Value]>,
    absent?: Iterable<string>,
  ) {
    this.collection = collection;
    this.#complete = complete;
    this.#values = new Map(values);
    this.#absent = new Set(absent);
  }

  /** @throws MissingRecord when it may exist but is not loaded */
  get(key: string): Value | undefined {
    const value = this.#values.get(key);
    if (value !== undefined || this.#complete || this.#absent.has(key)) return value;
    throw new MissingRecord(this.collection, key);
  }

  /** @throws MissingRecord naming all of these keys that may exist but are not loaded */
  require(keys: Iterable<string>): void {
    if (this.#complete) return;
    const missing: string[] = [];
    for (const key of keys) if (!this.isLoaded(key)) missing.push(key);
    const [first] = missing;
    if (first !== undefined) throw new MissingRecord(this.collection, first, missing);
  }

  /** What is loaded, in the order of loading: it differs between machines, so nothing that is written may follow it. */
  loaded(): IterableIterator<Value> {
    return this.#values.values();
  }

  /** What is loaded, with its keys; in the order of loading. */
  entries(): IterableIterator<[string, Value]> {
    return this.#values.entries();
  }

  /** How many records are loaded. */
  get size(): number {
    return this.#values.size;
  }

  /** Whether everything that exists is here. */
  get isComplete(): boolean {
    return this.#complete;
  }

  isLoaded(key: string): boolean {
    return this.#complete || this.#values.has(key) || this.#absent.has(key);
  }

  /** Puts a record, or learns that there is none under this key. */
  set(key: string, value: Value | null): void {
    if (value === null) {
      this.#values.delete(key);
      if (!this.#complete) this.#absent.add(key);
      return;
    }
    this.#absent.delete(key);
    this.#values.set(key, value);
  }

  /** Makes a record unknown again: the branch has another version of it that is not loaded. */
  forget(key: string): void {
    this.#values.delete(key);
    this.#absent.delete(key);
  }

  /** `isComplete`: whether the copy, too, is to know all that exists. */
  clone(isComplete = this.#complete): Shelf<Value> {
    return new Shelf(this.collection, isComplete, this.#values, this.#absent);
  }
}
