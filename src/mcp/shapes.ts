/** The shapes of what tools answer with. */
import { type JsonSchema, type RecordKind, recordFields } from '../app/record-fields.ts';
import { listOf, objectOf } from './schemas.ts';

const text = { type: 'string' };
const texts = listOf(text);
const whole = { type: 'integer' };
const maybe = { type: ['string', 'null'] };

export const record = (kind: RecordKind): JsonSchema => objectOf(recordFields(kind));
export const maybeTask = (): JsonSchema => objectOf(recordFields('task'), { nullable: true });
export const records = (kind: RecordKind): JsonSchema => listOf({ type: 'object', title: kind });
export const anything = (): JsonSchema => ({});
export const yes = (): JsonSchema => ({ type: 'boolean' });
export const names = (): JsonSchema => texts;
export const objects = (): JsonSchema => listOf({ type: 'object' });
export const someObject = (): JsonSchema => ({ type: 'object' });

export const knowledge = (): JsonSchema =>
  objectOf({
    topic: text,
    title: maybe,
    tags: texts,
    paths: texts,
    updated_by: text,
    updated_at: text,
    version: whole,
    content: text,
  });

export const knowledgeHits = (): JsonSchema =>
  listOf(
    objectOf({ topic: text, title: maybe, tags: texts, paths: texts, score: { type: 'number' }, snippets: objects() }),
  );

export const brief = (): JsonSchema =>
  objectOf(
    {
      workstream: text,
      task_id: text,
      title: text,
      knowledge: texts,
      dropped: texts,
      warnings: texts,
      markdown: text,
    },
    { nullable: true },
  );

export const status = (): JsonSchema =>
  objectOf({
    you: text,
    workstreams: objects(),
    agents: objects(),
    active_locks: objects(),
    in_progress: objects(),
    recent_events: objects(),
    knowledge_topics: texts,
    unread_mail: someObject(),
    sync: someObject(),
    faults: objects(),
    warning: maybe,
  });

export const sent = (): JsonSchema => objectOf({ id: text, sent_to: text, to: texts, skipped: texts });
export const event = (): JsonSchema => objectOf({ n: whole, v: whole, ts: text, agent: text, action: text });
export const compacted = (): JsonSchema =>
  objectOf({ before: text, dry_run: yes(), tasks: whole, needed: whole, cycles: whole, events: whole });
export const undone = (): JsonSchema => objectOf({ undone: whole, kind: text, agent: text, target: text });
