/** The cycle: plan the work, brief those who do it, collect what came of it. */
import type { Board } from '../core/board.ts';
import { type PlannedWork, planWork } from '../core/plan.ts';
import { planMermaid } from '../core/plan-diagram.ts';
import type { Task } from '../core/records.ts';
import { toIso } from '../core/time.ts';
import type { Head } from '../sync/head.ts';
import { openBriefs } from './brief.ts';
import type { OrcCore } from './orc-core.ts';
import { skewOf } from './skew.ts';
import { staleAfterMs } from './status.ts';

export { type Brief, makeBrief } from './brief.ts';
export { type Collected, collectResults, collectText } from './cycle-collect.ts';

/** Plain JSON; the first four are those of the original tool. */
export interface Plan extends Omit<PlannedWork, 'parallel' | 'serial'> {
  readonly generated_at: string;
  /** What can start now, all of it at the same time. `agent`: who could do it; `null`: it needs nothing, so whoever comes may. */
  readonly recommended_parallel: readonly {
    readonly workstream: string;
    readonly task: Task;
    readonly agent: string | null;
    readonly is_critical: boolean;
    readonly brief: string;
  }[];
  /** What must not run at the same time, or not yet, and why. */
  readonly recommended_serial: PlannedWork['serial'];
}

/** A plan without briefs: for whoever shows or keeps it, and briefs nobody. */
export interface PlanOutline extends Omit<Plan, 'recommended_parallel'> {
  readonly recommended_parallel: readonly Omit<Plan['recommended_parallel'][number], 'brief'>[];
}

export async function outlinePlan(orc: OrcCore, head: Head): Promise<PlanOutline> {
  const at = orc.world.clock.now();
  const { parallel, serial, workstreams, ...rest } = await orc.ask((board) => planAt(orc, board, at), head);
  return {
    generated_at: toIso(at),
    workstreams,
    recommended_parallel: parallel.map(({ task, agent, is_critical }) => ({
      workstream: task.workstream,
      task,
      agent,
      is_critical,
    })),
    recommended_serial: serial,
    ...rest,
  };
}

export async function makePlan(orc: OrcCore): Promise<Plan> {
  const head = await orc.head();
  const outline = await outlinePlan(orc, head);
  const brief = await openBriefs(orc, head);
  const recommended: Plan['recommended_parallel'][number][] = [];
  for (const each of outline.recommended_parallel) {
    const { markdown } = await brief(each.task, each.agent === null ? {} : { agent: each.agent });
    recommended.push({ ...each, brief: markdown });
  }
  return { ...outline, recommended_parallel: recommended };
}

/** The plan as a flowchart in Mermaid. */
export async function drawPlan(orc: OrcCore): Promise<string> {
  const at = orc.world.clock.now();
  return orc.ask((board) => planMermaid(board, planAt(orc, board, at)));
}

function planAt(orc: OrcCore, board: Board, at: number): PlannedWork {
  return planWork(board, { at, clockSkewMs: skewOf(orc, board) }, staleAfterMs);
}
