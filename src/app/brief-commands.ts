/** The commands of a brief: what the reader runs to claim, to lock, to report back. Pure. */
import { fenced, shellWord } from './brief-quote.ts';
import type { BriefContents } from './cycle-brief.ts';

type Step = readonly [what: string, ...commands: readonly string[]];

/** They always stay: without them nobody would hear of the work. */
export function commandLines(contents: BriefContents): string[] {
  const { task, agent, place } = contents;
  const isNamed = (agent ?? task.assigned_to) !== null;
  const script = stepsOf(contents).flatMap(([what, ...commands]) => [`# ${what}:`, ...commands]);
  return [
    'The board is kept by `orc` (`npm install --global git-orc`) on a branch of its own of this repository. Work in the repository as',
    'usual, and run these commands in any folder of it. What stands in `<…>` is for you to fill in.',
    ...(isNamed ? [] : ['`<agent>` is a name of your own: one word, the same each time.']),
    ...(place.dependents.length === 0 ? [] : ['What waits for this task can begin when it is complete.']),
    '',
    ...fenced({ text: script.join('\n') }).map((line, index) => (index === 0 ? line.replace(/text$/, 'sh') : line)),
  ];
}

function stepsOf({ task, agent: given, mail }: BriefContents): Step[] {
  const { id, status, paths, claim } = task;
  const ws = shellWord(task.workstream);
  const name = given ?? task.assigned_to;
  const agent = name === null ? '<agent>' : shellWord(name);
  const isHeld = status === 'in_progress' && name !== null && task.assigned_to === name;
  // A claim that is not published has no token yet; without one, what this clone remembers counts.
  const token = isHeld && claim !== null && claim.token !== null ? ` --token ${claim.token}` : '';
  const as = ` --agent ${agent}${token}`;
  const resources = paths.map((path) => shellWord(`path:${path}`));
  const claiming: Step = [
    'Claim the task first, and stop if that is refused; in another clone than that one add the --token that it tells',
    `orc t claim ${ws} ${id} ${agent}`,
  ];
  const locking: Step = [
    'Lock the files before you change them; ask again before the time is up',
    ...resources.map((resource) => `orc l acquire ${resource} ${agent} --ttl 10m`),
  ];
  const releasing: Step = [
    'Give the files back before you report the end',
    ...resources.map((resource) => `orc l release ${resource} ${agent}`),
  ];
  return [
    ...(isHeld ? [] : [claiming]),
    ...(resources.length === 0 ? [] : [locking]),
    ['Keep the claim while you work, well before its lease runs out', `orc t renew ${ws} ${id}${as}`],
    [
      'Look up what others found out, and write down what others should know',
      'orc kb search "<words>"',
      `orc kb write "<topic>" "<content>" --agent ${agent}`,
    ],
    ['Ask or tell another agent something', `orc msg send "<agent or all>" "<text>" --task ${id} --agent ${agent}`],
    ...(mail.length === 0 ? [] : [['When you have read your mail', `orc msg ack --all --agent ${agent}`] as const]),
    ...(resources.length === 0 ? [] : [releasing]),
    ['When it is done: whoever depends on it reads the result', `orc t complete ${ws} ${id} "<result>"${as}`],
    ['When it cannot be done', `orc t fail ${ws} ${id} "<reason>"${as}`],
    ['When you have to stop in the middle', `orc t release ${ws} ${id} "<how far it is>"${as}`],
  ];
}

/** How the reader sees the whole of a text that a brief had to cut. */
export interface Sight {
  readonly task: (id: string) => string;
  readonly topic: (topic: string) => string;
  readonly mail: string;
}

export const commandSight: Sight = {
  task: (id) => `orc t show ${id}`,
  topic: (topic) => `orc kb read ${shellWord(topic)}`,
  mail: 'orc msg inbox',
};
