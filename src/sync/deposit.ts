/**
 * A deposit: operations that somebody leaves in the upstream's inbox for others to carry in, as a commit without parents whose tree
 * holds one file of JSON. What comes back from there was written by whoever may push: it is data, and checked like any request.
 */
import { checkOperation } from '../core/apply.ts';
import type { Operation } from '../core/operation.ts';
import { decodeCommit, decodeTree, encodeCommit, encodeTree } from '../git/objects.ts';
import type { GitStore, NewObject, ObjectFormat, ObjectType, Oid } from '../git/store.ts';
import type { ObjectReader } from '../git/trees.ts';
import type { Committer } from './ports.ts';
import type { Owner, QueueRecord, Unit } from './queue.ts';

/** In bytes: of the JSON. What is longer is published by its author alone. */
export const maxDepositSize = 256 * 1024;
/** No caller waits longer for a carrier; and a claim of somebody who has died is not to be carried in later. */
export const depositLapsesMs = 20_000;
const depositFormat = 1;
const fileName = 'deposit.json';
const oidLength: Readonly<Record<ObjectFormat, number>> = { sha1: 40, sha256: 64 };

export interface DepositContents {
  /** The board's id. */
  readonly board: string;
  /** When it was deposited, ms since the epoch, by the author's clock. */
  readonly at: number;
  /** Operations that are carried whole or not at all. */
  readonly units: readonly Unit[];
}

export interface MadeDeposit {
  readonly oid: Oid;
  readonly objects: readonly NewObject[];
}

/** `null`: it would be too long. */
export function makeDeposit(
  store: Pick<GitStore, 'hashObject'>,
  { board, at, units }: DepositContents,
  committer: Committer,
): MadeDeposit | null {
  const text = JSON.stringify({
    format: depositFormat,
    board,
    at,
    units: units.map(({ records }) => ({
      base: records[0]?.base ?? 0,
      operations: records.map(({ operation }) => operation),
    })),
  });
  const file = encoder.encode(`${text}\n`);
  if (file.length > maxDepositSize) return null;
  const objects: NewObject[] = [];
  const add = (type: ObjectType, bytes: Uint8Array): Oid => {
    const oid = store.hashObject(type, bytes);
    objects.push({ type, bytes, oid });
    return oid;
  };
  const tree = add('tree', encodeTree([{ mode: '100644', name: fileName, oid: add('blob', file) }]));
  const person = { ...committer, at };
  const message = 'orc: operations to be carried\n';
  const oid = add('commit', encodeCommit({ tree, parents: [], author: person, committer: person, message }));
  return { oid, objects };
}

/** What a deposit holds; `null`: it is none that can be read, or holds what no deposit may. */
export async function readDeposit(reader: ObjectReader, oid: Oid): Promise<DepositContents | null> {
  try {
    const bytes = await readFile(reader, oid);
    return bytes === null ? null : parseDeposit(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return null; // of another type, damaged, no JSON
  }
}

async function readFile(reader: ObjectReader, oid: Oid): Promise<Uint8Array | null> {
  const read = async (wanted: Oid) => (await reader.readObjects([wanted])).get(wanted);
  const commit = await read(oid);
  if (commit?.type !== 'commit') return null;
  const { tree, parents } = decodeCommit(commit.bytes);
  if (parents.length > 0) return null;
  const root = await read(tree);
  if (root?.type !== 'tree') return null;
  const entry = decodeTree(root.bytes, oidLength[reader.objectFormat]).find(({ name }) => name === fileName);
  const file = entry?.mode === '100644' ? await read(entry.oid) : undefined;
  return file?.type === 'blob' && file.bytes.length <= maxDepositSize ? file.bytes : null;
}

function parseDeposit(json: unknown): DepositContents | null {
  if (!isObject(json) || json.format !== depositFormat) return null;
  const { board, at, units } = json;
  if (typeof board !== 'string' || !isCount(at) || !Array.isArray(units)) return null;
  const parsed = units.map((unit: unknown) => parseUnit(unit, at));
  return parsed.every((unit) => unit !== null) ? { board, at, units: parsed } : null;
}

function parseUnit(unit: unknown, at: number): Unit | null {
  if (!isObject(unit) || !isCount(unit.base) || !Array.isArray(unit.operations)) return null;
  const { base } = unit;
  const operations = unit.operations.map(parseOperation);
  const [first] = operations;
  if (!first || !operations.every((operation) => operation !== null)) return null;
  const { batch } = first;
  const isWhole =
    batch === undefined
      ? operations.length === 1
      : operations.length === batch.n &&
        operations.every(
          (each, index) => each.batch?.id === batch.id && each.batch.n === batch.n && each.batch.k === index + 1,
        );
  return isWhole ? { records: operations.map((operation) => foreignRecord(operation, base, at)) } : null;
}

function parseOperation(json: unknown): Operation | null {
  if (!isObject(json) || !isObject(json.args)) return null;
  const { id, kind, agent, args, batch } = json;
  if (typeof id !== 'string' || typeof kind !== 'string' || typeof agent !== 'string') return null;
  const parsedBatch = parseBatch(batch);
  if (parsedBatch === null) return null;
  const operation: Operation = { id, kind, agent, args, ...(parsedBatch === undefined ? {} : { batch: parsedBatch }) };
  // A board begins by its first push alone.
  return kind === 'board.init' || 'outcome' in checkOperation(operation) ? null : operation;
}

function parseBatch(batch: unknown): Operation['batch'] | null {
  if (batch === undefined) return undefined;
  if (!isObject(batch)) return null;
  const { id, k, n } = batch;
  return typeof id === 'string' && isBatchId(id) && isCount(k) && isCount(n) ? { id, k, n } : null;
}

/** It goes into a line of a commit message. */
function isBatchId(id: string): boolean {
  return /^[A-Za-z0-9._-]{1,64}$/.test(id);
}

/** As a record of the queue, where it never goes. It counts as sent, so that the log is looked through for it. */
function foreignRecord(operation: Operation, base: number, at: number): QueueRecord {
  return {
    operation,
    order: '',
    base,
    asked_at: at,
    owner: nobody,
    deferred: false,
    told: null,
    sent: { head: '', at },
    outcome: null,
  };
}

const nobody: Owner = { session: '', process: null, seen_at: 0 };

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

const encoder = new TextEncoder();
