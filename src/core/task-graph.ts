/** Which tasks wait for which, as nodes and edges. */
import { type DiagramNode, renderFlowchart } from './mermaid.ts';
import type { Task } from './records.ts';

export interface GraphNode extends Pick<Task, 'id' | 'workstream' | 'title' | 'status' | 'priority' | 'assigned_to'> {
  /** Of the longest chain of open tasks. */
  readonly is_critical: boolean;
}

export interface GraphEdge {
  /** Has to be done first. */
  readonly from: string;
  readonly to: string;
}

export interface TaskGraph {
  /** What has to be done first comes first. */
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** @param tasks all nodes; dependencies on others are left out @param compare the order among those that could come next */
export function buildGraph(
  tasks: readonly Task[],
  critical: ReadonlySet<string>,
  compare: (a: Task, b: Task) => number,
): TaskGraph {
  const ordered = dependenciesFirst([...tasks].sort(compare));
  const known = new Set(ordered.map(({ id }) => id));
  return {
    nodes: ordered.map(({ id, workstream, title, status, priority, assigned_to }) => {
      return { id, workstream, title, status, priority, assigned_to, is_critical: critical.has(id) };
    }),
    edges: ordered.flatMap(({ id, depends_on }) =>
      [...new Set(depends_on)].filter((from) => known.has(from)).map((from) => ({ from, to: id })),
    ),
  };
}

export function graphMermaid({ nodes, edges }: TaskGraph): string {
  const names = [...new Set(nodes.map(({ workstream }) => workstream))].sort();
  const draw = ({ id, title, status, assigned_to: who, is_critical }: GraphNode): DiagramNode => {
    const more = status === 'in_progress' && who !== null ? [`-> ${who}`] : [];
    return { id, lines: [`${id} ${title}`, ...more], style: status, isCritical: is_critical };
  };
  return renderFlowchart({
    groups: names.map((title) => ({
      title,
      nodes: nodes.filter(({ workstream }) => workstream === title).map(draw),
    })),
    edges: edges.map(({ from, to }) => ({ from, to, kind: 'waits' })),
  });
}

/** Each task after those that it waits for, otherwise in the given order; what waits for itself comes as it is found. */
function dependenciesFirst(sorted: readonly Task[]): Task[] {
  const byId = new Map(sorted.map((task) => [task.id, task]));
  const ordered: Task[] = [];
  const entered = new Set<string>();
  for (const top of sorted) {
    const stack: { readonly task: Task; readonly isLeft: boolean }[] = [{ task: top, isLeft: false }];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const { task, isLeft } = next;
      if (isLeft) ordered.push(task);
      else if (!entered.has(task.id)) {
        entered.add(task.id);
        stack.push({ task, isLeft: true });
        for (const id of [...task.depends_on].reverse()) {
          const before = byId.get(id);
          if (before !== undefined && !entered.has(id)) stack.push({ task: before, isLeft: false });
        }
      }
    }
  }
  return ordered;
}
