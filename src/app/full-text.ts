/** Full-text search over knowledge: the one place that touches minisearch. Pure. */
import MiniSearch from 'minisearch';
import type { Knowledge } from '../core/records.ts';
import { wordsOf } from './words.ts';

/** Where a word stands says how much it counts. */
const boost = { topic: 5, title: 4, tags: 4, content: 1 };

export interface Match {
  readonly topic: string;
  readonly score: number;
  /** The words of the text that matched, as `wordsOf` has them. */
  readonly terms: readonly string[];
}

export interface SearchOptions {
  readonly only?: (topic: string) => boolean;
  /** How much a word that is asked for counts; 1 where it does not say. */
  readonly weights?: ReadonlyMap<string, number>;
  /** The words are somebody's prose and not chosen for a search: slips of the pen are looked for in long ones only. */
  readonly isProse?: boolean;
}

export interface FullText {
  /** Best first; equal ones by topic. A text that has more of the words comes before one that has fewer. */
  search(words: readonly string[], options?: SearchOptions): Match[];
}

/** Words count that begin like one that was asked for, or differ from it by a slip of the pen, if less. */
export function indexKnowledge(all: readonly Knowledge[]): FullText {
  const index = new MiniSearch<{ readonly topic: string; readonly [field: string]: string }>({
    idField: 'topic',
    fields: Object.keys(boost),
    tokenize: (text) => wordsOf(text).map(({ term }) => term),
    processTerm: (term) => term,
  });
  index.addAll(
    all.map(({ topic, title, tags, content }) => ({ topic, title: title ?? '', tags: tags.join(' '), content })),
  );
  return {
    search(words, { only, weights, isProse = false } = {}) {
      const found = index.search(words.join(' '), {
        boost,
        prefix: (term) => term.length >= 3,
        fuzzy: (term) => slipsIn(term, isProse ? 7 : 4),
        weights: { prefix: 0.5, fuzzy: 0.3 },
        boostTerm: (term) => weights?.get(term) ?? 1,
        ...(only === undefined ? {} : { filter: ({ id }) => only(id as string) }),
      });
      return found
        .map(({ id, score, terms, queryTerms }) => {
          // minisearch multiplies by the number of words that were found: of prose most words are there by chance.
          const fair = isProse ? score / Math.max(1, queryTerms.length) : score;
          return { topic: id as string, score: fair, terms };
        })
        .sort((a, b) => b.score - a.score || (a.topic < b.topic ? -1 : 1));
    },
  };
}

/** How many letters may differ: none in short words, where each makes another word. */
function slipsIn(term: string, shortest: number): number | boolean {
  if (term.length < shortest) return false;
  return term.length < 9 ? 1 : 2;
}
