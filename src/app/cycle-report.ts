/** What was collected as Markdown, for a file, a pull request or a page on a forge. Pure. */
import { cell } from '../layout/markdown.ts';
import { fenced } from './brief-quote.ts';
import type { Collected } from './cycle-collect.ts';
import { sinceWords } from './cycle-collect.ts';

const nameLength = 128;
const titleLength = 200;
/** Characters of a result or a reason; what is beyond is told. */
const quotedLength = 4000;

/** Titles and names stand as `cell` makes them harmless, results and reasons in fences that they cannot close. */
export function collectMarkdown(collected: Collected): string {
  const { completed_this_cycle, failed, still_in_progress, knowledge_updates, collected_at } = collected;
  const lines = [
    collected.cycle === null ? '# What was collected' : `# Cycle ${collected.cycle}`,
    '',
    `Since ${sinceWords(collected)}; collected ${collected_at}.`,
    ...part(
      'Completed',
      completed_this_cycle.map((task) => [`- ${nameOf(task)}, ${task.completed_at}`, ...quoted(task.result)]),
    ),
    ...part(
      'Failed',
      failed.map((task) => [
        `- ${nameOf(task)}, ${task.failed_at}${task.final ? ', given up' : ''}`,
        ...quoted(task.reason),
      ]),
    ),
    ...part(
      'Still in progress',
      still_in_progress.map((task) => [`- ${nameOf(task)}, ${cell(task.assigned_to ?? '', nameLength)}`]),
    ),
    ...part(
      'Knowledge',
      knowledge_updates.map(({ topic, updated_by, updated_at }) => [
        `- ${cell(topic, nameLength)}, by ${cell(updated_by, nameLength)}, ${updated_at}`,
      ]),
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function part(title: string, entries: readonly (readonly string[])[]): string[] {
  const lines = entries.flat();
  // The last one's text brings an empty line of its own, and so does the next heading.
  if (lines.at(-1) === '') lines.pop();
  return ['', `## ${title} (${entries.length})`, '', ...(entries.length === 0 ? ['None.'] : lines)];
}

function nameOf({
  workstream,
  task_id,
  title,
}:
  | Collected['failed'][number]
  | Collected['completed_this_cycle'][number]
  | Collected['still_in_progress'][number]): string {
  return `${cell(workstream, nameLength)} ${task_id}: ${cell(title, titleLength)}`;
}

/** Within its list entry, so that the list goes on after it. */
function quoted(text: string | null): string[] {
  if (text === null || text.trim() === '') return [];
  return [
    '',
    ...fenced({ text }, quotedLength)
      .flatMap((line) => line.split('\n'))
      .map((line) => `  ${line}`),
    '',
  ];
}
