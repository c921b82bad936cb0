/** The places of a text where what was searched for stands. Pure. */
import { type Word, wordsOf } from './words.ts';

export interface Snippet {
  /** A piece of the content, letter for letter. */
  readonly text: string;
  /** Where it begins there, in UTF-16 units. */
  readonly at: number;
  /** The words that matched: from and to, within `text`. */
  readonly marks: readonly (readonly [number, number])[];
}

/** Characters of one piece, and how many of them stand before its first match. */
const pieceLength = 160;
const leadLength = 40;

/** Up to `count` pieces, those with the most different words first chosen, in the order of the text. */
export function snippetsOf(content: string, terms: Iterable<string>, count = 2): Snippet[] {
  const wanted = new Set(terms);
  const hits = wordsOf(content).filter(({ term }) => wanted.has(term));
  if (hits.length === 0) return content.trim() === '' ? [] : [cut(content, 0, [])];
  const pieces: Snippet[] = [];
  let left = hits;
  while (left.length > 0 && pieces.length < count) {
    const first = densest(left);
    const piece = cut(content, Math.max(0, first.from - leadLength), hits);
    pieces.push(piece);
    left = left.filter(({ from }) => from < piece.at - pieceLength || from >= piece.at + piece.text.length);
  }
  return pieces.sort((a, b) => a.at - b.at);
}

/** The match from which on the most different words stand close together. */
function densest(hits: readonly Word[]): Word {
  let best = hits[0] as Word;
  let most = 0;
  let end = 0;
  const inside = new Map<string, number>();
  for (const [index, hit] of hits.entries()) {
    for (; end < hits.length && (hits[end] as Word).to <= hit.from + pieceLength - leadLength; end++) {
      const { term } = hits[end] as Word;
      inside.set(term, (inside.get(term) ?? 0) + 1);
    }
    if (inside.size > most) {
      most = inside.size;
      best = hit;
    }
    const left = (inside.get(hit.term) ?? 0) - 1;
    if (left > 0) inside.set(hit.term, left);
    else inside.delete(hit.term);
    if (end <= index) end = index + 1;
  }
  return best;
}

/** Begins and ends between words where that is near, and never within a character. */
function cut(content: string, start: number, hits: readonly Word[]): Snippet {
  const at = start === 0 ? 0 : start + (/^\S{0,20}\s+/.exec(content.slice(start, start + 40))?.[0].length ?? 0);
  const from = isInsidePair(content, at) ? at - 1 : at;
  let to = Math.min(content.length, from + pieceLength);
  if (to < content.length) to -= /\s\S{0,20}$/.exec(content.slice(from, to))?.[0].length ?? 0;
  if (isInsidePair(content, to)) to -= 1;
  const marks = hits
    .filter((hit) => hit.from >= from && hit.to <= to)
    .map((hit) => [hit.from - from, hit.to - from] as const);
  return { text: content.slice(from, to), at: from, marks };
}

function isInsidePair(text: string, at: number): boolean {
  return /[\udc00-\udfff]/.test(text.charAt(at)) && /[\ud800-\udbff]/.test(text.charAt(at - 1));
}
