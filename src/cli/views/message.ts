import type { Message } from '../../core/records.ts';
import { formatDuration } from '../../core/time.ts';
import { escapeLine, escapeText } from '../escape.ts';
import type { Look } from '../look.ts';

/** A line about each message, and its text below it, set in: no line of it can pass for a message of its own. */
export function messageLines(messages: readonly Message[], look: Look): string[] {
  return messages.flatMap((message) => {
    const { id, from, sent_to, task, sent_at, read_at, text } = message;
    const about = task === null ? '' : ` about ${task}`;
    const to = sent_to.startsWith('agent:') ? '' : ` to ${sent_to}`;
    const ago = formatDuration(look.now - Date.parse(sent_at));
    const head = `from ${from}${to}${about}, ${ago} ago${read_at === null ? '' : ' (read)'}`;
    return [
      `${look.style(read_at === null ? 'yellow' : 'dim', escapeLine(id))} ${look.line(head, id.length + 1)}`,
      ...escapeText(text)
        .trimEnd()
        .split('\n')
        .map((line) => `  ${line}`),
    ];
  });
}
