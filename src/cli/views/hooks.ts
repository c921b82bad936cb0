import type { CommitCheck, LockedPath } from '../../app/commit-check.ts';
import type { HooksReport } from '../../app/git-hooks.ts';
import { shellWord } from '../../core/shell-word.ts';
import { formatDuration } from '../../core/time.ts';
import type { Look } from '../look.ts';
import { alignColumns } from '../width.ts';

/** One line for each hook, and what else there is to say. */
export function hooksLines({ folder, manager, hooks, notes }: HooksReport, look: Look): string[] {
  const where = manager === null ? '' : ` (${manager})`;
  const rows = hooks.map(({ name, state, beside }) => [
    look.line(`  ${name}`),
    state,
    beside === null ? '' : look.line(`beside ${beside}`),
  ]);
  return [look.line(`Hooks in ${folder}${where}`), ...alignColumns(rows), ...notes.map((note) => look.line(note))];
}

const maxListed = 10;

/** What the pre-commit hook says; nothing where nothing is locked. */
export function checkLines(check: CommitCheck, look: Look): string[] {
  const { locked, isSkipped } = check;
  if (locked.length === 0) return [];
  if (!isSkipped) return refusalLines(check, look);
  const holders = [...new Set(locked.map(({ agent }) => agent))].join(', ');
  return [look.line(`orc: ORC_SKIP is set: committed over what ${holders} holds; the board will say so`)];
}

/** Which paths, who has them, until when, and what to do about it. */
function refusalLines({ locked, agent }: CommitCheck, look: Look): string[] {
  const listed = locked.slice(0, maxListed);
  const more = locked.length - listed.length;
  const holders = [...new Set(locked.map((each) => each.agent))];
  const [first] = locked;
  const me = agent === null ? '' : ` ${shellWord(agent)}`;
  const resource = shellWord(first?.resource ?? '');
  return [
    'orc: not committed, for others have locked what it changes',
    ...listed.flatMap((each) => [look.line(`  ${each.path}`), look.line(`    ${heldLine(each, look)}`)]),
    ...(more > 0 ? [`  … and ${more} more`] : []),
    'What you can do:',
    ...holders
      .slice(0, 3)
      .map((holder) => look.line(`  ask:       orc msg send ${shellWord(`agent:${holder}`)} "When can I have it?"`)),
    look.line(`  wait:      orc l acquire ${resource}${me} --wait 10m`),
    '  override:  ORC_SKIP=1 git commit …   (the board logs it)',
  ];
}

function heldLine({ agent, resource, until }: LockedPath, look: Look): string {
  const end = Date.parse(until);
  return `held by ${agent} as ${resource} until ${localTime(end, look.now)} (${until}, ${formatDuration(end - look.now)} left)`;
}

/** The wall clock here, with the day where it is not today. */
function localTime(ms: number, now: number): string {
  const [end, today] = [new Date(ms), new Date(now)];
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${end.getFullYear()}-${two(end.getMonth() + 1)}-${two(end.getDate())} `;
  const time = `${two(end.getHours())}:${two(end.getMinutes())}:${two(end.getSeconds())} local time`;
  return end.toDateString() === today.toDateString() ? time : `${day}${time}`;
}
