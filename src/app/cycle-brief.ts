/**
 * What an agent has to know for one task, as Markdown. Pure.
 *
 * What others wrote is delivered inside delimiters that it cannot close, with author and time: it says what the work is, and
 * never how the reader has to behave. A template shapes the whole; a bound in characters drops the least relevant first.
 */
import type { BoardEvent, Knowledge, Lock, Task } from '../core/records.ts';
import { fitBrief } from './brief-fit.ts';
import type { TaskPlace } from './brief-place.ts';
import { briefSections, type ReportWith } from './brief-sections.ts';
import { defaultBriefTemplate, fillTemplate, readBriefTemplate } from './brief-template.ts';

export interface BriefMail {
  readonly from: string;
  readonly at: string;
  readonly text: string;
  /** The id of the task that it is about. */
  readonly task: string | null;
}

export interface BriefContents {
  /** The present time, ms. */
  readonly now: number;
  /** Who is briefed; `null` when nobody is known. */
  readonly agent: string | null;
  readonly task: Task;
  readonly workstream: {
    readonly priority: number;
    readonly status: string;
    readonly description: string;
  };
  readonly place: TaskPlace;
  /** `by`: who completed it, where that is known. */
  readonly dependencies: readonly { readonly task: Task; readonly by: string | null }[];
  readonly parent: Task | null;
  /** Other open tasks of the same parent. */
  readonly siblings: readonly Task[];
  readonly children: readonly Task[];
  /** Locks that others hold now; `isNear`: on files that the task will touch. */
  readonly locks: readonly { readonly lock: Lock; readonly isNear: boolean }[];
  /** In progress elsewhere on the board. `isOver`: the lease has run out; `isNear`: it touches the same files. */
  readonly others: readonly { readonly task: Task; readonly isOver: boolean; readonly isNear: boolean }[];
  /** Knowledge that names files which the task will touch, the most specific first. */
  readonly binding: readonly { readonly knowledge: Knowledge; readonly globs: readonly string[] }[];
  /** Other knowledge, the most relevant first. */
  readonly relevant: readonly Knowledge[];
  /** Unread mail of the agent, the oldest first. */
  readonly mail: readonly BriefMail[];
  readonly events: readonly BoardEvent[];
}

export interface BriefForm {
  /** `templates/brief.md` of the board; default: the one that comes with orc. */
  readonly template?: string | null | undefined;
  /** At most so many characters, in UTF-16 units. */
  readonly maxChars?: number | undefined;
  /** Default: `commands`. */
  readonly reportWith?: ReportWith | undefined;
}

export interface BriefText {
  readonly markdown: string;
  /** What had no room, one entry for each section. */
  readonly dropped: readonly string[];
  /** What is wrong with the template. */
  readonly warnings: readonly string[];
}

/** @throws OrcError `invalid-argument` when the task and the commands alone are longer than `maxChars` */
export function briefMarkdown(contents: BriefContents, { template, maxChars, reportWith }: BriefForm = {}): BriefText {
  const read = readBriefTemplate(template ?? defaultBriefTemplate);
  const sections = briefSections(contents, reportWith);
  const fitted = fitBrief(sections, maxChars, (texts) => fillTemplate(read, contents, texts));
  return { ...fitted, warnings: read.warnings };
}
