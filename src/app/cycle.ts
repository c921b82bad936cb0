/** The cycle: plan the work, brief those who do it, collect what came of it. */
import type { Task } from '../core/records.ts';
import { toIso } from '../core/time.ts';
import { openBriefs } from './brief.ts';
import { nameOf, type PlannedWorkstream, planWork, type SerialGroup } from './cycle-plan.ts';
import { skewOf } from './listing.ts';
import type { OrcCore } from './orc-core.ts';
import { staleAfterMs } from './status.ts';

export { type Brief, makeBrief } from './brief.ts';
export { type Collected, collectResults, collectText } from './cycle-collect.ts';

export interface Plan {
  readonly generated_at: string;
  readonly workstreams: readonly PlannedWorkstream[];
  /** What can start now, all of it at the same time. `agent`: who could do it; `null` when nobody free is registered. */
  readonly recommended_parallel: readonly {
    readonly workstream: string;
    readonly task: Task;
    readonly agent: string | null;
    readonly brief: string;
  }[];
  /** What must not run at the same time, or not yet, and why. */
  readonly recommended_serial: readonly SerialGroup[];
}

export async function makePlan(orc: OrcCore): Promise<Plan> {
  const head = await orc.head();
  const at = orc.world.clock.now();
  const { workstreams, parallel, serial } = await orc.ask(
    (board) => planWork(board, { at, clockSkewMs: skewOf(orc, board) }, staleAfterMs),
    head,
  );
  const brief = await openBriefs(orc, head);
  const recommended: Plan['recommended_parallel'][number][] = [];
  for (const { task, agent } of parallel) {
    const { markdown } = await brief(task, agent === null ? {} : { agent });
    recommended.push({ workstream: task.workstream, task, agent, brief: markdown });
  }
  return { generated_at: toIso(at), workstreams, recommended_parallel: recommended, recommended_serial: serial };
}

export function planText(plan: Plan): string {
  const { workstreams, recommended_parallel: parallel, recommended_serial: serial } = plan;
  return [
    '=== orc plan ===',
    `Made: ${plan.generated_at}`,
    '',
    '--- Workstreams ---',
    ...workstreams.map(({ name, priority, next_task: next, pending_count: pending }) => {
      const what = next === null ? 'nothing is ready' : `next ${next.id} ${next.title} (P${next.priority})`;
      return `[P${priority}] ${name}: ${what} | ${pending} pending`;
    }),
    ...(workstreams.length === 0 ? ['(no open work)'] : []),
    '',
    '--- At the same time ---',
    ...parallel.map(({ task, agent }) => `${nameOf(task)} ${task.title}${agent === null ? '' : ` (${agent} is free)`}`),
    ...(parallel.length === 0 ? ['(nothing can start)'] : []),
    '',
    '--- One after the other ---',
    ...serial.map(({ reason, tasks }) => `${tasks.join(', then ')}: ${reason}`),
    ...(serial.length === 0 ? ['(nothing)'] : []),
  ].join('\n');
}
