/** Tasks below one another, and tasks that wait for one another, as lines. */
import type { TreeEntry } from '../../app/task-views.ts';
import type { GraphNode, TaskGraph } from '../../core/task-graph.ts';
import type { Look } from '../look.ts';
import { shortSum } from './roll-up.ts';
import { statusColours } from './task.ts';

/** Deeper ones stand below the deepest that there is room for. */
const deepest = 20;

export function treeLines(entries: readonly TreeEntry[], look: Look): string[] {
  if (entries.length === 0) return ['No tasks.'];
  return entries.map(({ depth, status, id, title, assigned_to: who, descendants }) => {
    const indent = '  '.repeat(Math.min(depth, deepest));
    const mark = `[${status}]`;
    const sum = descendants === null ? '' : ` (${shortSum(descendants)})`;
    const text = look.line(`${id}: ${title}${who === null ? '' : ` -> ${who}`}${sum}`, indent.length + mark.length + 1);
    return `${indent}${look.style(statusColours[status], mark)} ${text}`;
  });
}

export function graphLines({ nodes, edges }: TaskGraph, look: Look): string[] {
  if (nodes.length === 0) return ['No tasks.'];
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const needs = new Map<string, GraphNode[]>();
  for (const { from, to } of edges) {
    const node = byId.get(from);
    if (node !== undefined) needs.set(to, [...(needs.get(to) ?? []), node]);
  }
  return nodes.flatMap((node) => [
    nodeLine(node, look),
    ...(needs.get(node.id) ?? []).map((each) => `  after ${nodeLine(each, look, 8)}`),
  ]);
}

function nodeLine(
  { status, workstream, id, title, assigned_to: who, is_critical }: GraphNode,
  look: Look,
  room = 0,
): string {
  const mark = `[${status}]`;
  const more = `${who === null ? '' : ` -> ${who}`}${is_critical ? ' [critical path]' : ''}`;
  return `${look.style(statusColours[status], mark)} ${look.line(`${workstream}/${id} ${title}${more}`, room + mark.length + 1)}`;
}
