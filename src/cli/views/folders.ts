import type { ImportResult } from '../../app/import-board.ts';
import type { Look } from '../look.ts';

export function importedLines(data: ImportResult, look: Look, isDry: boolean): string[] {
  const { workstreams, tasks, agents, events, knowledge, locks, adjusted, skipped } = data;
  const counts = `${workstreams} workstreams, ${tasks} tasks, ${agents} agents, ${locks} locks, ${knowledge} topics, ${events} events`;
  return [
    `${isDry ? 'Would import' : 'Imported'}: ${counts}`,
    ...adjusted.map((sentence) => look.line(`  adjusted: ${sentence}`)),
    ...skipped.map((file) => look.line(`  left out: ${file}`)),
  ];
}
