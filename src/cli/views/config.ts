import type { Setting } from '../../app/board-config.ts';
import type { Look } from '../look.ts';
import { alignColumns } from '../width.ts';

/** Each setting with its value, and where that comes from. */
export function settingLines(settings: readonly Setting[], look: Look): string[] {
  const rows = settings.map(({ key, value, source, from }) => [
    look.line(`${key} = ${value}`),
    look.line(`(${source}${from === null ? '' : `: ${from}`})`),
  ]);
  return alignColumns(rows);
}
