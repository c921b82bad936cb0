/** Lists of records as all surfaces show them: which, and in what order. */
import { insteadOfWorkstream } from '../core/operations/support.ts';
import { compareAcrossWorkstreams, isGivenOut } from '../core/readiness.ts';
import { type Agent, closedStatuses, type Task, type TaskStatus } from '../core/records.ts';
import { OrcError } from '../errors.ts';
import type { OrcCore } from './orc-core.ts';
import { skewOf } from './skew.ts';
import { staleAfterMs } from './status.ts';
import { showTask, waitingOperations } from './tentative-claims.ts';

export interface TaskFilter {
  readonly workstream?: string | undefined;
  readonly status?: TaskStatus | undefined;
  readonly label?: string | undefined;
  /** Held by this agent. */
  readonly assignedTo?: string | undefined;
  /** Only those that this agent's `next` could be given now. */
  readonly readyFor?: string | undefined;
  /** Closed ones too, which are read from the archive. */
  readonly withClosed?: boolean | undefined;
}

/** By workstream, each in the order of `next`. @throws OrcError `not-found` for an unknown workstream */
export async function listTasks(orc: OrcCore, filter: TaskFilter): Promise<Task[]> {
  const head = await orc.head();
  const { board } = head.read;
  if (filter.workstream !== undefined) await requireWorkstream(orc, filter.workstream);
  const isClosedAsked =
    filter.status !== undefined && (closedStatuses as readonly TaskStatus[]).includes(filter.status);
  const closed = filter.withClosed === true || isClosedAsked ? await orc.closedTasks(head) : [];
  const waiting = await waitingOperations(orc);
  const wanted = [...board.openTasks(), ...closed]
    .map((task) => showTask(task, waiting))
    .filter((task) => fits(task, filter))
    .sort(compareAcrossWorkstreams(board));
  const { readyFor } = filter;
  if (readyFor === undefined) return wanted;
  const at = orc.world.clock.now();
  return orc.ask(
    (asked) => wanted.filter((task) => isGivenOut(asked, task, readyFor, { at, clockSkewMs: skewOf(orc, asked) })),
    head,
  );
}

/** Not retired, by id. */
export async function listAgents(orc: OrcCore): Promise<(Agent & { readonly stale: boolean })[]> {
  const now = orc.world.clock.now();
  return orc.ask((board) =>
    [...board.agents.loaded()]
      .filter(({ status }) => status !== 'retired')
      .map((agent) => ({ ...agent, stale: now - Date.parse(agent.last_seen) > staleAfterMs }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
  );
}

/** @throws OrcError `not-found`, naming those that there are */
export async function requireWorkstream(orc: OrcCore, name: string): Promise<void> {
  const known = await orc.ask((board) => [...board.workstreams.loaded()].map((workstream) => workstream.name));
  if (known.includes(name)) return;
  throw new OrcError('not-found', `workstream "${name}" not found`, {
    hint: insteadOfWorkstream(name, known),
  });
}

function fits(task: Task, { workstream, status, label, assignedTo }: TaskFilter): boolean {
  return (
    (workstream === undefined || task.workstream === workstream) &&
    (status === undefined || task.status === status) &&
    (label === undefined || task.labels.includes(label)) &&
    (assignedTo === undefined || task.assigned_to === assignedTo)
  );
}
