/** The audit trail, from the commits of the board's branch: newest first, as far as this store has them. */
import type { Agent, Cycle, Knowledge, Lock, Task, Workstream } from '../core/records.ts';
import { toIso } from '../core/time.ts';
import { OrcError } from '../errors.ts';
import type { GitStore } from '../git/store.ts';
import { readPath } from '../git/trees.ts';
import { pathOf } from '../layout/paths.ts';
import type { Trailers } from '../sync/commit-message.ts';
import { type LineCommit, walkLine } from '../sync/line.ts';
import type { OrcCore } from './orc-core.ts';

export interface HistoryEntry {
  /** `null` for a manual edit: it has no version of its own. */
  readonly version: number | null;
  readonly commit: string;
  readonly at: string;
  /** The agent that acted; of a manual edit its author. */
  readonly agent: string;
  /** The operation's kind; `manual` for a manual edit. */
  readonly kind: string;
  readonly subject: string;
  /** Free text: a result, a reason. */
  readonly body: string | null;
  /** Made with plain git, not by orc. */
  readonly manual: boolean;
}

export const historyKinds = ['task', 'agent', 'lock', 'kb', 'ws', 'cycle'] as const;
export type HistoryKind = (typeof historyKinds)[number];

export interface HistoryFilter {
  readonly about?: HistoryKind | undefined;
  /** A full task id, agent, resource, topic or workstream, or the number of a cycle. */
  readonly id?: string | undefined;
  /** Only the newest so many. */
  readonly last?: number | undefined;
}

interface Target {
  readonly about: HistoryKind;
  readonly id: string;
  /** Where its record may lie. */
  readonly paths: readonly string[];
}

export interface Trail {
  readonly entries: readonly HistoryEntry[];
  /** This store is shallow: it has no older commits to look through. */
  readonly cut: boolean;
}

/** @throws OrcError `invalid-argument` when only one of `about` and `id` is given */
export async function readTrail(orc: OrcCore, filter: HistoryFilter = {}): Promise<Trail> {
  const { store } = orc.connection;
  const target = targetOf(filter);
  const entries: HistoryEntry[] = [];
  const line = walkLine(store, (await orc.head()).commit);
  let next = await line.next();
  let cut = false;
  while (next.done !== true && entries.length < (filter.last ?? Number.POSITIVE_INFINITY)) {
    const read = next.value;
    next = await line.next();
    cut = next.done === true && next.value === 'cut';
    const parent = next.done === true ? null : next.value;
    if (target !== null && !(await concerns(store, target, read, parent))) continue;
    entries.push(entryOf(read));
    // Nothing is older than its beginning.
    if (target !== null && isBeginning(target, read.trailers)) return { entries, cut: false };
  }
  return { entries, cut };
}

/** The entries of `readTrail`, where it does not matter whether there are older ones. */
export async function readHistory(orc: OrcCore, filter: HistoryFilter = {}): Promise<readonly HistoryEntry[]> {
  return (await readTrail(orc, filter)).entries;
}

function targetOf({ about, id }: HistoryFilter): Target | null {
  if (about === undefined && id === undefined) return null;
  if (about === undefined || id === undefined) {
    throw new OrcError('invalid-argument', 'history of one record needs its kind and its id', {
      hint: `kinds: ${historyKinds.join(', ')}`,
    });
  }
  return { about, id, paths: pathsOf(about, id) };
}

function pathsOf(about: HistoryKind, id: string): string[] {
  switch (about) {
    case 'task':
      return ['pending', 'done'].map((status) => pathOf('tasks', { id, status } as Task));
    case 'agent':
      return ['active', 'retired'].map((status) => pathOf('agents', { id, status } as Agent));
    case 'lock':
      return [pathOf('locks', { resource: id } as Lock)];
    case 'kb':
      return [pathOf('knowledge', { topic: id } as Knowledge)];
    case 'ws':
      return [pathOf('workstreams', { name: id } as Workstream)];
    case 'cycle':
      return [pathOf('cycles', { number: cycleNumber(id) } as Cycle)];
  }
}

function cycleNumber(id: string): number {
  if (/^[1-9]\d{0,8}$/.test(id)) return Number(id);
  throw new OrcError('invalid-argument', `a cycle has a number, not "${id}"`, { hint: 'see `orc cycle list`' });
}

function entryOf({ commit, decoded, trailers }: LineCommit): HistoryEntry {
  const { message, author } = decoded;
  const [subject = '', ...rest] = message.trim().split('\n');
  const text = rest.join('\n').trim();
  if (trailers === null) {
    const body = text === '' ? null : text;
    return {
      version: null,
      commit,
      at: toIso(author.at),
      agent: author.name,
      kind: 'manual',
      subject,
      body,
      manual: true,
    };
  }
  const paragraphs = text.split(/\n{2,}/).slice(0, -1);
  const body = paragraphs.length === 0 ? null : text.slice(0, text.lastIndexOf('\n\nOrc-Version: ')).trim();
  const { version, at, op } = trailers;
  return { version, commit, at, agent: op.agent, kind: op.kind, subject, body, manual: false };
}

/** What an operation names is in its message. What else changes records, by hand or in passing, is seen in the tree. */
const changesInPassing = /^(?:task\.next|task\.edit|agent\.retire|board\.|undo)/;

async function concerns(
  store: GitStore,
  target: Target,
  read: LineCommit,
  parent: LineCommit | null,
): Promise<boolean> {
  const { trailers, decoded } = read;
  const { message, author } = decoded;
  if (trailers === null)
    return (target.about === 'agent' && author.name === target.id) || changes(store, target, read, parent);
  if (isNamed(target, trailers, message)) return true;
  return changesInPassing.test(trailers.op.kind) && changes(store, target, read, parent);
}

function isNamed({ about, id }: Target, { op, result }: Trailers, message: string): boolean {
  const { kind, agent, args } = op;
  const [noun] = kind.split('.');
  switch (about) {
    case 'task':
      return (
        message
          .trimEnd()
          .split(/\n{2,}/)
          .at(-1) ?? ''
      )
        .split('\n')
        .includes(`Orc-Task: ${id}`);
    case 'agent':
      return agent === id || (noun === 'agent' && args.id === id);
    case 'lock':
      return noun === 'lock' && args.resource === id;
    case 'kb':
      return noun === 'knowledge' && args.topic === id;
    case 'ws':
      // The subject names a task as `workstream/id`.
      return (noun === 'workstream' && args.name === id) || message.startsWith(`${kind} ${id}/`);
    case 'cycle':
      return result !== null && 'cycle' in result && result.cycle === Number(id);
  }
}

/** A task's id is given once. */
function isBeginning({ about, id }: Target, trailers: Trailers | null): boolean {
  if (about !== 'task' || trailers === null || trailers.op.kind !== 'task.add') return false;
  return trailers.result !== null && 'task' in trailers.result && trailers.result.task === id;
}

async function changes(
  store: GitStore,
  { paths }: Target,
  read: LineCommit,
  parent: LineCommit | null,
): Promise<boolean> {
  // At the edge of a shallow store nobody can tell what was there before.
  if (parent === null && read.decoded.parents.length > 0) return false;
  for (const path of paths) {
    const now = await readPath(store, read.decoded.tree, path);
    const before = parent === null ? null : await readPath(store, parent.decoded.tree, path);
    if (now?.oid !== before?.oid) return true;
  }
  return false;
}
