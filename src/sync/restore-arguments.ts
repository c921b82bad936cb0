/** The arguments of a commit's operation with their long texts, which stand in the files that it changed. */
import { maxTextLength } from '../core/arguments.ts';
import { type Operation, type Refusal, refuse } from '../core/operation.ts';
import type { Commit } from '../git/objects.ts';
import type { Oid } from '../git/store.ts';
import { diffTrees, type ObjectReader } from '../git/trees.ts';
import { isSegment } from '../layout/paths.ts';
import type { Head } from './head.ts';
import { maxDiffering } from './judge-parts.ts';
import { hasQuotes, unquote } from './unquote.ts';

/** What a body is cut to (`formatCommitMessage`), with a mark at its end. */
const cutBody = /^.{4095}…$/s;

/**
 * What stands nowhere stays as it is: somebody may have given an argument that looks like a digest (`namesNowhere` says
 * why it is refused where that cannot be). The lists of an import are kept by nothing: it is judged by what it brought.
 */
export async function restoreArguments(
  reader: ObjectReader,
  head: Head,
  commit: Commit,
  operation: Operation,
  hashText: (text: string) => string,
): Promise<Operation['args']> {
  const { kind, args } = operation;
  if (!hasQuotes(args)) return args;
  const found = (await unquote(args, sources(reader, head, commit), hashText)) as Operation['args'];
  return kind === 'undo' && hasQuotes(found) ? withReason(found, bodyOf(commit)) : found;
}

export function namesNowhere(): Refusal {
  return refuse('wrong-result', 'it names a text that stands in none of its files', 'make changes with orc');
}

/** Values in which a text may stand, the likeliest first. One file may stand under any number of names, and is looked at once. */
async function* sources(reader: ObjectReader, head: Head, commit: Commit): AsyncGenerator<unknown> {
  const differing = await diffTrees(reader, head.tree, commit.tree, { maxChanges: maxDiffering });
  const changes = differing.flatMap(({ path, to }) =>
    to === null || to.mode !== '100644' ? [] : [{ path, oid: to.oid }],
  );
  const objects = await reader.readObjects(changes.map(({ oid }) => oid));
  const texts = new Map<Oid, string>();
  const looked = new Set<string>();
  for (const { path, oid } of changes) {
    const how = isSegment(path) ? 'lines' : path.endsWith('.json') ? 'record' : 'text';
    const bytes = objects.get(oid)?.bytes;
    if (bytes === undefined || looked.has(`${how} ${oid}`)) continue;
    looked.add(`${how} ${oid}`);
    const text = texts.get(oid) ?? new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    texts.set(oid, text);
    if (how === 'lines') yield* newLines(text, head);
    else {
      yield text;
      if (how === 'record') yield parse(text);
    }
  }
  yield head.read.board.settingsText;
  yield bodyOf(commit);
  if (head.tree !== null) return;
  // What a board begins with, in the order in which a template is read.
  const files = changes.flatMap(({ path, oid }) => {
    const text = texts.get(oid);
    return text === undefined ? [] : [{ path, text }];
  });
  const byPath = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  yield byPath.filter(({ path }) => path === 'README.md' || path.startsWith('templates/'));
  yield byPath.filter(({ path }) => path.startsWith('knowledge/')).map(topicOf);
}

function* newLines(text: string, { tail }: Head): Generator<unknown> {
  const added = text.startsWith(tail.text) ? text.slice(tail.text.length) : text;
  for (const line of added.split('\n')) if (line !== '') yield parse(line);
}

function topicOf({ path, text }: { readonly path: string; readonly text: string }): unknown {
  return {
    topic: path.slice('knowledge/'.length, -'.md'.length),
    content: text.replace(/^---\n.*?\n---\n/s, ''),
  };
}

/** The text between the subject and the trailers. */
function bodyOf({ message }: Commit): string {
  return message.split('\n\n').slice(1, -1).join('\n\n');
}

/**
 * No file keeps the whole of a long reason for an undo, only its beginning: any text that begins so comes to the same.
 */
function withReason(args: Operation['args'], body: string): Operation['args'] {
  if (!hasQuotes(args.reason)) return args;
  const { length } = args.reason as { readonly length?: unknown };
  if (!cutBody.test(body) || typeof length !== 'number' || length > maxTextLength) return args;
  return { ...args, reason: body.slice(0, -1).padEnd(length, 'x') };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
