/**
 * BOARD.md: the board for people on a forge. A pure function of the board and the event log's tail, at most 8 KB.
 *
 * It must come out the same on every machine, whatever closed tasks happen to be loaded there. So the newest results
 * come from the newest event segment (right after a new one begins there are few), and "next" is what waits for
 * no open task: that a dependency was cancelled is not seen here. Times are absolute.
 */
import type { Board } from '../core/board.ts';
import type { Task, Workstream } from '../core/records.ts';
import { compareTasks } from '../core/task-order.ts';
import { fromIso, toIso } from '../core/time.ts';
import { type EventTail, newestCompletions } from './events.ts';
import { compareText } from './faults.ts';
import { cell, table } from './markdown.ts';
import { countActiveAgents, inOrderOfCreation } from './state-file.ts';

/** Bytes. */
export const maxBoardMdSize = 8 * 1024;
const nameLength = 40;
const titleLength = 80;
const nextOfEach = 3;
/** Rows of each table, tried in this order until the whole fits. */
const maxRows = 40;
const rowLimits = [maxRows, 25, 15, 10, 6, 4, 2, 1, 0];

interface Section {
  readonly title: string;
  readonly head: readonly string[];
  readonly empty: string;
  /** How many rows there would be. */
  readonly total: number;
  /** As many of them as could ever be shown: a board may have thousands. */
  readonly rows: readonly (readonly string[])[];
}

export function boardMd(board: Board, tail: EventTail): string {
  const ordered = inOrderOfUrgency(board);
  const tables = [
    working(board.openTasksWith('in_progress')),
    next(board, ordered),
    blocked(board.openTasksWith('blocked')),
  ];
  const sections = [workstreams(board, ordered), ...tables, results(tail), locks(board)];
  let text = '';
  for (const limit of rowLimits) {
    text = render(board, sections, limit);
    if (isShort(text)) break;
  }
  return text;
}

/** No character takes more than three bytes. */
function isShort(text: string): boolean {
  return text.length * 3 <= maxBoardMdSize || new TextEncoder().encode(text).length <= maxBoardMdSize;
}

function render(board: Board, sections: readonly Section[], limit: number): string {
  const { version, updated_at } = board.meta;
  const agents = countActiveAgents(board);
  const lines = [
    `# The board at version ${version}`,
    '',
    `${updated_at === null ? 'Not begun' : `Updated ${time(updated_at)}`}; ${agents} registered ${agents === 1 ? 'agent' : 'agents'}. orc writes this page at every change: edits to it are lost.`,
  ];
  for (const { title, head, rows, total, empty } of sections) {
    lines.push('', `## ${title}`, '');
    if (total === 0) lines.push(empty);
    else if (limit === 0) lines.push(`${total} in all.`);
    else lines.push(...table(head, rows.slice(0, limit)));
    if (limit > 0 && total > limit) lines.push('', `… and ${total - limit} more.`);
  }
  return `${lines.join('\n')}\n`;
}

function section<Item>(
  { title, head, empty }: Pick<Section, 'title' | 'head' | 'empty'>,
  items: readonly Item[],
  toCells: (item: Item) => readonly string[],
): Section {
  const rows = items.length === 0 ? [] : items.slice(0, maxRows).map(toCells);
  return { title, head, empty, total: items.length, rows };
}

function workstreams(board: Board, ordered: readonly Workstream[]): Section {
  const head = ['workstream', 'status', 'priority', 'pending', 'in progress', 'blocked', 'done', 'failed', 'cancelled'];
  return section({ title: 'Workstreams', head, empty: 'None yet.' }, ordered, (workstream) => {
    const { name, status, priority } = workstream;
    const { pending, in_progress, blocked, done, failed, cancelled } = board.countsOf(name);
    const numbers = [priority, pending, in_progress, blocked, done, failed, cancelled].map(String);
    return [cell(name, nameLength), status, ...numbers];
  });
}

function working(inProgress: readonly Task[]): Section {
  const tasks = inProgress.toSorted(
    (a, b) => compareText(a.assigned_to ?? '', b.assigned_to ?? '') || compareTasks(a, b),
  );
  const head = ['agent', 'task', 'workstream', 'title', 'lease until'];
  return section({ title: 'Who works on what', head, empty: 'Nobody works on a task.' }, tasks, (task) => [
    cell(task.assigned_to ?? '', nameLength),
    ...taskCells(task),
    task.claim === null ? '–' : time(task.claim.lease_until),
  ]);
}

function next(board: Board, ordered: readonly Workstream[]): Section {
  const active = ordered.filter(({ status }) => status === 'active');
  const firsts = active.map(({ name }) => firstOnes(board, board.openTasksInOrder('pending', name)));
  // the first of every workstream, then the second: so truncation hits the least urgent
  const ranked: Task[] = [];
  for (let rank = 0; rank < nextOfEach; rank++) for (const tasks of firsts) ranked.push(...tasks.slice(rank, rank + 1));
  const head = ['task', 'workstream', 'title', 'priority'];
  return section({ title: 'Next', head, empty: 'Nothing waits to be done.' }, ranked, (task) => [
    ...taskCells(task),
    String(task.priority),
  ]);
}

/** The first of these that wait for no open task. */
function firstOnes(board: Board, inOrder: readonly Task[]): Task[] {
  const found: Task[] = [];
  for (const task of inOrder) {
    if (task.depends_on.some((id) => board.isOpenTask(id))) continue;
    if (found.push(task) === nextOfEach) break;
  }
  return found;
}

function blocked(tasks: readonly Task[]): Section {
  const head = ['task', 'workstream', 'title', 'newest note'];
  return section({ title: 'Blocked', head, empty: 'Nothing is blocked.' }, tasks.toSorted(compareTasks), (task) => [
    ...taskCells(task),
    cell(task.notes.at(-1)?.text ?? '', titleLength),
  ]);
}

function results(tail: EventTail): Section {
  const head = ['task', 'workstream', 'by', 'result'];
  const events = newestCompletions(tail);
  return section({ title: 'Newest results', head, empty: 'None in the newest events.' }, events, (event) => [
    cell(event.task_id ?? '', nameLength),
    cell(event.workstream ?? '', nameLength),
    cell(event.agent, nameLength),
    cell(typeof event.result === 'string' ? event.result : '', titleLength),
  ]);
}

function locks(board: Board): Section {
  const head = ['resource', 'held by', 'kind', 'until'];
  const held = [...board.locks.loaded()].sort((a, b) => compareText(a.resource, b.resource));
  return section({ title: 'Locks', head, empty: 'None are held.' }, held, ({ resource, shared, holders }) => {
    const ends = holders.map(({ expires_at }) => expires_at).sort((a, b) => fromIso(a) - fromIso(b));
    const agents = holders.map(({ agent }) => agent).join(', ');
    return [
      cell(resource, nameLength * 2),
      cell(agents, nameLength),
      shared ? 'shared' : 'exclusive',
      time(ends.at(-1) ?? ''),
    ];
  });
}

/** A record does not change; most of those that are shown were shown before the last operation, too. */
const known = new WeakMap<Task, readonly string[]>();

function taskCells(task: Task): readonly string[] {
  let cells = known.get(task);
  if (cells === undefined) {
    cells = [task.id, cell(task.workstream, nameLength), cell(task.title, titleLength)];
    known.set(task, cells);
  }
  return cells;
}

function inOrderOfUrgency(board: Board): Workstream[] {
  const rank = { active: 0, paused: 1, archived: 2 } as const;
  return inOrderOfCreation(board.workstreams.loaded()).sort(
    (a, b) => rank[a.status] - rank[b.status] || a.priority - b.priority,
  );
}

/** `2026-02-06 07:36 UTC` */
function time(iso: string): string {
  const ms = fromIso(iso);
  return Number.isNaN(ms) ? '–' : `${toIso(ms).slice(0, 16).replace('T', ' ')} UTC`;
}
