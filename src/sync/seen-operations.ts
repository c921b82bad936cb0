/**
 * The ids of operations that are in: the newest part of the event log, and as much more of it as somebody's base asks for.
 *
 * An honest operation is not older than its base. Who lies about that, too, gets an id of long ago in a second time: that
 * far nobody looks, for the whole log of a large board takes longer to read than all the rest. What compacting took off the log
 * stands in the commits.
 */
import type { Oid } from '../git/store.ts';
import { type Head, listSegments } from './head.ts';
import { type LineReader, walkLine } from './line.ts';

/** Segments that are looked through whatever the base says, beside the newest one. */
const always = 8;
/** As `JSON.stringify` ends a line of orc's: texts within it have their quotes escaped, and imported lines have no id. */
const ownId = /"op":"([A-Za-z0-9._-]+)"\}$/gm;

export class SeenOperations {
  readonly #reader: LineReader;
  readonly #head: Head;
  readonly #ids = new Set<string>();
  /** Not read yet, the newest last. */
  #older: { oid: Oid }[] | null = null;
  /** The log does not begin with the board: it was compacted. */
  #isThinned = false;
  /** The version before which nothing was read. */
  #since = Number.POSITIVE_INFINITY;

  /** `head`: what stood before the commits that are judged. */
  constructor(reader: LineReader, head: Head) {
    this.#reader = reader;
    this.#head = head;
  }

  add(id: string): void {
    this.#ids.add(id);
  }

  /** Whether it is in since that version, or among the newest. */
  async has(id: string, since: number): Promise<boolean> {
    if (this.#older === null) {
      const { tree, tail } = this.#head;
      this.#take(tail.text);
      const segments = await listSegments(this.#reader, tree);
      this.#older = segments.filter(({ first }) => first < tail.first);
      this.#isThinned = (segments[0]?.first ?? 1) > 1;
      await this.#readMore(Math.min(always, this.#older.length));
    }
    while (this.#older.length > 0 && this.#since > since && !this.#ids.has(id)) await this.#readMore(always);
    if (this.#isThinned && this.#since > since + 1 && !this.#ids.has(id)) await this.#readCommits(since);
    return this.#ids.has(id);
  }

  async #readMore(count: number): Promise<void> {
    const segments = (this.#older ?? []).splice(-count);
    if (segments.length === 0) return;
    const objects = await this.#reader.readObjects(segments.map(({ oid }) => oid));
    for (const { oid } of segments.toReversed()) this.#take(new TextDecoder().decode(objects.get(oid)?.bytes));
  }

  async #readCommits(since: number): Promise<void> {
    for await (const { trailers } of walkLine(this.#reader, this.#head.commit)) {
      if (trailers === null) continue;
      if (trailers.version <= since) break;
      this.#ids.add(trailers.op.id);
    }
    this.#since = since;
  }

  #take(text: string): void {
    for (const [, id] of text.matchAll(ownId)) if (id !== undefined) this.#ids.add(id);
    const first = /"v":(\d+)/.exec(text)?.[1];
    if (first !== undefined) this.#since = Math.min(this.#since, Number(first));
  }
}
