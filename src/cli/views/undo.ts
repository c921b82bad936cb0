import type { Undone } from '../../app/undo.ts';
import type { Look } from '../look.ts';
import { taskLine } from './task.ts';

/** What was taken back, and what that made of it. */
export function undoneLines({ undone, kind, agent, target, record }: Undone, look: Look): string[] {
  return [look.line(`Took back version ${undone}: ${kind} ${target} by ${agent}`), stateLine(target, record, look)];
}

function stateLine(target: string, record: Undone['record'], look: Look): string {
  if (record === null) return look.line(`${target} is gone`);
  if ('title' in record && 'status' in record) return taskLine(record, look);
  if ('topic' in record) return look.line(`${record.topic} is as it was before, as version ${record.version}`);
  const { name, status, priority } = record;
  return look.line(`${name} is ${status}, priority ${priority}`);
}
