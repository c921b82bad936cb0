import type { WorkstreamSummary } from '../../app/status.ts';
import { insteadOfWorkstream } from '../../core/operations/support.ts';
import type { Workstream } from '../../core/records.ts';
import { OrcError } from '../../errors.ts';
import { type CommandSpec, defineCommand } from '../command.ts';
import { readPriority, wordOrOption } from '../values.ts';
import { workstreamDetails, workstreamLines } from '../views/workstream.ts';

const create = defineCommand<Workstream>({
  name: 'create',
  words: '<name> [description] [priority]',
  summary: 'Create a workstream',
  details:
    'Where there is no board yet, this begins one, if it is clear where: on the only remote, or in a repository without remotes.',
  options: [
    { flags: '--description <text>', summary: 'in the place of the word' },
    { flags: '--priority <n>', summary: 'in the place of the word: 1 (most urgent) to 9' },
  ],
  examples: ['orc ws create revenue "Revenue generation" 1', 'orc workstream create docs "User documentation"'],
  data: 'Workstream',
  async run(call) {
    const [name] = call.words;
    const description = wordOrOption(call.words[1], call.text('description'), 'description');
    const priority = wordOrOption(call.words[2], call.text('priority'), 'priority');
    const args = { name, description, priority: priority === undefined ? undefined : readPriority(priority) };
    // Before a board is begun for its sake.
    await call.check('workstream.create', args);
    await call.open({ create: true });
    return call.perform('workstream.create', args);
  },
  view: ({ data }, look) => [look.line(`Created workstream: ${data.name}`)],
});

const list = defineCommand<WorkstreamSummary[]>({
  name: 'list',
  aliases: ['ls'],
  words: '',
  summary: 'List workstreams by priority, with counts',
  examples: ['orc ws list'],
  data: 'WorkstreamSummary[]',
  async run(call) {
    return call.answer(await (await call.openToRead()).listWorkstreams());
  },
  view: ({ data }, look) => workstreamLines(data, look),
});

const show = defineCommand<WorkstreamSummary>({
  name: 'show',
  words: '<name>',
  summary: 'Show a workstream',
  examples: ['orc ws show revenue'],
  data: 'WorkstreamSummary',
  async run(call) {
    const orc = await call.openToRead();
    const all = await orc.listWorkstreams();
    const found = all.find(({ name }) => name === call.word(0));
    if (found !== undefined) return call.answer(found);
    const { setAsideError } = await import('../../app/set-aside.ts');
    const setAside = await setAsideError(orc, 'workstreams', call.word(0));
    if (setAside !== null) throw setAside;
    const known = all.map(({ name }) => name);
    throw new OrcError('not-found', `workstream "${call.word(0)}" not found`, {
      hint: insteadOfWorkstream(call.word(0), known),
    });
  },
  view: ({ data }, look) => workstreamDetails(data, look),
});

const update = defineCommand<Workstream>({
  name: 'update',
  words: '<name>',
  summary: 'Change the description or priority of a workstream',
  options: [
    { flags: '--description <text>', summary: 'the new description' },
    { flags: '--priority <n>', summary: 'the new priority: 1 (most urgent) to 9' },
  ],
  examples: ['orc ws update revenue --priority 2', 'orc ws update revenue --description "Payments and invoices"'],
  data: 'Workstream',
  async run(call) {
    const priority = call.text('priority');
    return call.perform('workstream.update', {
      name: call.word(0),
      description: call.text('description'),
      priority: priority === undefined ? undefined : readPriority(priority),
    });
  },
  view: ({ data }, look) => [look.line(`Updated workstream: ${data.name}`)],
});

function statusCommand(name: 'pause' | 'resume' | 'archive', summary: string, told: string): CommandSpec {
  return defineCommand<Workstream>({
    name,
    words: '<name>',
    summary,
    examples: [`orc ws ${name} revenue`],
    data: 'Workstream',
    run: (call) => call.perform(`workstream.${name}`, { name: call.word(0) }),
    view: ({ data }, look) => [look.line(`${told} workstream: ${data.name}`)],
  });
}

export const workstreamCommands: readonly CommandSpec[] = [
  create,
  list,
  show,
  update,
  statusCommand('pause', 'Pause a workstream: `next` skips it', 'Paused'),
  statusCommand('resume', 'Make a paused or archived workstream active again', 'Resumed'),
  statusCommand('archive', 'Archive a workstream without open tasks', 'Archived'),
];
