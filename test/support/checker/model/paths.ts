/** Where each record lies: docs/format.md. */
import { type Agent, type Cycle, isClosed, type Message, type Task } from './records.ts';

export const statePath = 'state.json';
export const settingsPath = 'orc.yaml';
export const boardMdPath = 'BOARD.md';

export function workstreamPath(name: string): string {
  return `workstreams/${name}.json`;
}

export function taskPath(task: Task): string {
  return `tasks/${isClosed(task) ? 'closed' : 'open'}/${task.id[0]}/${task.id[1]}/${task.id}.json`;
}

export function agentPath(agent: Agent): string {
  return `agents/${agent.status === 'retired' ? 'retired/' : ''}${agent.id}.json`;
}

export function messagePath({ to, id }: Message): string {
  return `messages/${to}/${id}.json`;
}

export function cyclePath({ number }: Cycle): string {
  return `cycles/${number}.json`;
}

export function knowledgePath(topic: string): string {
  return `knowledge/${topic}.md`;
}

export function segmentPath(first: number): string {
  return `events/${String(first).padStart(10, '0')}.jsonl`;
}

/** The encoded name is cut into pieces of 180 characters; a folder's name ends in `%`. */
export function lockPath(resource: string): string {
  const name = encodeResource(resource);
  const pieces: string[] = [];
  for (let at = 0; at < name.length; at += 180) pieces.push(name.slice(at, at + 180));
  return `locks/${pieces.join('%/')}.json`;
}

/** Letters, digits, `_`, `-` and `.` stand for themselves; but no name begins with `-` or `.`, or ends with `.`. */
function encodeResource(resource: string): string {
  const bytes = [...Buffer.from(resource)];
  const isPlain = (character: string, at: number): boolean =>
    /[A-Za-z0-9_]/.test(character) ||
    (character === '-' && at > 0) ||
    (character === '.' && at > 0 && at < bytes.length - 1);
  return bytes
    .map((byte, at) => {
      const character = String.fromCharCode(byte);
      return isPlain(character, at) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}
