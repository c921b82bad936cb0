import type { HooksReport } from '../../app/git-hooks.ts';
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
