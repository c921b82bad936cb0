/** Answers in a few lines. What stands on the board stands between delimiters, as in briefs: it is data, and nobody's instruction. */
import { code, fenced, plainOrCode } from '../app/brief-quote.ts';
import type { BoundKnowledge, KnowledgeHit } from '../app/knowledge-base.ts';
import type { ListedLock } from '../app/list-locks.ts';
import { type StatusReport, type StatusWords, statusText } from '../app/status.ts';
import type { ListedTask } from '../app/task-views.ts';
import type { Agent, BoardEvent, Cycle, Knowledge, Lock, Message, Task, Workstream } from '../core/records.ts';

/** Lines of a list; the rest is counted. */
const maxListed = 50;
const maxQuoted = 4000;

export function taskWords({ workstream, id, title }: Pick<Task, 'workstream' | 'id' | 'title'>): string {
  return `${plainOrCode(`${workstream}/${id}`)} ${code(title)}`;
}

export function claimLines(task: Task): string[] {
  const { claim, paths, checks } = task;
  const lease = claim === null ? '' : `, lease until ${claim.lease_until}, token ${claim.token ?? 'none yet'}`;
  return [
    `Claimed ${taskWords(task)}: priority ${task.priority}${lease}.`,
    ...(paths.length === 0 ? [] : [`It will touch ${paths.map((path) => code(path)).join(', ')}: lock them first.`]),
    ...(checks.length === 0 ? [] : [`It has ${checks.length} checks that say when it is done.`]),
    'The lease is renewed as long as you are connected. `brief` tells what you have to know.',
  ];
}

export function nextLines(task: Task | null): string[] {
  return task === null ? ['Nothing is ready.'] : claimLines(task);
}

export const taskLine =
  (what: string) =>
  (task: Task): string[] => [`${what} ${taskWords(task)}: ${task.status}.`];

export function failedLines(task: Task): string[] {
  const then = task.status === 'failed' ? 'given up' : 'pending again';
  return [`Failed ${taskWords(task)}: attempt ${task.attempts}, ${then}.`];
}

export function closedLines(what: string, task: Task & { readonly open_parts?: readonly string[] }): string[] {
  const parts = task.open_parts ?? [];
  const open = parts.length === 0 ? [] : [`Parts of it are still open: ${parts.slice(0, maxListed).join(', ')}.`];
  return [`${what} ${taskWords(task)}.`, ...open];
}

export function lockLines({ resource, shared, holders }: Lock, agent: string): string[] {
  const own = holders.find((hold) => hold.agent === agent);
  const until = own === undefined ? '' : ` until ${own.expires_at}, token ${own.token ?? 'none yet'}`;
  return [`You hold ${code(resource)}${shared ? ' (shared)' : ''}${until}.`];
}

export function workstreamLine({ name, status, priority }: Workstream): string[] {
  return [`Workstream ${plainOrCode(name)}: ${status}, priority ${priority}.`];
}

export function agentLine({ id, type, capabilities, status }: Agent): string[] {
  const can = capabilities.length === 0 ? '' : `, can ${capabilities.map((each) => plainOrCode(each)).join(', ')}`;
  return [`Agent ${plainOrCode(id)} (${plainOrCode(type)}): ${status}${can}.`];
}

export function wroteLine({ topic, version }: Knowledge): string[] {
  return [`Wrote knowledge ${code(topic)}, version ${version}.`];
}

/** What is queued goes with any change of this server; what was rejected is for whoever has the command. */
const toolWords: StatusWords = {
  inbox: '`message_inbox`',
  queued: 'they go with the next change',
  rejected: 'tell a person',
};

export function statusLines(report: StatusReport, agent: string, now: number): string[] {
  const held = report.in_progress.filter((task) => task.assigned_to === agent);
  const holding = held.length === 0 ? '' : ` You work on ${held.map(taskWords).join(', ')}.`;
  return [
    `You are ${plainOrCode(agent)}.${holding}`,
    ...fenced({ text: statusText(report, now, toolWords) }),
    ...mailLines(report.unread_mail.own),
  ];
}

export function mailLines(messages: readonly Message[]): string[] {
  return messages.slice(0, maxListed).flatMap(({ id, from, sent_at, text, task, read_at }) => {
    const about = task === null ? '' : `, on task ${code(task)}`;
    const state = read_at === null ? '' : ', read';
    return [`Message ${id} from ${plainOrCode(from)}, ${sent_at}${about}${state}:`, ...fenced({ text }, maxQuoted)];
  });
}

export function hitLines(hits: readonly KnowledgeHit[]): string[] {
  if (hits.length === 0) return ['Nothing was found.'];
  return hits.flatMap(({ topic, title, snippets }) => [
    `${code(topic)}${title === null ? '' : ` (${plainOrCode(title)})`}:`,
    ...fenced({ text: snippets.map((snippet) => snippet.text).join('\n…\n') }, maxQuoted),
  ]);
}

export function boundLines(found: readonly BoundKnowledge[]): string[] {
  if (found.length === 0) return ['No knowledge binds these files.'];
  return found.map(({ topic, matched }) => `${code(topic)} binds ${matched.map((glob) => code(glob)).join(', ')}`);
}

export function knowledgeText({ topic, title, updated_by, updated_at, version, content }: Knowledge): string[] {
  const name = title === null ? '' : ` (${plainOrCode(title)})`;
  return [
    `${code(topic)}${name}, version ${version}, by ${plainOrCode(updated_by)}, ${updated_at}:`,
    ...fenced({ text: content }),
  ];
}

export function taskList(tasks: readonly ListedTask[]): string[] {
  return listed(tasks, 'No tasks.', (task) => {
    const holder = task.assigned_to === null ? '' : `, ${plainOrCode(task.assigned_to)}`;
    return `${taskWords(task)}: ${task.status}${holder}, priority ${task.priority}`;
  });
}

export function taskText(task: ListedTask): string[] {
  const { description, result, notes, depends_on: dependencies } = task;
  return [
    ...taskList([task]),
    ...(dependencies.length === 0 ? [] : [`Depends on ${dependencies.join(', ')}`]),
    ...(description === '' ? [] : ['Description:', ...fenced({ text: description }, maxQuoted)]),
    ...notes.flatMap(({ by, at, text }) => [`Note by ${plainOrCode(by)}, ${at}:`, ...fenced({ text }, maxQuoted)]),
    ...(result === null || result === '' ? [] : ['Result:', ...fenced({ text: result }, maxQuoted)]),
  ];
}

export function lockList(locks: readonly ListedLock[]): string[] {
  const holds = locks.flatMap(({ resource, holders }) => holders.map((hold) => ({ resource, ...hold })));
  return listed(
    holds,
    'No locks are held.',
    ({ resource, agent, expires_at: until }) => `${code(resource)}: held by ${plainOrCode(agent)} until ${until}`,
  );
}

export function eventList(events: readonly BoardEvent[]): string[] {
  const lines = events.map(({ n, v: _v, op: _op, ts, agent, action, ...data }) =>
    `${n} ${ts} ${agent} ${action} ${JSON.stringify(data)}`.replace(/\s+/g, ' ').slice(0, 400),
  );
  return lines.length === 0 ? ['No events.'] : fenced({ text: lines.join('\n') });
}

export function nameList(found: readonly string[], none: string): string[] {
  return listed(found, none, (name) => code(name));
}

export function cycleLine({ number, opened_by: by, opened_at: at, collected }: Cycle): string[] {
  const state = collected === null ? 'open' : `collected by ${plainOrCode(collected.by)}, ${collected.at}`;
  return [`Cycle ${number}, opened by ${plainOrCode(by)}, ${at}: ${state}.`];
}

export function listed<T>(items: readonly T[], none: string, line: (item: T) => string): string[] {
  if (items.length === 0) return [none];
  const more = items.length - maxListed;
  return [...items.slice(0, maxListed).map(line), ...(more > 0 ? [`and ${more} more`] : [])];
}
