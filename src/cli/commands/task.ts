/** Commands on what a task is: add, edit, note, link. Looking at tasks: task-look.ts; who works on them: task-work.ts. */
import type { Check, Task } from '../../core/records.ts';
import { OrcError } from '../../errors.ts';
import type { Call } from '../call.ts';
import { type CommandSpec, defineCommand, type OptionSpec } from '../command.ts';
import { sortTaskWords } from '../task-words.ts';
import { listToSet, textFrom, textToSet } from '../text-words.ts';
import { readPriority, wordOrOption } from '../values.ts';
import { taskLookCommands } from './task-look.ts';
import { taskWorkCommands } from './task-work.ts';

const descriptive: readonly OptionSpec[] = [
  { flags: '--depends-on <ids...>', summary: 'tasks that have to be done first' },
  { flags: '--label <labels...>', summary: 'labels, for `next --label` and `list --label`' },
  { flags: '--path <globs...>', summary: 'files that it will touch; locks on them keep it waiting' },
  { flags: '--needs <capabilities...>', summary: 'what its agent must be registered with' },
  { flags: '--parent <id>', summary: 'the task that it is a part of' },
  { flags: '--estimate <size>', summary: 'how much work it is, in any unit' },
  { flags: '--check <commands...>', summary: 'commands that must succeed before it counts as done' },
  { flags: '--criterion <texts...>', summary: 'what must be met before it counts as done, for a reader to confirm' },
];

type OptionReader<Value> = (call: Call, option: string) => Value;

/** Undefined where it was not given. */
function descriptiveArguments(
  call: Call,
  listOf: OptionReader<readonly string[] | undefined>,
  textOf: OptionReader<string | null | undefined>,
): Record<string, unknown> {
  return {
    depends_on: listOf(call, 'dependsOn'),
    labels: listOf(call, 'label'),
    paths: listOf(call, 'path'),
    needs: listOf(call, 'needs'),
    parent: textOf(call, 'parent'),
    estimate: textOf(call, 'estimate'),
    checks: checksIn(listOf(call, 'check'), listOf(call, 'criterion')),
  };
}

/** Where either is given, both are new. */
function checksIn(
  commands: readonly string[] | undefined,
  criteria: readonly string[] | undefined,
): readonly Check[] | undefined {
  if (commands === undefined && criteria === undefined) return undefined;
  return [...(commands ?? []).map((command) => ({ command })), ...(criteria ?? []).map((criterion) => ({ criterion }))];
}

const add = defineCommand<Task>({
  name: 'add',
  words: '<workstream> <title> [description] [priority]',
  summary: 'Add a task to a workstream',
  details: 'With - in the place of the description it is read from standard input.',
  options: [
    { flags: '--description <text>', summary: 'in the place of the word; - reads it from standard input' },
    { flags: '--priority <n>', summary: 'in the place of the word: 1 (most urgent) to 9' },
    ...descriptive,
  ],
  examples: [
    'orc t add revenue "Add payments to API" "Integrate USDC" 1',
    'orc t add revenue "Ship it" --depends-on 1a2b3c4d --label release --path "src/api/**"',
    'orc t add revenue "Write the guide" - 3 < outline.md',
    'orc t add revenue "Mend the build" --priority 1',
    'orc t add revenue "Fix the login" --check "npm test" --criterion "an expired link says so"',
  ],
  data: 'Task',
  async run(call) {
    const [workstream, title] = call.words;
    const description = wordOrOption(call.words[2], call.text('description'), 'description');
    const priority = wordOrOption(call.words[3], call.text('priority'), 'priority');
    return call.perform('task.add', {
      workstream,
      title,
      description: description === undefined ? undefined : await textFrom(call, [description]),
      priority: priority === undefined ? undefined : readPriority(priority),
      ...descriptiveArguments(
        call,
        (_, option) => call.list(option),
        // What names a task is not taken for nothing because a variable was empty.
        (_, option) => (option === 'parent' ? call.text(option) : textToSet(call, option)),
      ),
    });
  },
  view: ({ data }, look) => [look.line(`Added task ${data.id}: ${data.title}`)],
});

const edit = defineCommand<Task>({
  name: 'edit',
  words: '<id>',
  summary: 'Change a task',
  details:
    'Several values take the place of those that were there; an empty one takes them away: --label "", --depends-on "", --parent "".',
  options: [
    { flags: '--title <text>', summary: 'the new title' },
    { flags: '--description <text>', summary: 'the new description; - reads it from standard input' },
    { flags: '--priority <n>', summary: 'the new priority: 1 (most urgent) to 9' },
    { flags: '--workstream <name>', summary: 'move it to another workstream' },
    ...descriptive,
  ],
  examples: [
    'orc t edit 1a2b3c4d --priority 2',
    'orc t edit 1a2b --title "Add USDC payments" --label api',
    'orc t edit 1a2b --depends-on ""',
  ],
  data: 'Task',
  async run(call) {
    const priority = call.text('priority');
    const description = call.text('description');
    return call.perform('task.edit', {
      id: call.word(0),
      title: call.text('title'),
      description: description === undefined ? undefined : await textFrom(call, [description]),
      priority: priority === undefined ? undefined : readPriority(priority),
      move_to: call.text('workstream'),
      ...descriptiveArguments(call, listToSet, textToSet),
    });
  },
  view: ({ data }, look) => [look.line(`Changed task ${data.id}: ${data.title}`)],
});

const note = defineCommand<Task>({
  name: 'note',
  words: '[workstream] <id> <text>',
  isLoose: true,
  summary: 'Add a note to a task',
  examples: ['orc t note 1a2b3c4d "The API wants a key first"', 'orc t note revenue 1a2b3c4d - < findings.md'],
  data: 'Task',
  async run(call) {
    const { workstream, id, more } = await sortTaskWords(await call.open(), call.words);
    if (more === undefined)
      throw new OrcError('usage', 'what is the note?', { hint: `for example \`orc t note ${id} "…"\`` });
    return call.perform('task.note', { workstream, id, text: await textFrom(call, [more]) });
  },
  view: ({ data }, look) => [look.line(`Noted: ${data.title}`)],
});

const link = defineCommand<Task>({
  name: 'link',
  words: '<id> <commit>',
  summary: 'Link a commit of the repository to a task',
  details: "orc's git hooks do it for commits with the trailer `Orc-Task: <workstream>/<id>`; `orc t show` lists them.",
  examples: ['orc t link 1a2b3c4d HEAD', 'orc t link 1a2b 0a1b2c3d4e5f60718293a4b5c6d7e8f901234567'],
  data: 'LinkedTask',
  async run(call) {
    const orc = await call.open();
    const { wholeCommit } = await import('../../app/whole-commit.ts');
    const commit = await wholeCommit(orc.surroundings, call.word(1));
    return call.perform('task.link', { id: call.word(0), commit });
  },
  view: ({ data }, look) => [look.line(`Linked: ${data.title} (${data.commits?.at(-1)?.commit.slice(0, 12) ?? ''})`)],
});

export const taskCommands: readonly CommandSpec[] = [add, ...taskWorkCommands, edit, note, link, ...taskLookCommands];
