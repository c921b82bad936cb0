/**
 * An upstream that lives in memory, with a say for the test in every call: it can delay it, cut it off before or after
 * the upstream took it, or refuse it. No clock and no randomness of its own.
 */
import { oidLengths } from './hash.ts';
import type { MemoryStore } from './memory.ts';
import { decodeCommit, decodeTree } from './objects.ts';
import type { GitObject, ObjectFormat, Oid } from './store.ts';
import {
  depositNameOf,
  type FetchOptions,
  inboxPrefix,
  type PushOptions,
  type PushOutcome,
  type Transport,
  type Unreachable,
} from './transport.ts';

/** When `intercept` is asked. The upstream's head is read or moved, in one step, between `before-` and `after-`. */
export type Stage = 'read-head' | 'before-fetch' | 'after-fetch' | 'before-push' | 'after-push' | 'deposit';

export interface StageInfo {
  /** The transport's label: who is calling. */
  readonly label: string;
  /** The commit that is pushed; `null` for other calls. */
  readonly oid: Oid | null;
  /** The upstream's head at this moment. */
  readonly head: Oid | null;
  readonly timeoutMs: number | undefined;
}

/** How a call ends instead. What cannot be true becomes `unknown` (push, after it was taken) or `unreachable` (fetch). */
export interface Interference {
  readonly outcome: 'unreachable' | 'unknown' | 'rejected';
  readonly reason?: string;
  /** With `unknown` before a push: the push reaches the upstream all the same, once this is fulfilled. */
  readonly landAfter?: Promise<void>;
}

export type Intercept = (stage: Stage, info: StageInfo) => Promise<Interference | undefined>;

export interface MemoryTransportOptions {
  readonly label?: string;
  readonly intercept?: Intercept;
  /** The head that reading calls see, where it is not the present one: a replica that lags. Pushes meet the real one. */
  readonly shownHead?: () => Oid | null;
  /** As `shownHead`, for the inbox. */
  readonly shownDeposits?: () => ReadonlyMap<string, Oid>;
}

export interface MemoryUpstreamOptions {
  readonly objectFormat?: ObjectFormat;
  /** The branch. Default `refs/heads/orc`. */
  readonly ref?: string;
  /** Asked before that of the transport. */
  readonly intercept?: Intercept;
}

interface CommitFacts {
  readonly parents: readonly Oid[];
  /** One more than that of its parents: who is deeper or as deep cannot be an ancestor. */
  readonly depth: number;
}

export class MemoryUpstream {
  readonly objectFormat: ObjectFormat;
  readonly ref: string;
  readonly objects = new Map<Oid, GitObject>();
  readonly refs = new Map<string, Oid>();
  /** Every head that the branch had, by pushes and by `moveHead`, oldest first. */
  readonly heads: (Oid | null)[] = [];
  intercept: Intercept | undefined;
  /** It takes neither deposits nor pushes that remove them: as a server whose hooks refuse such refs, or that is very old. */
  takesDeposits = true;
  readonly #commits = new Map<Oid, CommitFacts>();

  constructor(options: MemoryUpstreamOptions = {}) {
    this.objectFormat = options.objectFormat ?? 'sha1';
    this.ref = options.ref ?? 'refs/heads/orc';
    this.intercept = options.intercept;
  }

  get head(): Oid | null {
    return this.refs.get(this.ref) ?? null;
  }

  /** What an administrator can do: sets the branch to any commit of `source`, or removes it. */
  moveHead(head: Oid | null, source?: MemoryStore): void {
    if (head !== null && source !== undefined) copyReachable(source.objects, this.objects, head, this.objectFormat);
    this.#setHead(head);
  }

  transport(store: MemoryStore, options: MemoryTransportOptions = {}): Transport {
    const label = options.label ?? 'memory';
    const shownHead = options.shownHead ?? (() => this.head);
    const shownDeposits = options.shownDeposits ?? (() => this.deposits());
    const ask = async (stage: Stage, oid: Oid | null, timeoutMs: number | undefined) => {
      const info = () => ({ label, oid, head: this.head, timeoutMs });
      return (await this.intercept?.(stage, info())) ?? (await options.intercept?.(stage, info()));
    };
    return {
      label,
      readHead: async ({ timeoutMs } = {}) => {
        const cut = await ask('read-head', null, timeoutMs);
        return cut ? toUnreachable(cut) : { outcome: 'read', head: shownHead() };
      },
      fetch: async ({ timeoutMs, depth, inbox }: FetchOptions = {}) => {
        const cut = await ask('before-fetch', null, timeoutMs);
        if (cut) return toUnreachable(cut);
        const head = shownHead();
        if (head !== null) copyReachable(this.objects, store.objects, head, this.objectFormat, depth);
        const deposits = inbox === true ? new Map(shownDeposits()) : undefined;
        for (const oid of deposits?.values() ?? []) copyReachable(this.objects, store.objects, oid, this.objectFormat);
        const cutLater = await ask('after-fetch', null, timeoutMs);
        if (cutLater) return toUnreachable(cutLater);
        return { outcome: 'fetched', head, ...(deposits === undefined ? {} : { deposits }) };
      },
      push: async (oid, options: PushOptions = {}) => {
        const { timeoutMs, added } = options;
        await added?.store().catch(() => undefined);
        const cut = await ask('before-push', oid, timeoutMs);
        if (cut) {
          if (cut.outcome === 'unknown') void cut.landAfter?.then(() => this.#receive(store, oid, options));
          return { outcome: cut.outcome, reason: cut.reason ?? 'intercepted' };
        }
        const outcome = this.#receive(store, oid, options);
        const cutLater = await ask('after-push', oid, timeoutMs);
        return cutLater ? { outcome: 'unknown', reason: cutLater.reason ?? 'intercepted' } : outcome;
      },
      deposit: async (name, oid, { timeoutMs }) => {
        const cut = await ask('deposit', oid, timeoutMs);
        if (cut) {
          if (cut.outcome === 'unknown') void cut.landAfter?.then(() => this.#takeDeposit(store, name, oid));
          return { outcome: cut.outcome, reason: cut.reason ?? 'intercepted' };
        }
        return this.#takeDeposit(store, name, oid);
      },
    };
  }

  /** The inbox of the branch, by name. */
  deposits(): Map<string, Oid> {
    const named = [...this.refs].map(([ref, oid]) => [depositNameOf(this.ref, ref), oid] as const);
    return new Map(named.filter((each): each is [string, Oid] => each[0] !== null));
  }

  #takeDeposit(store: MemoryStore, name: string, oid: Oid): PushOutcome {
    if (!this.takesDeposits)
      return { outcome: 'rejected', reason: '[remote rejected] (hook declined)', isUnable: true };
    const ref = `${inboxPrefix(this.ref)}${name}`;
    if (this.refs.has(ref)) return { outcome: 'rejected', reason: '[rejected] (already exists)' };
    if (!copyReachable(store.objects, this.objects, oid, this.objectFormat))
      return { outcome: 'rejected', reason: '[remote rejected] (missing necessary objects)' };
    const hasDeposits = this.deposits().size > 0;
    this.refs.set(ref, oid);
    return { outcome: 'taken', hasDeposits };
  }

  /** Takes a commit as a plain push would, only a fast-forward, and removes deposits with it: all or nothing. */
  #receive(store: MemoryStore, oid: Oid, { remove = new Map(), added }: PushOptions): PushOutcome {
    const absent = [...remove].filter(([name, at]) => this.deposits().get(name) !== at).map(([name]) => name);
    if (absent.length > 0) return { outcome: 'rejected', reason: '[rejected] (stale info)', absent };
    if (remove.size > 0 && !this.takesDeposits)
      return { outcome: 'rejected', reason: '[remote rejected] (deletion prohibited)' };
    if (this.head === null && (added?.base ?? null) !== null)
      return { outcome: 'rejected', reason: '[rejected] (stale info)' };
    const outcome = this.#receiveBranch(store, oid);
    if (outcome.outcome !== 'taken') return outcome;
    for (const name of remove.keys()) this.refs.delete(`${inboxPrefix(this.ref)}${name}`);
    return { ...outcome, hasDeposits: this.deposits().size > 0 };
  }

  #receiveBranch(store: MemoryStore, oid: Oid): PushOutcome {
    if (this.head === oid) return { outcome: 'taken' };
    if (!copyReachable(store.objects, this.objects, oid, this.objectFormat)) {
      return { outcome: 'rejected', reason: '[remote rejected] (missing necessary objects)' };
    }
    if (this.head !== null && !this.#isAncestor(this.head, oid)) {
      return { outcome: 'rejected', reason: '[rejected] (fetch first)', isBehind: true };
    }
    this.#setHead(oid);
    return { outcome: 'taken' };
  }

  #setHead(head: Oid | null): void {
    if (head === null) this.refs.delete(this.ref);
    else this.refs.set(this.ref, head);
    this.heads.push(head);
  }

  #isAncestor(ancestor: Oid, descendant: Oid): boolean {
    const depth = this.#facts(ancestor).depth;
    const open = [descendant];
    const seen = new Set(open);
    for (let oid = open.pop(); oid !== undefined; oid = open.pop()) {
      if (oid === ancestor) return true;
      const facts = this.#facts(oid);
      if (facts.depth <= depth) continue;
      for (const parent of facts.parents) {
        if (seen.has(parent)) continue;
        seen.add(parent);
        open.push(parent);
      }
    }
    return false;
  }

  #facts(start: Oid): CommitFacts {
    const open = [start];
    for (let oid = open.at(-1); oid !== undefined; oid = open.at(-1)) {
      const parents = this.#commits.get(oid)?.parents ?? readParents(this.objects, oid);
      const missing = parents.filter((parent) => !this.#commits.has(parent));
      if (missing.length > 0) {
        open.push(...missing);
        continue;
      }
      const depth = 1 + Math.max(0, ...parents.map((parent) => this.#commits.get(parent)?.depth ?? 0));
      this.#commits.set(oid, { parents, depth });
      open.pop();
    }
    return this.#commits.get(start) as CommitFacts; // set by the loop above
  }
}

/**
 * Copies a commit with everything that it leads to, where it is new: what `to` has, it has with all that follows.
 * Nothing is copied, and the answer is false, when `from` lacks something that `to` does not have either.
 */
function copyReachable(
  from: ReadonlyMap<Oid, GitObject>,
  to: Map<Oid, GitObject>,
  head: Oid,
  format: ObjectFormat,
  depth = Number.POSITIVE_INFINITY,
): boolean {
  const copied = new Map<Oid, GitObject>();
  const open = [{ oid: head, depth }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (to.has(next.oid) || copied.has(next.oid)) continue;
    const object = from.get(next.oid);
    if (object === undefined) return false;
    copied.set(next.oid, object);
    const left = object.type === 'commit' ? next.depth - 1 : next.depth;
    for (const oid of listReferences(object, format, left)) open.push({ oid, depth: left });
  }
  for (const [oid, object] of copied) to.set(oid, object);
  return true;
}

function listReferences(object: GitObject, format: ObjectFormat, depth: number): Oid[] {
  if (object.type === 'blob') return [];
  if (object.type === 'tree') {
    const entries = decodeTree(object.bytes, oidLengths[format]);
    return entries.filter((entry) => entry.mode !== '160000').map((entry) => entry.oid);
  }
  const commit = decodeCommit(object.bytes);
  return [commit.tree, ...(depth > 0 ? commit.parents : [])];
}

/** Only parents that are there: a shallow upstream has an edge. */
function readParents(objects: ReadonlyMap<Oid, GitObject>, oid: Oid): Oid[] {
  const object = objects.get(oid);
  if (object === undefined) return [];
  return decodeCommit(object.bytes).parents.filter((parent) => objects.has(parent));
}

function toUnreachable(cut: Interference): Unreachable {
  return { outcome: 'unreachable', reason: cut.reason ?? 'intercepted' };
}
