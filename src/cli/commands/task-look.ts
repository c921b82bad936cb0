/** Commands that look at tasks: list, show, tree, graph. */
import type { ListedTask, ShownTask, TreeEntry } from '../../app/task-views.ts';
import { taskStatuses } from '../../core/records.ts';
import { graphMermaid, type TaskGraph } from '../../core/task-graph.ts';
import { OrcError } from '../../errors.ts';
import { type CommandSpec, defineCommand } from '../command.ts';
import { escapeText } from '../escape.ts';
import { readChoice } from '../values.ts';
import { taskDetails, taskLines } from '../views/task.ts';
import { graphLines, treeLines } from '../views/task-graph.ts';

const list = defineCommand<ListedTask[]>({
  name: 'list',
  aliases: ['ls'],
  words: '[workstream]',
  summary: 'List tasks: the open ones, or all of one workstream',
  details:
    'Under --json each has an `obstacle`: what keeps `next` from giving it to you, and the tasks that it waits for; null: nothing.',
  options: [
    { flags: '--status <status>', summary: `only ${taskStatuses.join(', ')}` },
    { flags: '--ready', summary: 'only those that `next` would give out now, in its order (to whom: see --agent)' },
    { flags: '--mine', summary: 'only those that I hold (see --agent)' },
    { flags: '--label <label>', summary: 'only those with this label' },
    { flags: '--all', summary: 'closed ones of all workstreams too' },
  ],
  examples: ['orc t list revenue', 'orc t list --ready --agent agent-1', 'orc t ls --status done'],
  data: 'ListedTask[]',
  async run(call) {
    const status = call.text('status');
    const filter = {
      status: status === undefined ? undefined : readChoice(status, '--status', taskStatuses),
      label: call.text('label'),
    };
    const orc = await call.openToRead();
    const [{ listTasks }, { withObstacles }] = await Promise.all([
      import('../../app/listing.ts'),
      import('../../app/task-views.ts'),
    ]);
    const [workstream] = call.words;
    const tasks = await listTasks(orc, {
      ...filter,
      workstream,
      assignedTo: call.flag('mine') ? await call.actor(null) : undefined,
      readyFor: call.flag('ready') ? await orc.actor(undefined) : undefined,
      withClosed: call.flag('all') || workstream !== undefined,
    });
    return call.answer(await withObstacles(orc, tasks, await orc.actor(undefined)));
  },
  view: ({ data }, look) => taskLines(data, look),
});

const show = defineCommand<ShownTask>({
  name: 'show',
  words: '<id>',
  summary: 'Show a task with everything that is known of it',
  details: 'Also what keeps it from being worked on (by --agent, where that matters), and what its parts come to.',
  examples: ['orc t show 1a2b3c4d', 'orc t show 1a2b --json'],
  data: 'ShownTask',
  async run(call) {
    const orc = await call.openToRead();
    const { showTask } = await import('../../app/task-views.ts');
    const task = await showTask(orc, call.word(0), await orc.actor(undefined));
    if (task !== null) return call.answer(task);
    const { missingTaskError } = await import('../../app/set-aside.ts');
    const hint = 'see `orc t list`; `orc sync` brings what others added';
    const error = new OrcError('not-found', `task "${call.word(0)}" not found`, { hint });
    throw await missingTaskError(orc, call.word(0), error);
  },
  view: ({ data }, look) => taskDetails(data, look),
});

const tree = defineCommand<TreeEntry[]>({
  name: 'tree',
  words: '[id]',
  summary: 'Show tasks below the tasks that they are parts of, with what the parts come to',
  details:
    'Of one task all parts; without an id the open tasks of the board, and closed ones above them. Closed parts count in any case.',
  options: [{ flags: '--all', summary: 'all closed ones too' }],
  examples: ['orc t tree', 'orc t tree 1a2b3c4d', 'orc t tree --all --json'],
  data: 'TreeEntry[]',
  async run(call) {
    const orc = await call.openToRead();
    const { readTree } = await import('../../app/task-views.ts');
    return call.answer(await readTree(orc, { id: call.words[0], withClosed: call.flag('all') }));
  },
  view: ({ data }, look) => treeLines(data, look),
});

const graph = defineCommand<TaskGraph | string>({
  name: 'graph',
  words: '[workstream]',
  summary: 'Show which tasks wait for which: open ones, and what they wait for',
  details: 'What has to be done first comes first. Of a workstream its tasks, and what they wait for elsewhere.',
  options: [
    { flags: '--mermaid', summary: 'draw it, as a Mermaid flowchart' },
    { flags: '--all', summary: 'closed ones too, although nothing open waits for them' },
  ],
  examples: ['orc t graph', 'orc t graph revenue --mermaid > graph.mmd', 'orc t graph --all --json'],
  data: 'TaskGraph, or with --mermaid the text',
  async run(call) {
    const orc = await call.openToRead();
    const { readGraph } = await import('../../app/task-views.ts');
    const read = await readGraph(orc, { workstream: call.words[0], withClosed: call.flag('all') });
    return call.answer(call.flag('mermaid') ? graphMermaid(read) : read);
  },
  view: ({ data }, look) => (typeof data === 'string' ? [escapeText(data).replace(/\n$/, '')] : graphLines(data, look)),
});

export const taskLookCommands: readonly CommandSpec[] = [list, show, tree, graph];
