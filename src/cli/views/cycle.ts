import type { CycleSummary } from '../../app/cycle-board.ts';
import type { Look } from '../look.ts';
import { alignColumns } from '../width.ts';

export function cycleLines(cycles: readonly CycleSummary[], look: Look): string[] {
  if (cycles.length === 0) return ['No cycles.'];
  const rows = cycles.map(({ number, opened_at, opened_by, collected_at, completed }) => [
    String(number),
    look.line(`opened ${opened_at} by ${opened_by}`),
    collected_at === null ? 'open' : `collected ${collected_at}`,
    completed === null ? '' : `${completed} completed`,
  ]);
  return alignColumns(rows.map((row) => row.map((text) => look.line(text))));
}
