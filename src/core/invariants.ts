/**
 * What is true of every board, whatever happened to it. Operations keep it so, hand edits may break it. Asked of what an
 * import brings, which nobody can decide again.
 */
import type { Board } from './board.ts';
import { globOf, globsOverlap } from './globs.ts';
import { maxRead, maxUnread, messagesOf } from './messages.ts';
import { faultInName, faultInPath, faultInResource, foldName } from './names.ts';
import { maxCommits, maxNotes } from './operations/support.ts';
import {
  type Agent,
  type Hold,
  isOpen,
  type Lock,
  type Message,
  noTasks,
  type Task,
  type TaskCounts,
  taskStatuses,
} from './records.ts';
import { fromIso } from './time.ts';

/**
 * Lists what is wrong with the records that are loaded, one sentence each, in alphabetical order; empty when nothing is.
 * Says nothing of records that are not loaded, so a board that is partly loaded may pass where the whole would not.
 */
export function checkInvariants(board: Board): string[] {
  const tasks = [...board.tasks.loaded()];
  return [
    ...checkWorkstreams(board),
    ...tasks.flatMap((task) => checkTask(board, task)),
    ...checkClaimsAreDistinct(tasks),
    ...checkCycles(tasks, 'waits for itself', (task) => task.depends_on),
    ...checkCycles(tasks, 'is its own ancestor', (task) => (task.parent === null ? [] : [task.parent])),
    ...checkCounts(board, tasks),
    ...[...board.agents.loaded()].flatMap(checkAgent),
    ...checkTwins(
      'agents',
      [...board.agents.loaded()].map((agent) => agent.id),
    ),
    ...[...board.locks.loaded()].flatMap((lock) => checkLock(board, lock)),
    ...checkTwins(
      'resources',
      [...board.locks.loaded()].map((lock) => lock.resource),
    ),
    ...checkPathLocks([...board.locks.loaded()]),
    ...checkMail(board),
    ...checkCyclesOfWork(board),
    ...checkKnowledge(board),
  ].sort();
}

function checkWorkstreams(board: Board): string[] {
  const workstreams = [...board.workstreams.loaded()];
  return [
    ...checkTwins(
      'workstreams',
      workstreams.map((workstream) => workstream.name),
    ),
    ...workstreams.flatMap((workstream) => {
      const what = `workstream ${workstream.name}`;
      const { pending, in_progress, blocked } = board.countsOf(workstream.name);
      return [
        ...faultOf(what, 'name', faultInName(workstream.name)),
        ...faultyPriority(what, workstream.priority),
        ...fromTheFuture(what, 'created_version', workstream.created_version, board),
        ...faultyTimes(what, workstream, ['created_at', 'updated_at']),
        ...when(
          workstream.status === 'archived' && pending + in_progress + blocked > 0,
          `${what} is archived and has open tasks`,
        ),
      ];
    }),
  ];
}

function checkTask(board: Board, task: Task): string[] {
  const what = `task ${task.id}`;
  const { claim } = task;
  const isRunning = task.status === 'in_progress';
  const isUnknown = (id: string): boolean => board.tasks.isLoaded(id) && board.tasks.get(id) === undefined;
  const { workstreams } = board;
  const isHomeless = workstreams.isLoaded(task.workstream) && workstreams.get(task.workstream) === undefined;
  return [
    ...when(isHomeless, `${what} is in workstream ${task.workstream}, which does not exist`),
    ...when(isRunning && task.assigned_to === null, `${what} is in progress and assigned to nobody`),
    ...when(!isRunning && claim !== null, `${what} is ${task.status} and has a claim`),
    ...(claim === null ? [] : fromTheFuture(what, 'claim.token', claim.token, board)),
    ...(claim === null ? [] : faultyTimes(`${what}, its claim:`, claim, ['claimed_at', 'lease_until'])),
    ...task.depends_on.filter(isUnknown).map((id) => `${what} depends on ${id}, which does not exist`),
    ...when(
      task.parent !== null && isUnknown(task.parent),
      `${what} has the parent ${task.parent}, which does not exist`,
    ),
    ...faultyPriority(what, task.priority),
    ...when(task.attempts < 0 || !Number.isInteger(task.attempts), `${what} has ${task.attempts} attempts`),
    ...when(task.notes.length > maxNotes, `${what} has more than ${maxNotes} notes`),
    ...when((task.commits ?? []).length > maxCommits, `${what} has more than ${maxCommits} commits`),
    ...fromTheFuture(what, 'created_version', task.created_version, board),
    ...faultyTimes(what, task, ['created_at', 'updated_at']),
  ];
}

/** A claim and its token are made by one operation each. */
function checkClaimsAreDistinct(tasks: readonly Task[]): string[] {
  const faults: string[] = [];
  const taskByToken = new Map<number, Task>();
  for (const task of tasks) {
    if (task.claim === null) continue;
    const other = taskByToken.get(task.claim.token);
    if (other === undefined) taskByToken.set(task.claim.token, task);
    else faults.push(`tasks ${[other.id, task.id].sort().join(' and ')} share the token ${task.claim.token}`);
  }
  return faults;
}

/** What is left after taking away, again and again, tasks that lead nowhere and tasks that nothing leads to. */
function checkCycles(tasks: readonly Task[], words: string, next: (task: Task) => readonly string[]): string[] {
  const ids = new Set(tasks.map((task) => task.id));
  const ahead = new Map<string, string[]>();
  const behind = new Map<string, string[]>([...ids].map((id) => [id, []]));
  for (const task of tasks) {
    const known = [...new Set(next(task))].filter((id) => ids.has(id));
    ahead.set(task.id, known);
    for (const id of known) behind.get(id)?.push(task.id);
  }
  peel(ids, ahead, behind);
  peel(ids, behind, ahead);
  return [...ids].map((id) => `task ${id} ${words}, or stands between tasks that do`);
}

/** Takes out those without a way ahead, and then those that had no other way than to them. */
function peel(ids: Set<string>, ahead: ReadonlyMap<string, string[]>, behind: ReadonlyMap<string, string[]>): void {
  const ways = new Map([...ids].map((id) => [id, (ahead.get(id) ?? []).filter((next) => ids.has(next)).length]));
  const ends = [...ids].filter((id) => ways.get(id) === 0);
  for (let id = ends.pop(); id !== undefined; id = ends.pop()) {
    ids.delete(id);
    for (const before of behind.get(id) ?? []) {
      const left = (ways.get(before) ?? 0) - 1;
      ways.set(before, left);
      if (left === 0) ends.push(before);
    }
  }
}

function checkCounts(board: Board, tasks: readonly Task[]): string[] {
  const recount = new Map<string, TaskCounts>([...board.workstreams.loaded()].map(({ name }) => [name, noTasks]));
  for (const task of tasks) {
    const counts = recount.get(task.workstream) ?? noTasks;
    recount.set(task.workstream, { ...counts, [task.status]: counts[task.status] + 1 });
  }
  // Closed tasks are seldom all in memory; open ones always are.
  const statuses = taskStatuses.filter((status) => board.tasks.isComplete || isOpen({ status }));
  return [...recount].flatMap(([name, counts]) =>
    statuses.flatMap((status) => {
      const counted = board.countsOf(name)[status];
      const message = `workstream ${name} counts ${counted} tasks ${status}, but has ${counts[status]}`;
      return when(counted !== counts[status], message);
    }),
  );
}

function checkAgent(agent: Agent): string[] {
  const what = `agent ${agent.id}`;
  return [...faultOf(what, 'id', faultInName(agent.id)), ...faultyTimes(what, agent, ['registered_at', 'last_seen'])];
}

function checkLock(board: Board, lock: Lock): string[] {
  const what = `lock ${lock.resource}`;
  return [
    ...faultOf(what, 'resource', faultInResource(lock.resource)),
    ...when(lock.holders.length === 0, `${what} is held by nobody`),
    ...when(lock.holders.length > 1 && !lock.shared, `${what} is exclusive and has ${lock.holders.length} holders`),
    ...when(
      lock.holders.some((hold, index) => !rises(lock.holders[index - 1], hold)),
      `${what} has tokens that do not rise`,
    ),
    ...lock.holders.flatMap((hold) => {
      const ofHold = `${what}, held by ${hold.agent}:`;
      const end = fromIso(hold.acquired_at) + hold.ttl_ms;
      return [
        ...fromTheFuture(ofHold, 'token', hold.token, board),
        ...faultyTimes(ofHold, hold, ['acquired_at', 'expires_at']),
        ...when(
          !Number.isNaN(end) && end !== fromIso(hold.expires_at),
          `${ofHold} expires_at is not acquired_at and ttl_ms`,
        ),
      ];
    }),
  ];
}

/** Holders that one import brought share its version. */
function rises(before: Hold | undefined, hold: Hold): boolean {
  return before === undefined || hold.token > before.token || (hold.token === before.token && hold.id === before.id);
}

function checkPathLocks(locks: readonly Lock[]): string[] {
  const faults: string[] = [];
  const exclusive = locks.filter((lock) => globOf(lock.resource) !== null);
  for (const [index, one] of exclusive.entries()) {
    for (const other of exclusive.slice(index + 1)) {
      const agents = new Set([...one.holders, ...other.holders].map((hold) => hold.agent));
      if (agents.size < 2 || (one.shared && other.shared)) continue;
      if (!globsOverlap(globOf(one.resource) ?? '', globOf(other.resource) ?? '')) continue;
      faults.push(`locks ${[one.resource, other.resource].sort().join(' and ')} overlap and have different holders`);
    }
  }
  return faults;
}

function checkMail(board: Board): string[] {
  const messages = [...board.messages.loaded()];
  const owners = new Set(messages.map(({ to }) => to));
  return [
    ...messages.flatMap((message) => checkMessage(board, message)),
    ...checkTwins('mailboxes', owners),
    ...[...owners].flatMap((owner) => {
      const mail = messagesOf(board, owner);
      const unread = mail.filter(({ read_at }) => read_at === null).length;
      return [
        ...when(unread > maxUnread, `${owner} has more than ${maxUnread} unread messages`),
        ...when(mail.length - unread > maxRead, `${owner} has more than ${maxRead} messages that are read`),
      ];
    }),
  ];
}

function checkCyclesOfWork(board: Board): string[] {
  const newest = Math.max(0, ...board.cycleNumbers);
  return [...board.cycles.loaded()].flatMap((cycle) => {
    const what = `cycle ${cycle.number}`;
    const { collected } = cycle;
    return [
      ...when(!board.cycleNumbers.has(cycle.number), `${what} is not among the cycles`),
      ...when(collected === null && cycle.number < newest, `${what} is open, and a later one was opened`),
      ...fromTheFuture(what, 'opened_version', cycle.opened_version, board),
      ...faultyTimes(what, cycle, ['opened_at']),
      ...(collected === null ? [] : fromTheFuture(what, 'collected.version', collected.version, board)),
      ...(collected === null ? [] : faultyTimes(`${what}, collected:`, collected, ['at'])),
    ];
  });
}

function checkMessage(board: Board, message: Message): string[] {
  const what = `message ${message.id} to ${message.to}`;
  const { read_at } = message;
  return [
    ...faultOf(what, 'to', faultInName(message.to)),
    ...faultOf(what, 'from', faultInName(message.from)),
    ...fromTheFuture(what, 'sent_version', message.sent_version, board),
    ...faultyTimes(what, message, ['sent_at']),
    ...(read_at === null ? [] : faultyTimes(what, { read_at }, ['read_at'])),
  ];
}

function checkKnowledge(board: Board): string[] {
  return [
    ...[...board.topics].flatMap((topic) => faultOf(`knowledge ${topic}`, 'topic', faultInPath(topic))),
    ...checkTwins('topics', board.topics),
    ...[...board.knowledge.loaded()].flatMap((knowledge) => {
      const what = `knowledge ${knowledge.topic}`;
      return [
        ...when(!board.topics.has(knowledge.topic), `${what} is not among the topics`),
        ...fromTheFuture(what, 'version', knowledge.version, board),
        ...faultyTimes(what, knowledge, ['updated_at']),
      ];
    }),
  ];
}

/** Names that some file systems cannot tell apart. */
function checkTwins(what: string, names: Iterable<string>): string[] {
  const faults: string[] = [];
  const nameByFold = new Map<string, string>();
  for (const name of names) {
    const other = nameByFold.get(foldName(name));
    if (other === undefined) nameByFold.set(foldName(name), name);
    else faults.push(`${what} ${[name, other].sort().join(' and ')} differ by case alone`);
  }
  return faults;
}

function faultOf(what: string, field: string, fault: string | null): string[] {
  return fault === null ? [] : [`${what}: ${field} ${fault}`];
}

function faultyPriority(what: string, priority: number): string[] {
  return when(!Number.isInteger(priority) || priority < 1 || priority > 9, `${what} has the priority ${priority}`);
}

function fromTheFuture(what: string, field: string, version: number, board: Board): string[] {
  return when(
    version > board.meta.version,
    `${what} ${field} ${version} is beyond the board's version ${board.meta.version}`,
  );
}

function faultyTimes<Field extends string>(
  what: string,
  record: Readonly<Record<Field, string>>,
  fields: readonly Field[],
): string[] {
  return fields.flatMap((field) => when(Number.isNaN(fromIso(record[field])), `${what} ${field} is no time`));
}

function when(isFaulty: boolean, message: string): string[] {
  return isFaulty ? [message] : [];
}
