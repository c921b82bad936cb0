/** `BOARD.md`. Its form is nowhere written down but in what orc writes; what it says is a function of the board alone. */
import { activeAgents, type BoardModel, compareText, inOrderOfCreation } from './board.ts';
import { inOrderOfNext } from './claims.ts';
import type { Task, Workstream } from './records.ts';

const maxBytes = 8192;
/** Rows of each table; the first number with which the page fits counts. */
const rowCounts = [40, 25, 15, 10, 6, 4, 2, 1, 0];
const short = 40;
const long = 80;
const ofEach = 3;
const newest = 8;

interface Part {
  readonly title: string;
  readonly columns: readonly string[];
  readonly nothing: string;
  readonly total: number;
  readonly rows: readonly (readonly string[])[];
}

export function boardPage(board: BoardModel): string {
  const parts = [workstreams(board), working(board), next(board), blocked(board), results(board), locks(board)];
  let page = '';
  for (const count of rowCounts) {
    page = render(board, parts, count);
    if (Buffer.byteLength(page) <= maxBytes) break;
  }
  return page;
}

function render(board: BoardModel, parts: readonly Part[], count: number): string {
  const { version, updatedAt } = board.meta;
  const agents = activeAgents(board);
  const lines = [
    `# The board at version ${version}`,
    '',
    `Updated ${minute(updatedAt ?? '')}; ${agents} registered ${agents === 1 ? 'agent' : 'agents'}. orc writes this page at every change: edits to it are lost.`,
  ];
  for (const { title, columns, nothing, total, rows } of parts) {
    lines.push('', `## ${title}`, '');
    if (total === 0) lines.push(nothing);
    else if (count === 0) lines.push(`${total} in all.`);
    else {
      for (const row of [columns, columns.map(() => '---'), ...rows.slice(0, count)])
        lines.push(`| ${row.join(' | ')} |`);
      if (total > count) lines.push('', `… and ${total - count} more.`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function part<Item>(
  title: string,
  columns: readonly string[],
  nothing: string,
  items: readonly Item[],
  row: (item: Item) => readonly string[],
): Part {
  return { title, columns, nothing, total: items.length, rows: items.slice(0, rowCounts[0]).map(row) };
}

function byUrgency(board: BoardModel): Workstream[] {
  const rank = ['active', 'paused', 'archived'];
  return inOrderOfCreation(board.workstreams.values()).sort(
    (a, b) => rank.indexOf(a.status) - rank.indexOf(b.status) || a.priority - b.priority,
  );
}

function workstreams(board: BoardModel): Part {
  const columns = [
    'workstream',
    'status',
    'priority',
    'pending',
    'in progress',
    'blocked',
    'done',
    'failed',
    'cancelled',
  ];
  return part('Workstreams', columns, 'None yet.', byUrgency(board), ({ name, status, priority }) => {
    const counts = board.countsOf(name);
    const { pending, in_progress, blocked, done, failed, cancelled } = counts;
    const numbers = [priority, pending, in_progress, blocked, done, failed, cancelled];
    return [shown(name, short), status, ...numbers.map(String)];
  });
}

function withStatus(board: BoardModel, status: Task['status']): Task[] {
  return [...board.openTasks.values()].filter((task) => task.status === status);
}

function named({ id, workstream, title }: Task): string[] {
  return [id, shown(workstream, short), shown(title, long)];
}

function working(board: BoardModel): Part {
  const tasks = withStatus(board, 'in_progress').sort(
    (a, b) => compareText(a.assigned_to ?? '', b.assigned_to ?? '') || inOrderOfNext(a, b),
  );
  const columns = ['agent', 'task', 'workstream', 'title', 'lease until'];
  return part('Who works on what', columns, 'Nobody works on a task.', tasks, (task) => [
    shown(task.assigned_to ?? '', short),
    ...named(task),
    minute(task.claim?.lease_until ?? ''),
  ]);
}

/** Pending tasks that wait for no open one, at most three of each active workstream: all the firsts, then the seconds. */
function next(board: BoardModel): Part {
  const tasksByWorkstream = new Map<string, Task[]>();
  for (const task of withStatus(board, 'pending')) {
    const first = tasksByWorkstream.get(task.workstream) ?? [];
    tasksByWorkstream.set(task.workstream, first);
    const last = first[ofEach - 1];
    if (last !== undefined && inOrderOfNext(last, task) < 0) continue;
    if (task.depends_on.some((id) => board.openTasks.has(id))) continue;
    first.push(task);
    first.sort(inOrderOfNext).splice(ofEach);
  }
  const active = byUrgency(board).filter(({ status }) => status === 'active');
  const tasks: Task[] = [];
  for (let rank = 0; rank < ofEach; rank++) {
    for (const { name } of active) {
      const task = tasksByWorkstream.get(name)?.[rank];
      if (task !== undefined) tasks.push(task);
    }
  }
  return part('Next', ['task', 'workstream', 'title', 'priority'], 'Nothing waits to be done.', tasks, (task) => [
    ...named(task),
    String(task.priority),
  ]);
}

function blocked(board: BoardModel): Part {
  const tasks = withStatus(board, 'blocked').sort(inOrderOfNext);
  return part('Blocked', ['task', 'workstream', 'title', 'newest note'], 'Nothing is blocked.', tasks, (task) => [
    ...named(task),
    shown(task.notes.at(-1)?.text ?? '', long),
  ]);
}

/** From the newest segment of the log alone. */
function results(board: BoardModel): Part {
  const found: Record<string, unknown>[] = [];
  const { text: log } = board.meta.segment;
  for (let at = log.length; found.length < newest && at >= 0; ) {
    at = log.lastIndexOf('"task_completed"', at);
    if (at < 0) break;
    const start = log.lastIndexOf('\n', at) + 1;
    const end = log.indexOf('\n', at);
    const event = parseEvent(log.slice(start, end < 0 ? log.length : end));
    if (event?.action === 'task_completed') found.push(event);
    at = start - 1;
  }
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return part(
    'Newest results',
    ['task', 'workstream', 'by', 'result'],
    'None in the newest events.',
    found,
    (event) => [
      shown(text(event.task_id), short),
      shown(text(event.workstream), short),
      shown(text(event.agent), short),
      shown(text(event.result), long),
    ],
  );
}

function parseEvent(line: string): Record<string, unknown> | null {
  try {
    const event = JSON.parse(line) as Record<string, unknown>;
    const isText = (field: string): boolean => event[field] === undefined || typeof event[field] === 'string';
    return typeof event.agent === 'string' && isText('task_id') && isText('workstream') ? event : null;
  } catch {
    return null;
  }
}

function locks(board: BoardModel): Part {
  const held = [...board.locks.values()].sort((a, b) => compareText(a.resource, b.resource));
  return part('Locks', ['resource', 'held by', 'kind', 'until'], 'None are held.', held, (lock) => {
    const agents = lock.holders.map(({ agent }) => agent).join(', ');
    const ends = Math.max(...lock.holders.map(({ expires_at }) => Date.parse(expires_at)));
    const until = Number.isFinite(ends) ? minute(new Date(ends).toISOString()) : '–';
    return [shown(lock.resource, long), shown(agents, short), lock.shared ? 'shared' : 'exclusive', until];
  });
}

function minute(iso: string): string {
  return iso === '' ? '–' : `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

const plain = /^[\p{L}\p{N}\p{M} ,;.'"()/–—…!?%+=:-]+$/u;
const address = /www\.|:\S|\/\/|!\d|%[^\s).,;:!?%]/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is left out
const lineEnds = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
const unseen = /\p{Default_Ignorable_Code_Point}|\p{Cf}|\p{Surrogate}/gu;

/** Text of agents in a cell: as it is where it means nothing in Markdown, else as code. */
function shown(text: string, length: number): string {
  const line = text
    .slice(0, length * 4)
    .replace(lineEnds, ' ')
    .replace(unseen, '')
    .replace(/\s+/g, ' ')
    .trim();
  const characters = [...line];
  const cut =
    characters.length <= length
      ? line
      : `${characters
          .slice(0, length - 1)
          .join('')
          .trimEnd()}…`;
  if (cut === '') return '–';
  return plain.test(cut) && !address.test(cut) ? cut : `\`${cut.replaceAll('`', "'").replaceAll('|', '¦')}\``;
}
