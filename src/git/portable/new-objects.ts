/**
 * What one commit has that another has not: commits, trees and files. It costs what is new, not what is there: trees
 * are compared with those of the parents, and equal ones are not entered.
 */
import { oidLengths } from '../hash.ts';
import { type Commit, decodeCommit, decodeTree, type TreeEntry } from '../objects.ts';
import type { GitObject, ObjectType, Oid } from '../store.ts';
import type { ObjectReader } from '../trees.ts';

export interface NewEntry {
  readonly oid: Oid;
  readonly type: ObjectType;
  /** What stood in the same place before, for a delta; `null` where nothing did. */
  readonly base: Oid | null;
}

export type NewObjects =
  | {
      readonly outcome: 'collected';

      readonly entries: readonly NewEntry[];
      /** Whether `tip` descends from the first of `known`, or is it. */
      readonly isOnTop: boolean;
    }
  /** An object is missing, or is not what it should be. `reason` is one line. */
  | { readonly outcome: 'broken'; readonly reason: string };

type Broken = Extract<NewObjects, { outcome: 'broken' }>;

export interface CollectOptions {
  readonly tip: Oid;
  /** Commits that the other side has, with all that they hold. Those that the reader lacks are passed over. */
  readonly known: readonly Oid[];
  /** Commits whose parents are cut off. */
  readonly shallow: ReadonlySet<Oid>;
}

/** Commits and trees are read; files are not, and whether they are there is not looked at. */
export async function collectNewObjects(reader: ObjectReader, options: CollectOptions): Promise<NewObjects> {
  const walked = await walkCommits(reader, options);
  if (walked.outcome === 'broken') return walked;
  const entries: NewEntry[] = [];
  const seen = new Set<Oid>();
  for (const { oid, commit } of walked.commits) {
    const parents = commit.parents.map((parent) => walked.trees.get(parent)).filter((tree) => tree !== undefined);
    const broken = await collectTree(reader, { tree: commit.tree, olds: parents, seen, entries });
    if (broken !== null) return broken;
    entries.push({ oid, type: 'commit', base: null });
  }
  return { outcome: 'collected', entries, isOnTop: walked.isOnTop };
}

interface Walked {
  readonly outcome: 'walked';
  /** Oldest first. */
  readonly commits: readonly { readonly oid: Oid; readonly commit: Commit }[];
  /** The root tree of every commit that was read. */
  readonly trees: ReadonlyMap<Oid, Oid>;
  readonly isOnTop: boolean;
}

/**
 * From the tip back, the youngest first, with what is known painted along, as git's own limited walk does. Where clocks
 * were wrong a commit too many may come out: it is sent twice, which does no harm.
 */
async function walkCommits(reader: ObjectReader, { tip, known, shallow }: CollectOptions): Promise<Walked | Broken> {
  const isKnown = new Map<Oid, boolean>();
  const commits = new Map<Oid, Commit>();
  const open = new Set<Oid>();
  /** What is wrong with the commit, else `null`. */
  const add = async (oid: Oid, painted: boolean): Promise<Broken | null> => {
    if (isKnown.has(oid)) {
      if (painted) isKnown.set(oid, true);
      return null;
    }
    const object = (await reader.readObjects([oid])).get(oid);
    if (object === undefined) return { outcome: 'broken', reason: `commit ${oid} is missing` };
    if (object.type !== 'commit') return { outcome: 'broken', reason: `${oid} is a ${object.type}, not a commit` };
    commits.set(oid, decodeCommit(object.bytes));
    isKnown.set(oid, painted);
    open.add(oid);
    return null;
  };
  for (const oid of known) await add(oid, true);
  const broken = await add(tip, false);
  if (broken !== null) return broken;
  const order: Oid[] = [];
  while ([...open].some((oid) => !isKnown.get(oid))) {
    const oid = youngest(open, commits);
    open.delete(oid);
    const painted = isKnown.get(oid) === true;
    if (!painted) order.push(oid);
    for (const parent of (commits.get(oid) as Commit).parents) {
      const broken = await add(parent, painted);
      if (broken !== null && !painted && !shallow.has(oid)) return broken;
    }
  }
  const fresh = sortByAncestry(
    order.filter((oid) => !isKnown.get(oid)),
    commits,
  );
  const [first] = known;
  return {
    outcome: 'walked',
    commits: fresh.map((oid) => ({ oid, commit: commits.get(oid) as Commit })),
    trees: new Map([...commits].map(([oid, { tree }]) => [oid, tree])),
    isOnTop: tip === first || fresh.some((oid) => commits.get(oid)?.parents.includes(first as Oid) === true),
  };
}

function youngest(open: ReadonlySet<Oid>, commits: ReadonlyMap<Oid, Commit>): Oid {
  let found: Oid | null = null;
  const at = (oid: Oid): number => commits.get(oid)?.committer.at ?? 0;
  for (const oid of open) if (found === null || at(oid) > at(found)) found = oid;
  return found as Oid;
}

/** Parents first, whatever their dates say. */
function sortByAncestry(oids: readonly Oid[], commits: ReadonlyMap<Oid, Commit>): Oid[] {
  const [wanted, done, sorted] = [new Set(oids), new Set<Oid>(), [] as Oid[]];
  for (const start of oids.toReversed()) {
    const stack = [start];
    for (let oid = stack.at(-1); oid !== undefined; oid = stack.at(-1)) {
      const waiting = (commits.get(oid)?.parents ?? []).filter((parent) => wanted.has(parent) && !done.has(parent));
      if (waiting.length > 0 && !done.has(oid)) {
        stack.push(...waiting);
        continue;
      }
      stack.pop();
      if (!done.has(oid)) sorted.push(oid);
      done.add(oid);
    }
  }
  return sorted;
}

interface TreeWork {
  readonly tree: Oid;
  /** The root trees of the parents. */
  readonly olds: readonly Oid[];
  readonly seen: Set<Oid>;
  readonly entries: NewEntry[];
}

/** Adds what `tree` has and `olds` lack. */
async function collectTree(reader: ObjectReader, { tree, olds, seen, entries }: TreeWork): Promise<Broken | null> {
  if (seen.has(tree) || olds.includes(tree)) return null;
  let level: { readonly oid: Oid; readonly olds: readonly Oid[] }[] = [{ oid: tree, olds }];
  seen.add(tree);
  while (level.length > 0) {
    const next: typeof level = [];
    const trees = await reader.readObjects(level.flatMap((each) => [each.oid, ...each.olds]));
    for (const { oid, olds } of level) {
      const object = trees.get(oid);
      if (object?.type !== 'tree') return { outcome: 'broken', reason: `tree ${oid} is ${object?.type ?? 'missing'}` };
      entries.push({ oid, type: 'tree', base: olds[0] ?? null });
      const oldByName = groupByName(olds.flatMap((old) => readOldTree(trees.get(old))));
      for (const entry of decodeTree(object.bytes, oidLengths.sha1)) {
        if (isLink(entry) || seen.has(entry.oid)) continue;
        const same = oldByName.get(entry.name) ?? [];
        if (same.some((old) => old.oid === entry.oid)) continue;
        seen.add(entry.oid);
        const bases = same.filter((old) => !isLink(old) && isFolder(old) === isFolder(entry)).map((old) => old.oid);
        if (isFolder(entry)) next.push({ oid: entry.oid, olds: bases });
        else entries.push({ oid: entry.oid, type: 'blob', base: bases[0] ?? null });
      }
    }
    level = next;
  }
  return null;
}

const isFolder = ({ mode }: TreeEntry): boolean => mode === '40000';
/** A submodule: what it names lies in another repository. */
const isLink = ({ mode }: TreeEntry): boolean => mode === '160000';

function groupByName(entries: readonly TreeEntry[]): Map<string, TreeEntry[]> {
  const groups = new Map<string, TreeEntry[]>();
  for (const entry of entries) groups.set(entry.name, [...(groups.get(entry.name) ?? []), entry]);
  return groups;
}

/** Compared with only: what is not there makes the result longer, not wrong. */
function readOldTree(object: GitObject | undefined): TreeEntry[] {
  return object?.type === 'tree' ? decodeTree(object.bytes, oidLengths.sha1) : [];
}
