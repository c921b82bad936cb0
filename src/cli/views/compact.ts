import type { Compacted } from '../../app/compact.ts';
import type { Look } from '../look.ts';

/** Of the ids of tasks that would go, so many are named. */
const maxNamed = 12;

export function compactedLines(data: Compacted, look: Look): string[] {
  const { before, dry_run, tasks, needed, cycles, events, oldest_event, task_ids } = data;
  const stays =
    needed === 0 ? [] : [look.line(`  stays: ${count(needed, 'task')} that others wait for or are parts of`)];
  if (oldest_event === null) return [look.line(`Nothing to take off the board before ${before}`), ...stays];
  const what = [count(tasks, 'closed task'), count(cycles, 'cycle'), count(events, 'event')].join(', ');
  const ids = task_ids ?? [];
  const more = ids.length > maxNamed ? ` and ${ids.length - maxNamed} more (--json has them all)` : '';
  return [
    look.line(`${dry_run ? 'Would take' : 'Took'} off the board, before ${before}: ${what}`),
    ...(ids.length === 0 ? [] : [look.line(`  tasks: ${ids.slice(0, maxNamed).join(' ')}${more}`)]),
    ...stays,
    ...(events === 0 ? [] : [look.line(`  the log ${dry_run ? 'would begin' : 'begins'} with event ${oldest_event}`)]),
  ];
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
