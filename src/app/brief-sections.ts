/** The parts of a brief: each with its items, and how much each item matters. Pure. */
import type { Hold, Knowledge, Task } from '../core/records.ts';
import { formatDuration, fromIso } from '../core/time.ts';
import { commandLines, commandSight, type Sight } from './brief-commands.ts';
import { code, fenced, plainOrCode } from './brief-quote.ts';
import { taskLines, whyLines } from './brief-task.ts';
import { toolLines, toolSight } from './brief-tools.ts';
import type { BriefContents } from './cycle-brief.ts';

/** A part that may be dropped: the higher its rank, the sooner. */
export interface BriefItem {
  readonly rank: number;
  /** With a bound for the text that it quotes, in characters: what is longer is cut, and the cut is told. */
  readonly lines: (most?: number) => readonly string[];
  /** Whether it quotes a text that may be cut. */
  readonly isCuttable?: boolean;
}

export interface BriefSection {
  readonly name: SectionName;
  readonly title: string;
  /** `null`: it always stays. */
  readonly items: readonly BriefItem[] | null;
  /** Of a section that stays: all its lines. Of others: what stands before their items. */
  readonly lines: readonly string[];
  /** The items are lines of one text of others, which is fenced as a whole. */
  readonly isFenced?: boolean;
}

export const sectionNames = [
  ...['task', 'why', 'dependencies', 'dependents', 'family', 'locks', 'others', 'knowledge', 'mail', 'notes'],
  ...['events', 'commands'],
] as const;
export type SectionName =
  | 'task'
  | 'why'
  | 'dependencies'
  | 'dependents'
  | 'family'
  | 'locks'
  | 'others'
  | 'knowledge'
  | 'mail'
  | 'notes'
  | 'events'
  | 'commands';

/** Characters of one quoted text where nobody bounds the whole; the rest is named, with the command that shows it. */
const maxQuoted = 4000;
/** Lines of a list of tasks; the rest is counted. */
const maxListed = 20;

/** How the reader reaches the board: by the `orc` command, or by these tools of `orc mcp`. */
export type ReportWith = 'commands' | ReadonlySet<string>;

export function briefSections(contents: BriefContents, reportWith: ReportWith = 'commands'): BriefSection[] {
  const sight = reportWith === 'commands' ? commandSight : toolSight(reportWith);
  const instructions = reportWith === 'commands' ? commandLines(contents) : toolLines(contents, reportWith);
  return [
    { name: 'task', title: '', items: null, lines: taskLines(contents) },
    section('why', 'Why It Is Next', [{ rank: 20, lines: () => whyLines(contents) }]),
    section(
      'dependencies',
      'What It Depends On',
      contents.dependencies.map((each, index) => dependencyItem(each, index, sight)),
    ),
    section('dependents', 'What Waits for It', listItems(contents.place.dependents, 45)),
    section('family', 'Parent and Siblings', familyItems(contents)),
    section('locks', 'Locks', lockItems(contents)),
    section('others', 'Who Works on What', otherItems(contents)),
    section('knowledge', 'Knowledge', knowledgeItems(contents, sight)),
    section(
      'mail',
      'Unread Mail',
      contents.mail.map((each, index) => mailItem(each, index, sight)),
    ),
    section('notes', 'Notes on the Task', noteItems(contents.task, sight)),
    { ...section('events', 'Recent Events', eventItems(contents)), isFenced: true },
    { name: 'commands', title: 'Instructions', items: null, lines: instructions },
  ];
}

/** The name of a task, and its title as code: in every list. */
export function taskWords({ workstream, id, title }: Pick<Task, 'workstream' | 'id' | 'title'>): string {
  return `${plainOrCode(`${workstream}/${id}`)} ${code(title)}`;
}

function section(name: SectionName, title: string, items: readonly (BriefItem | null)[]): BriefSection {
  return {
    name,
    title,
    lines: [],
    items: items.filter((item) => item !== null && item.lines().length > 0) as BriefItem[],
  };
}

function quoting(rank: number, head: readonly string[], text: string, more?: string): BriefItem {
  const lines = (most = maxQuoted): string[] => [...head, ...fenced({ text, more }, most)];
  return { rank, lines, isCuttable: true };
}

function dependencyItem({ task, by }: BriefContents['dependencies'][number], index: number, sight: Sight): BriefItem {
  const whose = by === null ? '' : ` by ${plainOrCode(by)}`;
  const head = `- ${taskWords(task)}: ${task.status}${whose}, ${task.updated_at}`;
  if (task.result === null || task.result === '') return { rank: 26 + index / 100, lines: () => [head] };
  return quoting(26 + index / 100, [`${head}. Its result:`], task.result, sight.task(task.id));
}

function familyItems({ parent, siblings, children }: BriefContents): BriefItem[] {
  const line = (what: string, tasks: readonly Task[]): string[] =>
    tasks.length === 0 ? [] : [`- ${what}: ${tasks.slice(0, maxListed).map(shortWords).join('; ')}${countMore(tasks)}`];
  const lines = [
    ...(parent === null ? [] : [`- It is a part of ${taskWords(parent)} (${parent.status})`]),
    ...line('Open beside it', siblings),
    ...line('Its own parts', children),
  ];
  return [{ rank: 46, lines: () => lines }];
}

function shortWords(task: Task): string {
  return `${taskWords(task)} (${task.status}${task.assigned_to === null ? '' : `, ${plainOrCode(task.assigned_to)}`})`;
}

function listItems(tasks: readonly Task[], rank: number): BriefItem[] {
  const items = tasks.slice(0, maxListed).map((task, index) => {
    return { rank: rank + index / 100, lines: () => [`- ${shortWords(task)}`] };
  });
  const more = countMore(tasks);
  return more === '' ? items : [...items, { rank: rank + 0.9, lines: () => [`-${more}`] }];
}

function countMore(tasks: readonly unknown[]): string {
  return tasks.length <= maxListed ? '' : ` and ${tasks.length - maxListed} more`;
}

function lockItems({ task, locks, now }: BriefContents): BriefItem[] {
  const own: BriefItem = {
    rank: 22,
    lines: () =>
      task.paths.length === 0
        ? []
        : [
            `It will touch ${task.paths.map((path) => code(path)).join(', ')}: lock them before you change them, as said below.`,
          ],
  };
  const held = locks.slice(0, maxListed).map(({ lock, isNear }, index): BriefItem => {
    const rank = (isNear ? 23 : 62) + index / 100;
    return { rank, lines: () => lock.holders.map((hold) => holdLine(lock.resource, hold, isNear, now)) };
  });
  return [own, ...held];
}

function holdLine(resource: string, hold: Hold, isNear: boolean, now: number): string {
  const where = isNear ? ', files of this task' : '';
  const left = formatDuration(Math.max(0, fromIso(hold.expires_at) - now));
  const why = hold.reason === null || hold.reason === '' ? '' : `: ${code(hold.reason)}`;
  return `- ${code(resource)}${where}: held by ${plainOrCode(hold.agent)} since ${hold.acquired_at}, ${left} left${why}`;
}

function otherItems({ others, now }: BriefContents): BriefItem[] {
  const shown = others.slice(0, maxListed);
  const items = shown.map(({ task, isOver, isNear }, index): BriefItem => {
    const since = task.claim?.claimed_at ?? task.updated_at;
    const length = formatDuration(Math.max(0, now - fromIso(since)));
    const files =
      task.paths.length === 0
        ? ''
        : `, on ${task.paths
            .slice(0, 8)
            .map((path) => code(path))
            .join(', ')}`;
    const near = isNear ? ': the same files as this task' : '';
    const state = `for ${length}${isOver ? ', its lease has run out' : ''}`;
    const line = `- ${plainOrCode(task.assigned_to ?? 'nobody')}: ${taskWords(task)}, ${state}${files}${near}`;
    return { rank: (isNear ? 24 : 60) + index / 100, lines: () => [line] };
  });
  const more = countMore(others);
  return more === '' ? items : [...items, { rank: 60.9, lines: () => [`-${more}`] }];
}

function knowledgeItems({ binding, relevant }: BriefContents, sight: Sight): BriefItem[] {
  return [
    ...binding.map(({ knowledge, globs }, index) => {
      const why = `It binds ${globs.map((glob) => code(glob)).join(', ')}:`;
      return knowledgeItem(knowledge, 25 + index / 100, why, sight);
    }),
    ...relevant.map((knowledge, index) => knowledgeItem(knowledge, 50 + index / 100, null, sight)),
  ];
}

function knowledgeItem(
  { topic, title, updated_by, updated_at, content }: Knowledge,
  rank: number,
  why: string | null,
  sight: Sight,
): BriefItem {
  const words = `**${plainOrCode(topic)}**${title === null ? '' : ` (${plainOrCode(title)})`}, by ${plainOrCode(updated_by)}, ${updated_at}:`;
  return quoting(rank, ['', words, ...(why === null ? [] : [why])], content, sight.topic(topic));
}

function mailItem({ from, at, text, task }: BriefContents['mail'][number], index: number, sight: Sight): BriefItem {
  const about = task === null ? '' : `, on task ${code(task)}`;
  return quoting(30 + index / 100, ['', `From ${plainOrCode(from)}, ${at}${about}:`], text, sight.mail);
}

/** The newest matter most, and stand in the order in which they were written. */
function noteItems({ id, notes }: Task, sight: Sight): BriefItem[] {
  return notes.map(({ at, by, text }, index) =>
    quoting(40 + (notes.length - index) / 100, ['', `By ${plainOrCode(by)}, ${at}:`], text, sight.task(id)),
  );
}

function eventItems({ events }: BriefContents): BriefItem[] {
  return events.map((event, index) => {
    const { n: _n, v: _v, op: _op, ts, agent, action, ...data } = event;
    const words = Object.entries(data).map(
      ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
    );
    const line = `${ts} ${agent} ${action} ${words.join(' ')}`.replace(/\s+/g, ' ').trim();
    return {
      rank: 70 + (events.length - index) / 100,
      lines: () => [line.length <= 200 ? line : `${line.slice(0, 199)}…`],
    };
  });
}
