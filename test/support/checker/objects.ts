/** Git objects as the checker reads them: ids, trees, and where two trees differ. */
import { createHash } from 'node:crypto';
import type { GitObject, ObjectSource } from './types.ts';

export interface TreeEntry {
  /** `100644`, `40000`, ... */
  readonly mode: string;
  readonly oid: string;
}

export interface PathChange {
  readonly path: string;
  /** `null`: the file was not there, or is gone. */
  readonly before: TreeEntry | null;
  readonly after: TreeEntry | null;
}

const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const isFolder = (entry: TreeEntry | undefined): entry is TreeEntry => entry?.mode === '40000';

/** The id that git gives a blob; `length` is that of ids in the repository, 40 or 64 digits. */
export function blobId(content: Uint8Array | string, length: number): string {
  const size = typeof content === 'string' ? Buffer.byteLength(content) : content.length;
  return createHash(length === 64 ? 'sha256' : 'sha1')
    .update(`blob ${size}\0`)
    .update(content)
    .digest('hex');
}

/** `null` for bytes that are no UTF-8. */
export function decodeText(bytes: Uint8Array): string | null {
  try {
    return textDecoder.decode(bytes);
  } catch {
    return null;
  }
}

/** Reads trees, each once. */
export class TreeReader {
  private readonly treesById = new Map<string, ReadonlyMap<string, TreeEntry>>();

  constructor(private readonly objects: ObjectSource) {}

  tree(oid: string): ReadonlyMap<string, TreeEntry> {
    const known = this.treesById.get(oid);
    if (known !== undefined) return known;
    const entries = parseTree(this.object(oid, 'tree').bytes, oid.length / 2);
    if (this.treesById.size > 20_000) this.treesById.clear();
    this.treesById.set(oid, entries);
    return entries;
  }

  object(oid: string, type: GitObject['type']): GitObject {
    const object = this.objects.read(oid);
    if (object === null) throw new Error(`the ${type} ${oid} is missing`);
    if (object.type !== type) throw new Error(`${oid} is a ${object.type}, not a ${type}`);
    return object;
  }

  blob(oid: string): Uint8Array {
    return this.object(oid, 'blob').bytes;
  }

  at(tree: string, path: string): TreeEntry | null {
    let oid = tree;
    const names = path.split('/');
    for (const [depth, name] of names.entries()) {
      const entry = this.tree(oid).get(name);
      if (entry === undefined) return null;
      if (depth === names.length - 1) return entry;
      if (!isFolder(entry)) return null;
      oid = entry.oid;
    }
    return null;
  }

  /** Every file below a tree. */
  files(tree: string): PathChange[] {
    return this.diff(null, tree);
  }

  /** The files that differ; only folders that differ are read. `null` is the empty tree. */
  diff(before: string | null, after: string | null, folder = ''): PathChange[] {
    if (before === after) return [];
    const changes: PathChange[] = [];
    const old = before === null ? new Map<string, TreeEntry>() : this.tree(before);
    const young = after === null ? new Map<string, TreeEntry>() : this.tree(after);
    for (const name of new Set([...old.keys(), ...young.keys()])) {
      const [a, b] = [old.get(name), young.get(name)];
      if (a?.oid === b?.oid && a?.mode === b?.mode) continue;
      const path = `${folder}${name}`;
      if (isFolder(a) || isFolder(b))
        changes.push(...this.diff(isFolder(a) ? a.oid : null, isFolder(b) ? b.oid : null, `${path}/`));
      const [left, right] = [isFolder(a) ? undefined : a, isFolder(b) ? undefined : b];
      if (left !== undefined || right !== undefined) changes.push({ path, before: left ?? null, after: right ?? null });
    }
    return changes;
  }
}

function parseTree(bytes: Uint8Array, idLength: number): ReadonlyMap<string, TreeEntry> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = new Map<string, TreeEntry>();
  for (let at = 0; at < buffer.length; ) {
    const space = buffer.indexOf(32, at);
    const end = buffer.indexOf(0, space);
    if (space < 0 || end < 0 || end + 1 + idLength > buffer.length) throw new Error('a tree cannot be read');
    const name = buffer.toString('utf8', space + 1, end);
    const mode = buffer.toString('latin1', at, space);
    entries.set(name, { mode, oid: buffer.toString('hex', end + 1, end + 1 + idLength) });
    at = end + 1 + idLength;
  }
  return entries;
}
