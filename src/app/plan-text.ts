/** A plan as lines for people. */
import { formatWork } from '../core/estimate.ts';
import { nameOf } from '../core/plan-conflicts.ts';
import type { PlanOutline } from './cycle.ts';

export function planText(plan: PlanOutline): string {
  const { workstreams, recommended_parallel: parallel, recommended_serial: serial, left_out: leftOut } = plan;
  const path = new Set(plan.critical_path.tasks.map(nameOf));
  const mark = (task: string): string => (path.size > 1 && path.has(task) ? criticalMark : '');
  const held = serial.filter(({ kind }) => kind !== 'dependency');
  return [
    '=== orc plan ===',
    `Made: ${plan.generated_at}`,
    '',
    '--- Workstreams ---',
    ...workstreams.map(({ name, priority, next_task: next, pending_count: pending, ready }) => {
      const what = next === null ? 'nothing is ready' : `next ${next.id} ${next.title} (P${next.priority})`;
      return `[P${priority}] ${name}: ${what} | ${pending} pending${ready.length === 0 ? '' : `, ${ready.length} ready`}`;
    }),
    ...(workstreams.length === 0 ? ['(no open work)'] : []),
    ...section(
      'At work',
      plan.running.map(({ task, title, agent }) => `${task} ${title}${agent === null ? '' : ` -> ${agent}`}`),
    ),
    '',
    `--- At the same time${counted(parallel.length)} ---`,
    ...parallel.map(({ task, agent, is_critical: isCritical }) => {
      const who = agent === null ? '' : ` (${agent} is free)`;
      return `${nameOf(task)} ${task.title}${who}${isCritical ? criticalMark : ''}`;
    }),
    ...(parallel.length === 0 ? ['(nothing can start)'] : []),
    ...(leftOut === 0 ? [] : [`(${leftOut} more are ready and were not looked at)`]),
    '',
    `--- One after the other${counted(held.length)} ---`,
    ...held.map(
      ({ reason, tasks, waits }) =>
        `${waits.map(({ task, title }) => `${task} ${title}${mark(task)}`).join(', ')}${afterFirst(tasks)}: ${reason}`,
    ),
    ...(serial.length === 0 ? ['(nothing)'] : []),
    ...serial
      .filter(({ kind }) => kind === 'dependency')
      .map(({ tasks: [first, ...others] }) => {
        return `after ${first}: ${others.slice(0, shownDependents).join(', ')}${more(others.length - shownDependents)}`;
      }),
    ...section('Agents', agentLines(plan)),
    ...section('Critical path', pathLines(plan)),
  ].join('\n');
}

const criticalMark = ' [critical path]';
/** How many of the tasks that wait for one are named. */
const shownDependents = 4;

function afterFirst(tasks: readonly string[]): string {
  return tasks.length < 2 ? '' : `, after ${tasks[0]}`;
}

function more(count: number): string {
  return count <= 0 ? '' : ` and ${count} more`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `--- ${title} ---`, ...lines];
}

function counted(count: number): string {
  return count === 0 ? '' : ` (${count})`;
}

function agentLines({ agents, missing }: PlanOutline): string[] {
  const waiting = missing.map(({ capabilities, count, tasks }) => {
    const which = `${tasks.slice(0, 3).join(', ')}${more(tasks.length - 3)}`;
    return `${count} more with ${capabilities.join(' and ')} would find work: ${which}`;
  });
  if (agents.length === 0) return waiting;
  const atWork = agents.filter(({ tasks }) => tasks.length > 0).length;
  const given = agents.filter(({ task }) => task !== null).length;
  const idle = agents.filter(({ task, tasks }) => task === null && tasks.length === 0).map(({ id }) => id);
  const rest = idle.length === 0 ? '' : `, nothing for ${idle.join(', ')}`;
  return [`${agents.length} live: ${atWork} at work, ${given} to start${rest}`, ...waiting];
}

/** A path of one task says nothing that is not seen above. */
function pathLines({ critical_path: { tasks, length, unit } }: PlanOutline): string[] {
  if (tasks.length < 2) return [];
  const work = unit === 'tasks' ? '' : `, ${formatWork(length, unit)}`;
  return [
    `${tasks.length} tasks in a row${work}:`,
    ...tasks.map((task) => `${nameOf(task)} ${task.title}${task.status === 'pending' ? '' : ` [${task.status}]`}`),
  ];
}
