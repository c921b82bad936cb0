import type { ImportResult } from '../../app/import-board.ts';
import type { Look } from '../look.ts';

export function importedLines(data: ImportResult, look: Look, isDry: boolean): string[] {
  const { workstreams, tasks, agents, events, knowledge, locks, adjusted, skipped } = data;
  const counted = { workstream: workstreams, task: tasks, agent: agents, lock: locks, topic: knowledge, event: events };
  const counts = Object.entries(counted)
    .map(([noun, number]) => `${number} ${noun}${number === 1 ? '' : 's'}`)
    .join(', ');
  return [
    `${isDry ? 'Would import' : 'Imported'}: ${counts}`,
    ...adjusted.map((sentence) => look.line(`  adjusted: ${sentence}`)),
    ...skipped.map((file) => look.line(`  left out: ${file}`)),
  ];
}
