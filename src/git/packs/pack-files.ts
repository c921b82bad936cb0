/**
 * Objects in the store's packs, one at a time: the index says where, and of both only what is needed is read.
 * (isomorphic-git reads whole packs, and takes about a millisecond for an object; this takes some twenty microseconds.
 * Starting git for them takes some five milliseconds.)
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { OrcError } from '../../errors.ts';
import { errnoOf } from '../atomic-file.ts';
import { damagedStoreHint } from '../damaged-store.ts';
import { closeQuietly, toIoError } from '../durable-files.ts';
import { hashObject } from '../hash.ts';
import type { GitObject, ObjectType, Oid } from '../store.ts';
import { applyDelta } from './delta.ts';

export interface PackFiles {
  /**
   * `null`: in no pack. `unsure`: some pack has an index of a kind that is not known here.
   * @throws OrcError `store-corrupt`, `io`
   */
  read(oid: Oid): GitObject | 'unsure' | null;
  /** Forgets everything; what is needed is opened again. */
  close(): void;
}

interface Pack {
  readonly name: string;
  readonly fd: number;
  readonly size: number;
  readonly index: PackIndex;
  /** Bases of deltas that were put together lately, by offset. */
  readonly bases: Map<number, GitObject>;
}

const types: Readonly<Record<number, ObjectType>> = { 1: 'commit', 2: 'tree', 3: 'blob' };
const [ofsDelta, refDelta] = [6, 7];
/** In bytes: what is read at first; most objects of a board are smaller. */
const usualRead = 4096;
/** For each pack. */
const maxBases = 64;
/** In bytes: a larger one is not kept. */
const maxBaseBytes = 256 * 1024;

/** @param objectsFolder such as `<store>/objects` */
export function openPackFiles(objectsFolder: string): PackFiles {
  const folder = join(objectsFolder, 'pack');
  let packs: Pack[] = [];
  let isUnsure = false;

  const read = (oid: Oid): GitObject | null => {
    const raw = Buffer.from(oid, 'hex');
    for (const pack of packs) {
      const offset = findOffset(pack.index, raw);
      if (offset === null) continue;
      const object = readAt(pack, offset, read);
      if (hashObject('sha1', object.type, object.bytes) === oid) return object;
      throw new Error('wrong content');
    }
    return null;
  };

  const refresh = (): void => {
    const names = listIndexes(folder);
    if (names.every((name) => packs.some((pack) => pack.name === name)) && !isUnsure) return;
    isUnsure = false;
    const known = new Map(packs.map((pack) => [pack.name, pack]));
    const found: Pack[] = [];
    try {
      for (const name of names) {
        const pack = known.get(name) ?? openPack(folder, name);
        if (pack === null) isUnsure = true;
        else found.push(pack);
      }
    } catch (error) {
      for (const pack of found) if (!known.has(pack.name)) closePack(pack);
      throw error;
    }
    // One that was removed is kept: its file is still open, and what is in it stays true.
    packs = [...found, ...packs.filter((pack) => !names.includes(pack.name))];
  };

  return {
    read(oid) {
      try {
        const object = read(oid);
        if (object !== null) return object;
        refresh();
        return read(oid) ?? (isUnsure ? 'unsure' : null);
      } catch (cause) {
        if (cause instanceof OrcError) throw cause;
        if (errnoOf(cause) !== null) throw toIoError(`read object ${oid}`, cause);
        throw new OrcError('store-corrupt', `object ${oid} is damaged`, { hint: damagedStoreHint, cause });
      }
    },
    close() {
      for (const pack of packs.splice(0)) closePack(pack);
    },
  };
}

function closePack({ fd, index }: Pack): void {
  closeQuietly(fd);
  closeQuietly(index.fd);
}

function listIndexes(folder: string): string[] {
  try {
    return fs.readdirSync(folder).filter((name) => name.endsWith('.idx'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** `null`: an index of another version, or a pack that has just been removed. */
function openPack(folder: string, name: string): Pack | null {
  const fds: number[] = [];
  const open = (file: string): number => {
    const fd = fs.openSync(join(folder, file), 'r');
    fds.push(fd);
    return fd;
  };
  try {
    const index = readIndex(open(name));
    if (index !== null) {
      const fd = open(name.replace(/\.idx$/, '.pack'));
      return { name, fd, size: fs.fstatSync(fd).size, index, bases: new Map() };
    }
  } catch (error) {
    for (const fd of fds) closeQuietly(fd);
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
  for (const fd of fds) closeQuietly(fd);
  return null;
}

/** Where the fan-out table begins, and what follows it. */
const fanoutAt = 8;
const namesAt = fanoutAt + 256 * 4;

/** The index of a pack: the names of the objects in order, told apart by their first byte, then where they stand. */
interface PackIndex {
  readonly fd: number;
  readonly size: number;
  readonly fanout: Buffer;
  /** The names with one first byte each, as far as they were asked for. */
  readonly names: Map<number, Buffer>;
}

function readIndex(fd: number): PackIndex | null {
  const size = fs.fstatSync(fd).size;
  if (size < namesAt + 40) return null;
  const head = readBytes({ fd, size }, 0, namesAt);
  if (head.readUInt32BE(0) !== 0xff744f63 || head.readUInt32BE(4) !== 2) return null;
  return { fd, size, fanout: head.subarray(fanoutAt), names: new Map() };
}

function findOffset(index: PackIndex, raw: Buffer): number | null {
  const first = raw[0] as number;
  const below = first === 0 ? 0 : index.fanout.readUInt32BE((first - 1) * 4);
  let names = index.names.get(first);
  if (names === undefined) {
    names = readBytes(index, namesAt + below * 20, (index.fanout.readUInt32BE(first * 4) - below) * 20);
    index.names.set(first, names);
  }
  for (let [low, high] = [0, Math.floor(names.length / 20)]; low < high; ) {
    const middle = (low + high) >> 1;
    const order = raw.compare(names, middle * 20, middle * 20 + 20);
    if (order === 0) return offsetOf(index, below + middle);
    if (order < 0) high = middle;
    else low = middle + 1;
  }
  return null;
}

function offsetOf(index: PackIndex, at: number): number {
  const count = index.fanout.readUInt32BE(255 * 4);
  const offsetsAt = namesAt + count * 24;
  const offset = readBytes(index, offsetsAt + at * 4, 4).readUInt32BE();
  if (offset < 0x8000_0000) return offset;
  return Number(readBytes(index, offsetsAt + count * 4 + (offset - 0x8000_0000) * 8, 8).readBigUInt64BE());
}

/** Follows deltas to what they rest on, then puts them together from there. */
function readAt(pack: Pack, start: number, readBase: (oid: Oid) => GitObject | null): GitObject {
  const deltas: { readonly offset: number; readonly delta: Buffer }[] = [];
  let object: GitObject | null = null;
  for (let offset = start; object === null; ) {
    const kept = pack.bases.get(offset);
    if (kept !== undefined) {
      object = kept;
      break;
    }
    const entry = readEntry(pack, offset);
    if (entry.base === null) {
      const type = types[entry.type];
      if (type === undefined) throw new Error(`an object of type ${entry.type}`);
      object = { type, bytes: entry.data };
      keepBase(pack, offset, object);
      break;
    }
    deltas.push({ offset, delta: entry.data });
    if (typeof entry.base === 'number') offset = entry.base;
    else object = readBase(entry.base);
    if (object === null && typeof entry.base === 'string') throw new Error(`the base ${entry.base} is missing`);
  }
  for (const { offset, delta } of deltas.toReversed()) {
    object = { type: object.type, bytes: applyDelta(object.bytes, delta) };
    keepBase(pack, offset, object);
  }
  return object;
}

function keepBase({ bases }: Pack, offset: number, object: GitObject): void {
  if (object.bytes.length > maxBaseBytes) return;
  bases.delete(offset);
  bases.set(offset, object);
  for (const oldest of bases.keys()) {
    if (bases.size <= maxBases) break;
    bases.delete(oldest);
  }
}

interface Entry {
  readonly type: number;
  /** Of a delta: the base's offset in the pack, or its id. */
  readonly base: number | Oid | null;
  readonly data: Buffer;
}

function readEntry(pack: Pack, offset: number): Entry {
  let bytes = readBytes(pack, offset, usualRead);
  let at = 0;
  const next = (): number => {
    const byte = bytes[at++];
    if (byte === undefined) throw new Error('the pack ends too early');
    return byte;
  };
  let byte = next();
  const type = (byte >> 4) & 7;
  let [size, factor] = [byte & 15, 16];
  while (byte >= 0x80) {
    byte = next();
    size += (byte & 0x7f) * factor;
    factor *= 0x80;
  }
  let base: Entry['base'] = null;
  if (type === ofsDelta) {
    byte = next();
    let distance = byte & 0x7f;
    while (byte >= 0x80) {
      byte = next();
      distance = (distance + 1) * 0x80 + (byte & 0x7f);
    }
    if (distance <= 0 || distance > offset) throw new Error('a base outside of the pack');
    base = offset - distance;
  } else if (type === refDelta) {
    base = bytes.toString('hex', at, at + 20) as Oid;
    at += 20;
  }
  // What cannot be compressed grows a little: five bytes for each 16 KiB, and a frame.
  const most = at + size + Math.ceil(size / 3000) + 64;
  if (bytes.length < most) bytes = readBytes(pack, offset, most);
  // One piece with room to spare: an output that is exactly full is asked for more.
  const options = { maxOutputLength: Math.max(1, size), chunkSize: size + 64 };
  const data = inflateSync(bytes.subarray(at), options);
  if (data.length !== size) throw new Error('wrong size');
  return { type, base, data };
}

function readBytes({ fd, size }: Pick<Pack, 'fd' | 'size'>, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, size - offset)));
  let filled = 0;
  while (filled < bytes.length) {
    const read = fs.readSync(fd, bytes, filled, bytes.length - filled, offset + filled);
    if (read === 0) throw new Error('the pack ends too early');
    filled += read;
  }
  return bytes;
}
