/**
 * Puts a fetched pack into the store: durably, whole, and only when nothing that it leads to is missing.
 *
 * A small one becomes loose objects, as git does it: else every fetch would leave a pack, and each of them slows every
 * look for an object that is not there.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { OrcError } from '../../errors.ts';
import type { NameSource } from '../durable-files.ts';
import { writeLooseObjects } from '../loose-objects.ts';
import { decodeCommit, decodeTree } from '../objects.ts';
import { encodeIndex } from '../packs/encode-index.ts';
import type { PackFiles } from '../packs/encode-pack.ts';
import { encodePackHeader, encodeWhole } from '../packs/entry.ts';
import { putPack } from '../packs/put-pack.ts';
import type { GitObject, GitStore, NewObject, Oid } from '../store.ts';
import type { ObjectReader } from '../trees.ts';
import { collectNewObjects } from './new-objects.ts';
import { countPacked, type PackedObject, readPack } from './read-pack.ts';

export interface KeepOptions {
  readonly head: Oid;
  /** Commits that the store has with all that they hold. */
  readonly known: readonly Oid[];
  /** Commits whose parents are cut off, with those that this pack brings. */
  readonly shallow: ReadonlySet<Oid>;
  readonly nameTemporary: NameSource;
}

/** Git's own limit (`fetch.unpackLimit`). */
const unpackLimit = 100;
/** Links out of the pack that are looked up in the store at once. */
const batchSize = 500;

/**
 * `null`, or what is wrong with the pack: then nothing of it was kept.
 * @throws OrcError `io`, `store-corrupt`
 */
export async function keepPack(store: GitStore, pack: Buffer, options: KeepOptions): Promise<string | null> {
  const objects = new Map<Oid, GitObject>();
  const isSmall = (countPacked(pack) ?? 0) <= unpackLimit;
  const ids = new Set<Oid>();
  const links = new Set<Oid>([options.head]);
  const bases = new Map<Oid, GitObject>();
  let packed: PackedObject[];
  try {
    packed = await readPack(pack, {
      readBase: async (oid) => {
        const base = (await store.readObjects([oid])).get(oid);
        if (base !== undefined) bases.set(oid, base);
        return base;
      },
      onObject: (oid, object) => {
        ids.add(oid);
        if (isSmall) objects.set(oid, object);
        for (const link of linksOf(object, options.shallow.has(oid))) if (!isSmall) links.add(link);
      },
    });
  } catch (error) {
    if (error instanceof OrcError || !(error instanceof Error)) throw error;
    return `what the upstream sent is damaged: ${error.message}`;
  }
  // Of a small pack only what is new to the store is followed: its trees name the whole board.
  const broken = isSmall
    ? await findBroken(store, objects, options)
    : await findMissing(
        store,
        [...links].filter((oid) => !ids.has(oid)),
      );
  if (broken !== null) return `what the upstream sent is incomplete: ${broken}`;
  if (isSmall) await keepLoose(store, objects, options.nameTemporary);
  else {
    // It may have come as well, as a delta that was put together later.
    for (const oid of ids) bases.delete(oid);
    await putPack(store.path, completePack(pack, packed, bases), options.nameTemporary);
  }
  return null;
}

/** Adds what its deltas rest on: in the store a pack has to be complete in itself. */
function completePack(pack: Buffer, packed: readonly PackedObject[], bases: ReadonlyMap<Oid, GitObject>): PackFiles {
  if (bases.size === 0) return withIndex(pack, packed);
  const parts = [encodePackHeader(packed.length + bases.size), pack.subarray(12, -20)];
  const added: PackedObject[] = [];
  let offset = pack.length - 20;
  for (const [oid, base] of bases) {
    const entry = encodeWhole(base);
    parts.push(entry);
    added.push({ oid, offset, crc: crc32(entry) });
    offset += entry.length;
  }
  const body = Buffer.concat(parts);
  return withIndex(Buffer.concat([body, createHash('sha1').update(body).digest()]), [...packed, ...added]);
}

function withIndex(pack: Buffer, packed: readonly PackedObject[]): PackFiles {
  const hash = pack.subarray(-20);
  return { name: hash.toString('hex'), pack, index: encodeIndex('sha1', packed, hash) };
}

async function findBroken(
  store: GitStore,
  objects: ReadonlyMap<Oid, GitObject>,
  { head, known, shallow }: KeepOptions,
): Promise<string | null> {
  const reader: ObjectReader = {
    objectFormat: store.objectFormat,
    async readObjects(oids) {
      const found = await store.readObjects(oids.filter((oid) => !objects.has(oid)));
      for (const oid of oids) {
        const object = objects.get(oid);
        if (object !== undefined) found.set(oid, object);
      }
      return found;
    },
  };
  const collected = await collectNewObjects(reader, { tip: head, known, shallow });
  if (collected.outcome === 'broken') return collected.reason;
  const files = collected.entries.filter(({ type, oid }) => type === 'blob' && !objects.has(oid));
  return findMissing(
    store,
    files.map(({ oid }) => oid),
  );
}

function linksOf({ type, bytes }: GitObject, isCutOff: boolean): Oid[] {
  if (type === 'blob') return [];
  if (type === 'tree') return decodeTree(bytes, 40).flatMap(({ mode, oid }) => (mode === '160000' ? [] : [oid]));
  const { tree, parents } = decodeCommit(bytes);
  return isCutOff ? [tree] : [tree, ...parents];
}

/** Says which of the objects the store lacks, if it lacks one. */
export async function findMissing(store: ObjectReader, oids: readonly Oid[]): Promise<string | null> {
  for (let at = 0; at < oids.length; at += batchSize) {
    const batch = oids.slice(at, at + batchSize);
    const found = await store.readObjects(batch);
    const missing = batch.find((oid) => !found.has(oid));
    if (missing !== undefined) return `${missing} is missing`;
  }
  return null;
}

/** Commits last: a commit that is there says that all of it is there. */
async function keepLoose(store: GitStore, objects: ReadonlyMap<Oid, GitObject>, names: NameSource): Promise<void> {
  const all = [...objects].map(([oid, object]): NewObject => ({ oid, ...object }));
  for (const ofTurn of [all.filter(({ type }) => type !== 'commit'), all.filter(({ type }) => type === 'commit')]) {
    await writeLooseObjects(store.path, ofTurn, names);
  }
}
