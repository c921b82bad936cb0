import type { BoundKnowledge, KnowledgeHit } from '../../app/knowledge-base.ts';
import type { KnowledgeTrail } from '../../app/knowledge-history.ts';
import type { Snippet } from '../../app/snippets.ts';
import { escapeLine } from '../escape.ts';
import type { Look } from '../look.ts';
import { alignColumns } from '../width.ts';

/** The topic, who wrote it, and the places where the words stand: coloured, or between asterisks where there is no colour. */
export function hitLines(hits: readonly KnowledgeHit[], look: Look): string[] {
  if (hits.length === 0) return ['(nothing found)'];
  return hits.flatMap(({ snippets, ...hit }) => [
    headLine(hit, look),
    ...snippets.map((snippet) => `    ${snippetLine(snippet, look)}`),
  ]);
}

export function boundLines(topics: readonly BoundKnowledge[], look: Look): string[] {
  if (topics.length === 0) return ['(no knowledge binds these files)'];
  const rows = topics.map((topic) => [headLine(topic, look), look.style('dim', look.line(topic.matched.join(', ')))]);
  return alignColumns(rows);
}

export function knowledgeTrailLines({ changes, cut }: KnowledgeTrail, look: Look): string[] {
  const older = cut ? [look.style('dim', 'Older commits are not in this shallow store.')] : [];
  if (changes.length === 0) return ['No history.', ...older];
  const rows = changes.map(({ version, commit, at, agent, kind, title, bytes, added, removed }) => [
    version === null ? 'by hand' : `v${version}`,
    look.style('dim', commit.slice(0, 10)),
    at,
    look.line(agent),
    kind,
    bytes === null ? 'gone' : sizeText(bytes),
    `+${added} -${removed}`,
    look.line(title ?? ''),
  ]);
  return [...alignColumns(rows), ...older];
}

function headLine({ topic, title, tags }: Omit<BoundKnowledge, 'matched'>, look: Look): string {
  const more = `${title === null ? '' : ` - ${title}`}${tags.length === 0 ? '' : ` [${tags.join(', ')}]`}`;
  return `${look.style('bold', look.line(topic))}${look.line(more)}`;
}

function snippetLine({ text, marks }: Snippet, look: Look): string {
  const parts: string[] = [];
  let at = 0;
  for (const [from, to] of marks) {
    if (from < at) continue;
    parts.push(plain(text.slice(at, from)), marked(plain(text.slice(from, to)), look));
    at = to;
  }
  return [...parts, plain(text.slice(at))].join('').trim();
}

function marked(word: string, look: Look): string {
  const coloured = look.style('yellow', word);
  return coloured === word ? `*${word}*` : coloured;
}

function plain(text: string): string {
  return escapeLine(text.replace(/\s+/g, ' '));
}

function sizeText(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${(bytes / 1024).toFixed(1)} KiB`;
}
