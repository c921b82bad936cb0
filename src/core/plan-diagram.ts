/** A plan drawn: what runs, what can start, what stands behind it and why. */
import type { Board } from './board.ts';
import { type Diagram, type DiagramEdge, type DiagramNode, type NodeStyle, renderFlowchart } from './mermaid.ts';
import type { PlannedWork } from './plan.ts';
import { nameOf } from './plan-conflicts.ts';
import type { Task } from './records.ts';

/** @param board the one that the plan was made of, with what the plan needed loaded */
export function planMermaid(board: Board, work: PlannedWork): string {
  return renderFlowchart(planDiagram(board, work));
}

function planDiagram(board: Board, work: PlannedWork): Diagram {
  const starting = new Map(work.parallel.map(({ task, agent }) => [nameOf(task), agent]));
  const { tasks: path } = work.critical_path;
  const critical = new Set(path.length < 2 ? [] : path.map(nameOf));
  const names = new Set([
    ...work.running.map(({ task }) => task),
    ...starting.keys(),
    ...work.serial.flatMap(({ tasks }) => tasks),
    ...critical,
  ]);
  const tasks = [...names].flatMap((name) => board.tasks.get(name.slice(name.lastIndexOf('/') + 1)) ?? []);
  const reasons = new Map(
    work.serial.filter(({ tasks: all }) => all.length === 1).map(({ tasks: [name = ''], reason }) => [name, reason]),
  );

  const node = (task: Task): DiagramNode => {
    const name = nameOf(task);
    const who = task.status === 'in_progress' ? task.assigned_to : starting.get(name);
    const more = who ? `-> ${who}` : reasons.get(name);
    const style: NodeStyle = starting.has(name) ? 'start' : task.status;
    const lines = [`${task.id} ${task.title}`, ...(more === undefined ? [] : [more])];
    return { id: task.id, lines, style, isCritical: critical.has(name) };
  };
  const order = [...new Set(tasks.map(({ workstream }) => workstream))].sort();
  return {
    groups: order.map((title) => ({ title, nodes: tasks.filter(({ workstream }) => workstream === title).map(node) })),
    edges: [...dependencies(tasks), ...work.serial.flatMap(apart)],
  };
}

function dependencies(tasks: readonly Task[]): DiagramEdge[] {
  return tasks.flatMap(({ id, depends_on }) => depends_on.map((from) => ({ from, to: id, kind: 'waits' as const })));
}

function apart({ kind, tasks: [first, second] }: PlannedWork['serial'][number]): DiagramEdge[] {
  if (kind !== 'paths' || first === undefined || second === undefined) return [];
  const [from, to] = [first, second].map((name) => name.slice(name.lastIndexOf('/') + 1)) as [string, string];
  return [{ from, to, kind: 'apart', label: 'same files' }];
}
