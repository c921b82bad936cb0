/** Which knowledge belongs to a task: full-text ranking over topic, title, tags and body. Pure. */
import type { Knowledge, Task } from '../core/records.ts';

/** How much a word of the task counts by where it stands there, and how much a match by where it stands in the text. */
const ofTask = { title: 3, labels: 3, workstream: 2, description: 1 } as const;
const ofText = { topic: 5, title: 4, tags: 4, body: 1 } as const;

/** Words that stand in every text. */
const stopWords: ReadonlySet<string> = new Set(
  'about after all and any are for from has have into its more not now one only our out should than that the their them then there they this was were what when which will with you your'.split(
    ' ',
  ),
);

/** The `count` that fit best, best first; those with nothing in common are left out. */
export function relevantKnowledge(
  task: Pick<Task, 'title' | 'description' | 'workstream' | 'labels'>,
  all: readonly Knowledge[],
  count: number,
): Knowledge[] {
  const wanted = weightedWords(task);
  const texts = all.map((knowledge) => ({ knowledge, words: wordWeights(knowledge) }));
  const rarity = new Map(
    [...wanted.keys()].map((word) => [
      word,
      rarityOf(
        word,
        texts.map(({ words }) => words),
      ),
    ]),
  );
  return texts
    .map(({ knowledge, words }) => {
      let score = 0;
      for (const [word, weight] of wanted) score += weight * (rarity.get(word) ?? 0) * matchOf(word, words);
      return { knowledge, score };
    })
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || (a.knowledge.topic < b.knowledge.topic ? -1 : 1))
    .slice(0, count)
    .map(({ knowledge }) => knowledge);
}

function weightedWords(task: Parameters<typeof relevantKnowledge>[0]): Map<string, number> {
  const weights = new Map<string, number>();
  for (const [field, weight] of Object.entries(ofTask) as [keyof typeof ofTask, number][]) {
    const text = field === 'labels' ? task.labels.join(' ') : task[field];
    for (const word of wordsOf(text)) weights.set(word, Math.max(weights.get(word) ?? 0, weight));
  }
  return weights;
}

/** A word that stands often counts more, but a long text must not win by its length. */
function wordWeights({ topic, title, tags, content }: Knowledge): Map<string, number> {
  const weights = new Map<string, number>();
  const add = (word: string, weight: number) => weights.set(word, (weights.get(word) ?? 0) + weight);
  const counts = new Map<string, number>();
  for (const word of wordsOf(content)) counts.set(word, (counts.get(word) ?? 0) + 1);
  for (const [word, times] of counts) add(word, ofText.body * (1 + Math.log(times)));
  for (const word of new Set(wordsOf(topic))) add(word, ofText.topic);
  for (const word of new Set(wordsOf(title ?? ''))) add(word, ofText.title);
  for (const word of new Set(wordsOf(tags.join(' ')))) add(word, ofText.tags);
  return weights;
}

function matchOf(word: string, words: ReadonlyMap<string, number>): number {
  let best = words.get(word) ?? 0;
  if (word.length < 4) return best;
  // `payment` and `payments`, `deploy` and `deployment`: the beginning of a word counts, if less.
  for (const [other, weight] of words) {
    if (other.length >= 4 && other !== word && (other.startsWith(word) || word.startsWith(other)))
      best = Math.max(best, weight * 0.6);
  }
  return best;
}

function rarityOf(word: string, texts: readonly ReadonlyMap<string, number>[]): number {
  const having = texts.filter((words) => matchOf(word, words) > 0).length;
  return having === 0 ? 0 : Math.log(1 + texts.length / having);
}

function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.filter((word) => word.length > 2 && !stopWords.has(word));
}
