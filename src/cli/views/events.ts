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

/** What stands for an event's data in a line of a few words, the first that is there. */
const gist = ['title', 'resource', 'topic', 'name', 'result', 'reason', 'text', 'key'];

/** `[HH:MM:SS] agent: action workstream/id "title": what it says`; `title` is that of the task. */
export function liveLine(event: BoardEvent, title: string | null, look: Look): string {
  const { agent, action, workstream, task_id: task } = event;
  const target = task === undefined ? workstream : `${workstream}/${task}`;
  const said = gist
    .map((key) => event[key])
    .find((value) => typeof value === 'string' && value !== '' && value !== title);
  const words = [
    `${agent}: ${action}`,
    ...(target === undefined ? [] : [target]),
    ...(title === null ? [] : [`"${title}"`]),
    ...(typeof said === 'string' ? [`- ${said}`] : []),
  ];
  const time = `[${event.ts.slice(11, 19)}]`;
  return `${look.style('dim', look.line(time))} ${look.line(words.join(' '), time.length + 1)}`;
}

function wordFor(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
