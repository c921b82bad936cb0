/** Asking for `undo`: which mutation is meant, and what proves the claim that goes with it. */
import type { PastMutation } from '../core/operation.ts';
import type { Knowledge, Task, Workstream } from '../core/records.ts';
import { OrcError } from '../errors.ts';
import { findMutation } from '../sync/past.ts';
import type { OrcCore } from './orc-core.ts';
import type { MutationOptions } from './perform.ts';
import type { Performed } from './performed.ts';
import { setAsideError } from './set-aside.ts';

export interface UndoOptions extends MutationOptions {
  readonly reason?: string | undefined;
  /** The fencing token, where a claim is taken back that was not made here. */
  readonly token?: number | undefined;
}

export interface Undone {
  /** The version that was taken back. */
  readonly undone: number;
  readonly kind: string;
  /** Who had done it. */
  readonly agent: string;
  /** What it was about: `revenue/1a2b3c4d`, a workstream, a topic. */
  readonly target: string;
  /** The record as it is now; `null`: it is gone. */
  readonly record: Task | Workstream | Knowledge | null;
}

/**
 * Takes the mutation of a published version back.
 * @throws OrcError `not-found`, `conflict` (something was built on it, or it is not published yet), `not-undoable`, `not-holder`,
 *   `board-unreadable`, `stale-token`, `archived`, `has-open-tasks`, `dependency-cycle`, `not-published`
 */
export async function undoVersion(
  orc: OrcCore,
  version: number,
  options: UndoOptions = {},
): Promise<Performed<Undone>> {
  const { reason, token, ...rest } = options;
  const { session, store } = orc.connection;
  const published = await session.view.head();
  await refuseTentative(orc, version, published.read.board.meta.version);
  const known = await findMutation(store, published.commit, version);
  const past = known === null || known === 'cut' ? null : known;
  const task = taskOf(past);
  // Whoever takes a claim back acts as its holder, as for releasing it.
  const agent = await orc.actor(options.agent, task === null ? undefined : 'task.release', { id: task?.id });
  const hold = task === null ? null : await orc.holds.find('task', task.id);
  const args = {
    version,
    ...(past === null ? {} : { op: past.op }),
    ...(reason === undefined ? {} : { reason }),
    ...(token === undefined ? (hold?.agent === agent ? { claim: hold.claim } : {}) : { token }),
  };
  const performed = await orc.perform<Undone['record']>('undo', args, { ...rest, agent }).catch(async (error) => {
    // A closed task is read for this alone: one whose file somebody broke was not found, and is there.
    const isMissing = error instanceof OrcError && error.code === 'not-found' && task !== null;
    throw (isMissing ? await setAsideError(orc, 'tasks', task.id) : null) ?? error;
  });
  const { data, state } = performed;
  if (state !== 'unknown' && task !== null && (data as Task | null)?.status !== 'in_progress')
    await orc.holds.forget('task', task.id);
  // It was not known here before it was asked for; now it is.
  const told = past ?? (await findMutation(store, (await session.view.head()).commit, version));
  const { kind = '', agent: by = '' } = told === null || told === 'cut' ? {} : told;
  const target = told === null || told === 'cut' ? '' : targetOf(told);
  return { ...performed, data: { undone: version, kind, agent: by, target, record: data } };
}

/** The number of what waits may become another one's when it is published. */
async function refuseTentative({ connection }: OrcCore, version: number, published: number): Promise<void> {
  // What is no version is refused as such.
  if (!(version > published)) return;
  const local = await connection.session.localHead();
  if (version > local.read.board.meta.version) return;
  throw new OrcError('conflict', `version ${version} is not published yet: its number may change`, {
    hint: '`orc sync` publishes it',
  });
}

function taskOf(past: PastMutation | null): Task | null {
  const change = past?.changes.find(({ collection }) => collection === 'tasks');
  return change === undefined ? null : ((change.after ?? change.before) as Task);
}

function targetOf(past: PastMutation): string {
  const task = taskOf(past);
  if (task !== null) return `${task.workstream}/${task.id}`;
  const others = ['workstreams', 'knowledge', 'locks', 'agents'];
  return past.changes.find(({ collection }) => others.includes(collection))?.key ?? '';
}
