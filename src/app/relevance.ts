/** Which knowledge belongs to a task: full-text search for the words of the task. Pure. */
import type { Task } from '../core/records.ts';
import type { FullText } from './full-text.ts';
import { wordsOf } from './words.ts';

export type TaskWords = Pick<Task, 'title' | 'description' | 'workstream' | 'labels' | 'paths'>;

/** How much a word of the task counts by where it stands there. */
const weightOf = { title: 3, labels: 3, workstream: 2, paths: 1, description: 1 } as const;
/** Of a long description only so many different words are looked for. */
const maxWords = 200;
/** What fits so much worse than the best is chance. */
const leastShare = 0.2;

/** Words that stand in every text, and parts of paths that stand in every repository. */
const stopWords: ReadonlySet<string> = new Set(
  [
    'about after all and any are but can does for from has have how into its make more must not now one only our out should',
    'than that the their them then there they this use was were what when which will with would you your',
    'src lib test tests index main',
  ].flatMap((line) => line.split(' ')),
);

/** The topics that fit best, best first; `isCandidate` leaves out those that are known anyway. */
export function relevantTopics(
  task: TaskWords,
  index: FullText,
  { count, isCandidate }: { readonly count: number; readonly isCandidate: (topic: string) => boolean },
): string[] {
  const weights = weightedWords(task);
  if (weights.size === 0) return [];
  const found = index.search([...weights.keys()], { weights, only: isCandidate, isProse: true });
  const best = found[0]?.score ?? 0;
  return found
    .filter(({ score }) => score >= best * leastShare)
    .slice(0, count)
    .map(({ topic }) => topic);
}

function weightedWords({ title, labels, workstream, paths, description }: TaskWords): Map<string, number> {
  const texts = { title, labels: labels.join(' '), workstream, paths: paths.join(' '), description };
  const weights = new Map<string, number>();
  for (const [field, weight] of Object.entries(weightOf) as [keyof typeof weightOf, number][]) {
    for (const { term } of wordsOf(texts[field])) {
      if (weights.size >= maxWords) return weights;
      const isAlone = /^[\p{L}\p{N}]{1,2}$/u.test(term) && /^[a-z0-9]+$/.test(term);
      if (isAlone || stopWords.has(term) || weights.has(term)) continue;
      weights.set(term, weight);
    }
  }
  return weights;
}
