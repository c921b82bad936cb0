import type { BoardEvent } from '../../core/records.ts';
import type { Look } from '../look.ts';

/** Fields that stand in the line itself, or are orc's own bookkeeping. */
const shown: ReadonlySet<string> = new Set(['ts', 'agent', 'action']);
const bookkeeping: ReadonlySet<string> = new Set(['n', 'v', 'op']);

/** `[HH:MM:SS] agent: action {k=v, …}`, as in the original. Times are UTC, as they lie on the board. */
export function eventLines(events: readonly BoardEvent[], look: Look, isVerbose: boolean): string[] {
  if (events.length === 0) return ['No events.'];
  return events.map((event) => {
    const data = Object.entries(event).filter(([key]) => !shown.has(key) && (isVerbose || !bookkeeping.has(key)));
    const text = data.length === 0 ? '' : ` {${data.map(([key, value]) => `${key}=${wordFor(value)}`).join(', ')}}`;
    const time = `[${event.ts.slice(11, 19)}]`;
    return `${look.style('dim', look.line(time))} ${look.line(`${event.agent}: ${event.action}${text}`, time.length + 1)}`;
  });
}

function wordFor(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
