/** The board that the demo plays with: a small newsroom on a space station. */

/** Two machines, each with a clone of its own, and who works there. */
export const machines = [
  { name: 'bridge', agents: ['vega', 'lyra'] },
  { name: 'galley', agents: ['rigel', 'altair'] },
] as const;

export const newsletter = 'The Perigee Post';

/** Lines of `orc batch`: `as` names a record for later lines. */
const lines: readonly object[] = [
  ...machines.flatMap(({ agents }) => agents.map((id) => ({ op: 'agent.register', id, type: 'writer' }))),
  { op: 'workstream.create', name: 'stories', description: 'What to write', priority: 1 },
  { op: 'workstream.create', name: 'pictures', description: 'What to show', priority: 2 },
  { op: 'workstream.create', name: 'printing', description: 'Paper, ink, delivery', priority: 3 },
  { op: 'task.add', workstream: 'stories', title: 'Interview the tomatoes of module 3', priority: 1, as: '$tomatoes' },
  { op: 'task.add', workstream: 'stories', title: 'Weather report: still no weather', priority: 2, as: '$weather' },
  { op: 'task.add', workstream: 'stories', title: 'Horoscope for sixteen sunrises a day', priority: 3, as: '$stars' },
  { op: 'task.add', workstream: 'pictures', title: 'Photograph the lost sock of airlock 2', priority: 1 },
  {
    op: 'task.add',
    workstream: 'printing',
    title: 'Lay out the front page',
    priority: 1,
    depends_on: ['$tomatoes', '$weather', '$stars'],
  },
];

export const boardLines = lines.map((line) => `${JSON.stringify(line)}\n`).join('');

/** What the writers hand in, by the beginning of the title. */
const results: readonly (readonly [string, string])[] = [
  ['Interview', 'The tomatoes decline to comment on gravity. 400 words.'],
  ['Weather', 'Sunny, then dark, then sunny. 16 times. 90 words.'],
  ['Horoscope', 'All signs: beware of retrograde burns. 200 words.'],
];

export function resultOf(title: string): string {
  return results.find(([beginning]) => title.startsWith(beginning))?.[1] ?? 'Done.';
}

export const learnt = {
  topic: 'style/tomatoes',
  text: 'Never call a tomato ripe while it is listening.',
} as const;
