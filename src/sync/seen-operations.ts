/**
 * The ids of operations that are in: the newest part of the event log, and as much more of it as somebody's base asks for.
 *
 * An honest operation is not older than its base. Who lies about that, too, gets an id of long ago in a second time: that
 * far nobody looks, for the whole log of a large board takes longer to read than all the rest. What compacting took off the log
 * stands in the commits.
 */
import type { Oid } from '../git/store.ts';
import { type Head, listSegments } from './head.ts';
import { readKeptFile, writeKeptFile } from './kept-file.ts';
import { type LineReader, walkLine } from './line.ts';

/** Segments that are looked through whatever the base says, beside the newest one. */
const always = 8;
/** As `JSON.stringify` ends a line of orc's: texts within it have their quotes escaped, and imported lines have no id. */
const ownId = /"op":"([A-Za-z0-9._-]+)"\}$/gm;

/** As orc's lines begin, unless an agent's own field is a number: JavaScript puts those first, and then the next line tells. */
const ownVersion = /^\{"n":\d+,"v":(\d+)/m;

/** What was found in segments that are full, by their blobs: they do not change any more. A cache. */
export interface KeptIds {
  recall(): ReadonlyMap<Oid, SegmentIds>;
  keep(found: ReadonlyMap<Oid, SegmentIds>): Promise<void>;
}

export interface SegmentIds {
  /** The version of its first event; the highest there is where none has one. */
  readonly since: number;
  /** The ids, with a blank before and after each. */
  readonly ids: string;
}

export class SeenOperations {
  readonly #reader: LineReader;
  readonly #head: Head;
  readonly #kept: KeptIds | undefined;
  /** Of the newest segment, and of what was judged. */
  readonly #ids = new Set<string>();
  readonly #segments = new Map<Oid, SegmentIds>();
  /** Not read yet, the newest last. */
  #older: { oid: Oid }[] | null = null;
  /** The log does not begin with the board: it was compacted. */
  #isThinned = false;
  /** The version before which nothing was read. */
  #since = Number.POSITIVE_INFINITY;
  #hasRead = false;

  /** `head`: what stood before the commits that are judged. */
  constructor(reader: LineReader, head: Head, kept?: KeptIds) {
    this.#reader = reader;
    this.#head = head;
    this.#kept = kept;
  }

  add(id: string): void {
    this.#ids.add(id);
  }

  /** Whether it is in since that version, or among the newest. */
  async has(id: string, since: number): Promise<boolean> {
    if (this.#older === null) {
      const { tree, tail } = this.#head;
      const newest = idsIn(tail.text);
      for (const each of newest.ids.split(' ')) this.#ids.add(each);
      this.#since = newest.since;
      const segments = await listSegments(this.#reader, tree);
      this.#older = segments.filter(({ first }) => first < tail.first);
      this.#isThinned = (segments[0]?.first ?? 1) > 1;
      await this.#readMore(always);
    }
    while (this.#older.length > 0 && this.#since > since && !this.#knows(id)) await this.#readMore(always);
    if (this.#isThinned && this.#since > since + 1 && !this.#knows(id)) await this.#readCommits(since);
    return this.#knows(id);
  }

  /** Leaves what was read for the next push, where it had to be read. */
  async keep(): Promise<void> {
    if (this.#hasRead) await this.#kept?.keep(new Map([...this.#segments].slice(0, always)));
  }

  #knows(id: string): boolean {
    return this.#ids.has(id) || [...this.#segments.values()].some(({ ids }) => ids.includes(` ${id} `));
  }

  async #readCommits(since: number): Promise<void> {
    for await (const { trailers } of walkLine(this.#reader, this.#head.commit)) {
      if (trailers === null) continue;
      if (trailers.version <= since) break;
      this.#ids.add(trailers.op.id);
    }
    this.#since = since;
  }

  async #readMore(count: number): Promise<void> {
    const segments = (this.#older ?? []).splice(-count).reverse();
    if (segments.length === 0) return;
    const kept = this.#segments.size === 0 ? this.#kept?.recall() : undefined;
    const rest = segments.filter(({ oid }) => kept?.has(oid) !== true);
    const objects = rest.length === 0 ? null : await this.#reader.readObjects(rest.map(({ oid }) => oid));
    if (objects !== null && kept !== undefined) this.#hasRead = true;
    for (const { oid } of segments) {
      const found = kept?.get(oid) ?? idsIn(new TextDecoder().decode(objects?.get(oid)?.bytes));
      this.#segments.set(oid, found);
      this.#since = Math.min(this.#since, found.since);
    }
  }
}

function idsIn(text: string): SegmentIds {
  const ids = Array.from(text.matchAll(ownId), ([, id]) => id);
  const first = ownVersion.exec(text)?.[1];
  return { since: first === undefined ? Number.MAX_SAFE_INTEGER : Number(first), ids: ` ${ids.join(' ')} ` };
}

/** Grows when what is kept takes another shape, or is found otherwise. */
const keptForm = 2;

interface KeptFile {
  readonly form: number;
  readonly segments: [Oid, SegmentIds][];
}

/** @param like as of `writeKeptFile` */
export function fileIds(file: string, like: string): KeptIds {
  return {
    recall() {
      try {
        const content = readKeptFile(file);
        const kept = content === null ? null : (JSON.parse(content.toString()) as KeptFile);
        return new Map(kept?.form === keptForm ? kept.segments : []);
      } catch {
        return new Map();
      }
    },
    keep: (found) =>
      writeKeptFile(file, JSON.stringify({ form: keptForm, segments: [...found] } satisfies KeptFile), like),
  };
}
