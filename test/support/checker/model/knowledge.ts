/** The knowledge base: operations, and the file that a topic is. */
import { stringify } from 'yaml';
import type { BoardModel } from './board.ts';
import { type Call, type Decide, optionalNumber, refuse, text, texts, type Verdict } from './operation.ts';
import type { Knowledge } from './records.ts';
import { caseTwin } from './workstreams.ts';

const maxBytes = 1024 * 1024;

export function encodeKnowledge(knowledge: Knowledge): string {
  const { title, tags, paths, updated_by, updated_at, version, content } = knowledge;
  const head = stringify(
    { title, tags, ...(paths.length > 0 && { paths }), updated_by, updated_at, version },
    { version: '1.2', schema: 'core', lineWidth: 0, indent: 2 },
  );
  return `---\n${head}---\n${content}`;
}

type Words = Pick<Knowledge, 'title' | 'tags' | 'paths' | 'content'>;

function put(board: BoardModel, call: Call, words: Words, data: Readonly<Record<string, unknown>>): Verdict {
  const topic = text(call.args, 'topic');
  if (!board.knowledge.has(topic)) {
    const twin = caseTwin(topic, board.knowledge.keys()) ?? caseTwinOfFolders(topic, board.knowledge.keys());
    if (twin !== null) return twin;
  }
  const after: Knowledge = { topic, ...words, updated_by: call.agent, updated_at: call.iso, version: call.version };
  return {
    outcome: 'accepted',
    changes: [{ what: 'knowledge', key: topic, after }],
    event: { action: 'knowledge_written', data: { topic, ...data } },
    result: { knowledge: topic },
  };
}

function foldersOf(topic: string): string[] {
  const names = topic.split('/');
  return names.slice(1).map((_, depth) => names.slice(0, depth + 1).join('/'));
}

export function caseTwinOfFolders(topic: string, topics: Iterable<string>) {
  const existing = new Set([...topics].flatMap(foldersOf));
  for (const folder of foldersOf(topic)) {
    const twin = caseTwin(folder, existing);
    if (twin !== null) return twin;
  }
  return null;
}

const write: Decide = (board, call) => {
  const { args } = call;
  const before = board.knowledge.get(text(args, 'topic'));
  const base = optionalNumber(args, 'base');
  if (base !== null && base !== (before?.version ?? 0)) return refuse('conflict', 'somebody wrote in between');
  const title = args.title === undefined ? (before?.title ?? null) : (args.title as string | null);
  const tags = args.tags === undefined ? (before?.tags ?? []) : texts(args, 'tags');
  const paths = args.paths === undefined ? (before?.paths ?? []) : texts(args, 'paths');
  return put(board, call, { title, tags, paths, content: text(args, 'content') }, {});
};

const append: Decide = (board, call) => {
  const before = board.knowledge.get(text(call.args, 'topic'));
  const old = before?.content ?? '';
  const content = `${old}${old === '' || old.endsWith('\n') ? '' : '\n'}${text(call.args, 'content')}`;
  if (Buffer.byteLength(content) > maxBytes) return refuse('too-large', 'the topic would be too long');
  const { title = null, tags = [], paths = [] } = before ?? {};
  return put(board, call, { title, tags, paths, content }, { appended: true });
};

const remove: Decide = (board, call) => {
  const topic = text(call.args, 'topic');
  if (!board.knowledge.has(topic)) return refuse('not-found', `there is no knowledge on ${topic}`);
  return {
    outcome: 'accepted',
    changes: [{ what: 'knowledge', key: topic, after: null }],
    event: { action: 'knowledge_deleted', data: { topic } },
    result: { value: true },
  };
};

export const knowledgeOperations: Readonly<Record<string, Decide>> = {
  'knowledge.write': write,
  'knowledge.append': append,
  'knowledge.delete': remove,
};
