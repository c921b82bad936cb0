/** What a queued operation became by what its caller was told: it may come out as that, or be refused, but not as something else. */
import { mergeLines } from '../core/line-merge.ts';
import type { Decision, Operation } from '../core/operation.ts';
import { refuse } from '../core/operation.ts';
import type { Knowledge } from '../core/records.ts';
import { shellWord } from '../core/shell-word.ts';
import type { QueueRecord, Told } from './queue.ts';

type TextBase = NonNullable<Extract<Told, { state: 'queued' }>['base']>;

/**
 * The operation to decide, or the decision where there is nothing left to decide.
 * `readKnowledge` gives the text as it stands on the head on which it is decided.
 */
export async function asTold(
  { operation, told }: QueueRecord,
  readKnowledge: (topic: string) => Promise<Knowledge | null>,
): Promise<Operation | Decision> {
  if (told?.state !== 'queued') return operation;
  if (told.unchanged === true) return { outcome: 'unchanged', result: told.result };
  if (told.base !== undefined) {
    const current = await readKnowledge(String(operation.args.topic));
    if (operation.kind === 'knowledge.delete') return asDeletion(operation, told.base.content, current);
    return rebased(operation, told.base, current);
  }
  if (operation.kind !== 'task.next') return operation;
  return 'task' in told.result ? asClaim(operation, told.result.task) : { outcome: 'unchanged', result: told.result };
}

/** A tentative claim of X becomes a claim of X or a refusal, never a claim of Y: its caller is working on X. */
function asClaim(operation: Operation, task: string): Operation {
  const { lease_ms: leaseMs, allow_secret: allowSecret } = operation.args;
  const args = {
    id: task,
    ...(leaseMs === undefined ? {} : { lease_ms: leaseMs }),
    ...(allowSecret === undefined ? {} : { allow_secret: allowSecret }),
  };
  return { ...operation, kind: 'task.claim', args };
}

/** What others wrote meanwhile was not what its caller wanted to be gone. */
function asDeletion(operation: Operation, from: string, current: Knowledge | null): Operation | Decision {
  if (current === null || current.content === from) return operation;
  const { topic } = operation.args;
  const message = `knowledge "${topic}" has changed since it was deleted here: ${current.updated_by} wrote version ${current.version}`;
  const word = shellWord(String(topic));
  const hint = `\`orc kb read ${word}\` shows it; \`orc kb delete ${word}\` deletes it as it is now`;
  return refuse('conflict', message, hint, { current: current.version });
}

/** A text that was written on top of another one: where that has changed since, both changes are merged, line by line. */
function rebased(
  operation: Operation,
  { content: from, unreadable = false }: TextBase,
  current: Knowledge | null,
): Operation | Decision {
  const { args } = operation;
  // As it was asked: what cannot be read is replaced by no write that has a base.
  if (unreadable && current === null) return operation;
  const now = current?.content ?? '';
  if (now === from) return { ...operation, args: { ...args, base: current?.version ?? 0 } };
  const content = current === null ? null : mergeLines(String(args.content), from, now);
  if (current !== null && content !== null)
    return { ...operation, args: { ...args, content, base: current.version, merged: true } };
  const who = current === null ? 'it was deleted' : `${current.updated_by} changed the same lines`;
  const message = `knowledge "${args.topic}" has changed since it was written here: ${who}`;
  const hint = `both texts are kept: \`orc kb read ${shellWord(String(args.topic))}\` and \`orc rejected show ${operation.id}\``;
  return refuse('conflict', message, hint, { current: current?.version ?? 0 });
}
