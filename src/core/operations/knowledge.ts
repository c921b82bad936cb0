import * as z from 'zod/mini';
import * as arg from '../arguments.ts';
import { isLongerThan, maxKnowledgeLength } from '../arguments.ts';
import type { Board, Change } from '../board.ts';
import { accept, type Call, defineOperation, lazily, type Refusal, refuse, type Verdict } from '../operation.ts';
import type { Knowledge } from '../records.ts';
import { shellWord } from '../shell-word.ts';
import { refuseCaseTwin } from './support.ts';

const writeArguments = lazily(() =>
  z.strictObject({
    ...arg.knowledgeFields(),
    /** The version that the author started from; 0: "there is none yet". Absent: whatever is there is replaced. */
    base: z.optional(z.int().check(z.gte(0))),
    /** The content is not the author's alone: what others wrote in parallel was merged into it when it was published. */
    merged: z.optional(z.literal(true)),
  }),
);

export const knowledgeWrite = defineOperation({
  kind: 'knowledge.write',
  summary: 'Write a topic of the knowledge base',
  arguments: writeArguments,
  actions: ['knowledge_written'],
  decide(board, { topic, content, title, tags, paths, base }, call) {
    const before = findKnowledge(board, topic);
    // Without a base whatever is there is replaced, so that what cannot be read can be mended.
    const unreadable = base === undefined ? null : refuseUnreadable(board, topic);
    if (unreadable !== null) return unreadable;
    const current = before?.version ?? 0;
    if (base !== undefined && base !== current) {
      const who = before === null ? 'it was deleted' : `${before.updated_by} wrote version ${current}`;
      const hint = `\`orc kb read ${shellWord(topic)}\` shows it: merge, and write with --base ${current}`;
      return refuse('conflict', `knowledge "${topic}" has changed since version ${base}: ${who}`, hint, { current });
    }
    return write(
      board,
      before,
      {
        topic,
        content,
        title: title === undefined ? (before?.title ?? null) : title,
        tags: [...new Set(tags ?? before?.tags ?? [])],
        paths: [...new Set(paths ?? before?.paths ?? [])],
      },
      call,
    );
  },
});

const appendArguments = lazily(() => z.strictObject({ topic: arg.topic(), content: arg.knowledgeText() }));

export const knowledgeAppend = defineOperation({
  kind: 'knowledge.append',
  summary: 'Add text at the end of a topic; makes it when there is none',
  arguments: appendArguments,
  actions: ['knowledge_written'],
  decide(board, { topic, content }, call) {
    const unreadable = refuseUnreadable(board, topic);
    if (unreadable !== null) return unreadable;
    const before = findKnowledge(board, topic);
    const gap = before === null || before.content === '' || before.content.endsWith('\n') ? '' : '\n';
    const joined = `${before?.content ?? ''}${gap}${content}`;
    if (isLongerThan(joined, maxKnowledgeLength)) {
      const hint = 'begin a new topic, or write a shorter one in its place';
      return refuse('too-large', `knowledge "${topic}" would be longer than ${maxKnowledgeLength / 1024} KiB`, hint);
    }
    return write(
      board,
      before,
      { topic, content: joined, title: before?.title ?? null, tags: before?.tags ?? [], paths: before?.paths ?? [] },
      call,
      true,
    );
  },
});

const deleteArguments = lazily(() => z.strictObject({ topic: arg.topic() }));

export const knowledgeDelete = defineOperation({
  kind: 'knowledge.delete',
  summary: 'Delete a topic (the history keeps it)',
  arguments: deleteArguments,
  actions: ['knowledge_deleted'],
  decide(board, { topic }) {
    const unreadable = refuseUnreadable(board, topic);
    if (unreadable !== null) return unreadable;
    const before = findKnowledge(board, topic);
    if (before === null) return refuse('not-found', `no knowledge on "${topic}"`, 'see `orc kb list`');
    return accept({
      changes: [knowledgeChange(before, null)],
      event: { action: 'knowledge_deleted', data: { topic } },
      result: { value: true },
    });
  },
});

function findKnowledge(board: Board, topic: string): Knowledge | null {
  return board.topics.has(topic) ? (board.knowledge.get(topic) ?? null) : null;
}

/** A file that somebody broke by hand still holds their text: it must not pass for a topic that is not there. */
export function refuseUnreadable(board: Board, topic: string): Refusal | null {
  if (!board.topics.has(topic) || board.knowledge.get(topic) !== undefined) return null;
  const hint = 'the answer to `orc kb read` tells why; mend the file on the branch, or replace it with `orc kb write`';
  return refuse('board-unreadable', `knowledge "${topic}" is on the board, but its file cannot be read`, hint);
}

function write(
  board: Board,
  before: Knowledge | null,
  fields: Pick<Knowledge, 'topic' | 'content' | 'title' | 'tags' | 'paths'>,
  call: Call,
  isAppended = false,
): Verdict | Refusal {
  const twin = before === null ? refuseCaseTwin('topic', fields.topic, board.topics) : null;
  if (twin !== null) return twin;
  const folder = before === null ? refuseFolderClash(fields.topic, board.topics) : null;
  if (folder !== null) return folder;
  const after: Knowledge = { ...fields, updated_by: call.agent, updated_at: call.iso, version: call.version };
  return accept({
    changes: [knowledgeChange(before, after)],
    event: { action: 'knowledge_written', data: { topic: fields.topic, ...(isAppended ? { appended: true } : {}) } },
    result: { knowledge: fields.topic },
  });
}

/** Folders of nested topics must not differ by case alone either. */
export function refuseFolderClash(topic: string, topics: Iterable<string>): Refusal | null {
  const folders = topic.split('/').slice(0, -1);
  if (folders.length === 0) return null;
  const existing = new Set<string>();
  for (const other of topics) {
    const parts = other.split('/');
    for (let depth = 1; depth < parts.length; depth++) existing.add(parts.slice(0, depth).join('/'));
  }
  for (let depth = 1; depth <= folders.length; depth++) {
    const twin = refuseCaseTwin('topic folder', folders.slice(0, depth).join('/'), existing);
    if (twin !== null) return twin;
  }
  return null;
}

export function knowledgeChange(before: Knowledge | null, after: Knowledge | null): Change {
  return { collection: 'knowledge', key: (after ?? (before as Knowledge)).topic, before, after };
}
