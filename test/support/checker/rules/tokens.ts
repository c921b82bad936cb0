/**
 * Rule 6: tokens rise, one holder at a time, and nobody works with an outdated one. Judged by the files and trailers
 * alone, not by the model: two looks at the same promise.
 */
import type { Fold, FoldedCommit } from '../fold.ts';
import { globOf, globsMeet } from '../model/names.ts';
import { parseRecord } from '../model/parse.ts';
import type { Holder, Lock, Task } from '../model/records.ts';
import { decodeText, type TreeEntry } from '../objects.ts';
import type { Trailers } from '../types.ts';
import { Findings } from './rule.ts';

const holderWork: ReadonlySet<string> = new Set([
  'task.renew',
  'task.complete',
  'task.fail',
  'task.release',
  'task.block',
  'lock.renew',
  'lock.release',
]);
/** Who may end a claim or a hold beside its holder. */
const endings: ReadonlySet<string> = new Set(['task.cancel', 'agent.retire', 'lock.break']);

interface Held {
  readonly agent: string | null;
  readonly id: string;
  readonly token: number;
  readonly until: string;
  /** Nobody can prove it: its agent's word is taken. */
  readonly isImported: boolean;
}

export class Tokens {
  readonly findings = new Findings(6);
  /** The highest token that each task and lock ever had; it outlives the record. */
  private readonly highest = new Map<string, { readonly token: number; readonly id: string }>();
  /** Tokens by claim id: one claim, one token. */
  private readonly tokens = new Map<string, number>();
  private readonly locks = new Map<string, Lock>();

  /** After the fold took the commit. `skewMs` as it was before it. */
  see(folded: FoldedCommit, fold: Fold, skewMs: number): void {
    const { commit, trailers, changes } = folded;
    const where = { commit: commit.oid, ...(trailers === null ? {} : { op: trailers.operation.id }) };
    const tasks = new Map<string, { before: Task | null; after: Task | null }>();
    for (const { path, before, after } of changes) {
      if (!path.startsWith('tasks/') && !path.startsWith('locks/')) continue;
      const [old, young] = [this.record(fold, path, before), this.record(fold, path, after)];
      for (const [side, record] of [
        ['before', old],
        ['after', young],
      ] as const) {
        if (record?.what !== 'task') continue;
        const pair = tasks.get(record.key) ?? { before: null, after: null };
        tasks.set(record.key, { ...pair, [side]: record.after });
      }
      const [was, is] = [old?.what === 'lock' ? old.after : null, young?.what === 'lock' ? young.after : null];
      if (was !== null && is === null) this.locks.delete(was.resource);
      if (is !== null) this.locks.set(is.resource, is);
      if (was !== null || is !== null) this.seeLock(was, is, trailers, skewMs, where);
    }
    for (const [id, { before, after }] of tasks)
      this.seeHeld(`task ${id}`, heldTask(before), heldTask(after), trailers, skewMs, where);
    if (trailers !== null) this.seeTrailers(trailers, where);
  }

  private record(fold: Fold, path: string, entry: TreeEntry | null) {
    return entry === null || entry.mode !== '100644'
      ? null
      : parseRecord(path, decodeText(fold.reader.blob(entry.oid)));
  }

  private seeTrailers({ token, version }: Trailers, where: object): void {
    if (token !== null && token !== version) this.findings.add(`token ${token} in version ${version}`, where);
  }

  private seeLock(
    before: Lock | null,
    after: Lock | null,
    trailers: Trailers | null,
    skewMs: number,
    where: object,
  ): void {
    const resource = (after ?? before)?.resource ?? '';
    const ids = new Set(
      [...(before?.holders ?? []), ...(after?.holders ?? [])].map((holder) => `${holder.id} ${holder.agent}`),
    );
    for (const id of ids) {
      const [was, is] = [holderOf(before, id), holderOf(after, id)];
      this.seeHeld(`lock ${resource}`, was, is, trailers, skewMs, where);
    }
    if (after === null) return;
    if (!after.shared && after.holders.length > 1)
      this.findings.add(`lock ${resource} has ${after.holders.length} holders`, where);
    if (after.shared && before !== null && !before.shared && after.holders.length > 1)
      this.findings.add(`lock ${resource} became shared with a holder of its own`, where);
    const at = trailers === null ? Number.NaN : Date.parse(trailers.at);
    const glob = globOf(resource);
    for (const lock of glob === null ? [] : this.locks.values()) {
      const other = globOf(lock.resource);
      if (lock.resource === resource || other === null || glob === null || (lock.shared && after.shared)) continue;
      if (!globsMeet(glob, other)) continue;
      const agents = new Set(after.holders.map(({ agent }) => agent));
      const live = lock.holders.filter(
        (holder) => !agents.has(holder.agent) && Date.parse(holder.expires_at) + skewMs > at,
      );
      if (live.length > 0) this.findings.add(`lock ${resource} beside ${lock.resource} of ${live[0]?.agent}`, where);
    }
  }

  private seeHeld(
    what: string,
    before: Held | null,
    after: Held | null,
    trailers: Trailers | null,
    skewMs: number,
    where: object,
  ): void {
    if (trailers === null || (before === null && after === null)) return;
    this.findings.judged += 1;
    const { operation, version, at } = trailers;
    const { kind, args } = operation;
    if (after !== null && after.id !== before?.id) {
      const highest = this.highest.get(what) ?? { token: 0, id: '' };
      // the holders of a shared lock that an import brings have one token
      if (after.token < highest.token || (after.token === highest.token && after.id !== highest.id))
        this.findings.add(`${what} has token ${after.token} after ${highest.token}`, where);
      if (after.token !== version) this.findings.add(`${what} has token ${after.token} in version ${version}`, where);
      if (after.id !== operation.id) this.findings.add(`${what} is held by ${after.id}, which did not claim it`, where);
      if (after.token > highest.token) this.highest.set(what, { token: after.token, id: after.id });
    }
    if (after !== null) {
      const token = this.tokens.get(`${what} ${after.id}`) ?? after.token;
      if (token !== after.token) this.findings.add(`${what} changed its token from ${token} to ${after.token}`, where);
      this.tokens.set(`${what} ${after.id}`, token);
    }
    if (before === null) return;
    const isLive = Date.parse(before.until) + skewMs > Date.parse(at);
    const isEnded = after === null || after.id !== before.id;
    const isShown = args.token !== undefined || args.claim !== undefined;
    const isProven =
      operation.agent === before.agent &&
      (isShown || before.isImported) &&
      (args.token ?? before.token) === before.token &&
      (args.claim ?? before.id) === before.id;
    const isTask = what.startsWith('task ');
    const isWork = holderWork.has(kind) && (isTask ? args.id : args.resource) === what.slice(5);
    // Taking a claim back is its holder's to do, as releasing is.
    const isHandedBack = isTask && kind === 'undo' && isEnded;
    // a new hold in the place of one's own: exclusive from now on, or proven from now on
    const isRenewed = kind === 'lock.acquire' && !isTask && args.resource === what.slice(5) && isProven;
    const isExtended = !isTask && after?.id === before.id && after.until !== before.until;
    if (!isProven && ((isTask && isWork) || isExtended || isHandedBack))
      this.findings.add(`${kind} of ${what} by ${operation.agent} without the token of its holder`, where);
    else if (isEnded && isLive && !endings.has(kind) && !((isWork || isHandedBack) && isProven) && !isRenewed)
      this.findings.add(`${kind} took ${what} from ${before.agent} before its time was up`, where);
  }
}

function heldTask(task: Task | null): Held | null {
  if (task?.claim === null || task === null) return null;
  const { id, token, lease_until: until } = task.claim;
  return { agent: task.assigned_to, id, token, until, isImported: false };
}

function holderOf(lock: Lock | null, key: string): Held | null {
  const holder: Holder | undefined = lock?.holders.find(({ id, agent }) => `${id} ${agent}` === key);
  if (holder === undefined) return null;
  const { agent, id, token, expires_at: until, imported } = holder;
  return { agent, id, token, until, isImported: imported === true };
}
