/**
 * Finding knowledge: by words, by the files that it binds, by tag and folder.
 *
 * Texts are cold: opening a board does not read them. Here all of them are read, in one go, and kept: as long as
 * the process lives, only texts that changed are read again.
 */
import { type Binding, bindingTopics, faultInFiles, globOfFiles } from '../core/binding.ts';
import type { Knowledge } from '../core/records.ts';
import { OrcError } from '../errors.ts';
import type { GitStore, Oid } from '../git/store.ts';
import { listFiles, readPath } from '../git/trees.ts';
import { placeOf } from '../layout/paths.ts';
import { decodeRecord } from '../layout/read-board.ts';
import type { Head } from '../sync/head.ts';
import { type FullText, indexKnowledge } from './full-text.ts';
import type { OrcCore } from './orc-core.ts';
import { type Snippet, snippetsOf } from './snippets.ts';
import { wordsOf } from './words.ts';

export interface KnowledgeFilter {
  /** Only topics that have all of these tags. */
  readonly tags?: readonly string[] | undefined;
  /** Only topics that begin so: `api/`. */
  readonly prefix?: string | undefined;
}

export interface KnowledgeSearch extends KnowledgeFilter {
  /** At most so many; default 10. */
  readonly limit?: number | undefined;
}

/** A topic that was found, without its text. */
export interface KnowledgeHit extends Omit<Knowledge, 'content'> {
  /** Comparable within one answer only. */
  readonly score: number;
  readonly snippets: readonly Snippet[];
}

export interface BoundKnowledge extends Omit<Knowledge, 'content'> {
  /** Those of its paths that match, the most specific first. */
  readonly matched: readonly string[];
}

const folder = 'knowledge';
const defaultLimit = 10;

interface Shelf {
  readonly tree: Oid | null;
  readonly files: ReadonlyMap<string, { readonly oid: Oid; readonly knowledge: Knowledge | null }>;
  readonly all: readonly Knowledge[];
  index: FullText | null;
}

const shelves = new WeakMap<GitStore, Shelf>();

/** Every text that can be read, by topic. */
export async function allKnowledge(orc: Pick<OrcCore, 'connection'>, head: Head): Promise<readonly Knowledge[]> {
  return (await readShelf(orc.connection.store, head)).all;
}

/** The index over all texts. */
export async function knowledgeIndex(orc: Pick<OrcCore, 'connection'>, head: Head): Promise<FullText> {
  const shelf = await readShelf(orc.connection.store, head);
  shelf.index ??= indexKnowledge(shelf.all);
  return shelf.index;
}

/**
 * Topics in which the words stand, best first: more of the words, rarer ones, and those in topic, title and tags count more.
 * @throws OrcError `invalid-argument` when there is no word to search for, or the limit is none
 */
export async function searchKnowledge(
  orc: OrcCore,
  words: string,
  search: KnowledgeSearch = {},
): Promise<KnowledgeHit[]> {
  const { limit = defaultLimit } = search;
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new OrcError('invalid-argument', `the limit must be a whole number from 1, not ${limit}`);
  const wanted = [...new Set(wordsOf(words).map(({ term }) => term))];
  if (wanted.length === 0)
    throw new OrcError('invalid-argument', `there is no word to search for in "${words}"`, {
      hint: 'name letters or digits; `orc kb list` shows all topics',
    });
  const head = await orc.head();
  const topics = new Map((await allKnowledge(orc, head)).map((knowledge) => [knowledge.topic, knowledge]));
  const only = (topic: string): boolean => fits(topics.get(topic), search);
  const matches = (await knowledgeIndex(orc, head)).search(wanted, { only });
  return matches.slice(0, limit).flatMap(({ topic, score, terms }) => {
    const knowledge = topics.get(topic);
    if (knowledge === undefined) return [];
    const { content, ...rest } = knowledge;
    return [{ ...rest, score: Math.round(score * 1000) / 1000, snippets: snippetsOf(content, terms) }];
  });
}

/**
 * Topics that bind these files, the most specific first. A path counts from the root of the repository; one that ends in a slash
 * stands for all that lies there, and it may be a glob.
 * @throws OrcError `invalid-argument`
 */
export async function knowledgeFor(orc: OrcCore, paths: readonly string[]): Promise<BoundKnowledge[]> {
  const files = paths.map(globOfFiles);
  for (const [index, glob] of files.entries()) {
    const fault = faultInFiles(glob);
    if (fault !== null)
      throw new OrcError('invalid-argument', `the path "${paths[index]}" ${fault}`, {
        hint: 'for example src/api/login.ts, src/api/, or src/**/*.ts',
      });
  }
  const found: Binding<Knowledge>[] = bindingTopics(await allKnowledge(orc, await orc.head()), files);
  return found.map(({ knowledge: { content: _content, ...rest }, globs }) => ({ ...rest, matched: globs }));
}

/** The topics, sorted. Texts are read only when tags are asked for. */
export async function listTopics(orc: OrcCore, filter: KnowledgeFilter = {}): Promise<string[]> {
  const { prefix = '', tags = [] } = filter;
  const head = await orc.head();
  if (tags.length === 0) return [...head.read.board.topics].filter((topic) => topic.startsWith(prefix)).sort();
  return (await allKnowledge(orc, head)).filter((knowledge) => fits(knowledge, filter)).map(({ topic }) => topic);
}

function fits(knowledge: Knowledge | undefined, { tags = [], prefix = '' }: KnowledgeFilter): boolean {
  return knowledge?.topic.startsWith(prefix) === true && tags.every((tag) => knowledge.tags.includes(tag));
}

async function readShelf(store: GitStore, head: Head): Promise<Shelf> {
  const entry = await readPath(store, head.tree, folder);
  const tree = entry?.mode === '40000' ? entry.oid : null;
  const before = shelves.get(store);
  if (before !== undefined && before.tree === tree) return before;
  const files = await readFiles(store, head, before?.files ?? new Map());
  const all = [...files.values()].flatMap(({ knowledge }) => knowledge ?? []);
  const shelf = { tree, files, all: all.sort((a, b) => (a.topic < b.topic ? -1 : 1)), index: null };
  shelves.set(store, shelf);
  return shelf;
}

/** What cannot be read is left out; whoever reads it by its topic hears why. */
async function readFiles(store: GitStore, head: Head, before: Shelf['files']): Promise<Shelf['files']> {
  const files = new Map<string, { readonly oid: Oid; readonly knowledge: Knowledge | null }>();
  const changed: (readonly [string, Oid])[] = [];
  for (const [path, { oid, mode }] of await listFiles(store, head.tree, { under: folder })) {
    const place = placeOf(path);
    if (mode !== '100644' || place.kind !== 'record' || !head.read.board.topics.has(place.key)) continue;
    const known = before.get(path);
    if (known?.oid === oid) files.set(path, known);
    else changed.push([path, oid]);
  }
  const objects = await store.readObjects(changed.map(([, oid]) => oid));
  for (const [path, oid] of changed) {
    const bytes = objects.get(oid)?.bytes;
    const decoded = bytes === undefined ? null : await decodeRecord(path, bytes);
    const isText = decoded !== null && 'record' in decoded && decoded.collection === 'knowledge';
    files.set(path, { oid, knowledge: isText ? (decoded.record as Knowledge) : null });
  }
  return files;
}
