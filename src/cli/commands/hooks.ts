import type { HooksReport } from '../../app/git-hooks.ts';
import { OrcError } from '../../errors.ts';
import type { Call } from '../call.ts';
import { type CommandResult, type CommandSpec, defineCommand } from '../command.ts';
import { hooksLines } from '../views/hooks.ts';

const data = 'HooksReport';

const install = defineCommand<HooksReport>({
  name: 'install',
  words: '',
  summary: "Install orc's git hooks in this clone, beside the hooks that are there",
  details: [
    'pre-commit refuses paths that another agent has locked, prepare-commit-msg adds Orc-Task, post-commit links the commit to its task.',
    'Other hooks go on as before, also those of a manager with a folder of its own (core.hooksPath). Installing twice is installing once.',
  ].join('\n'),
  examples: ['orc hooks install'],
  data,
  async run(call) {
    const { installHooks } = await import('../../app/git-hooks.ts');
    return answer(await installHooks(place(call)));
  },
  view: ({ data: report }, look) => hooksLines(report, look),
});

const uninstall = defineCommand<HooksReport>({
  name: 'uninstall',
  words: '',
  summary: "Take orc's git hooks out of this clone, and leave everything as it was before",
  examples: ['orc hooks uninstall'],
  data,
  async run(call) {
    const { uninstallHooks } = await import('../../app/git-hooks.ts');
    return answer(await uninstallHooks(place(call)));
  },
  view: ({ data: report }, look) => hooksLines(report, look),
});

const status = defineCommand<HooksReport>({
  name: 'status',
  isDefault: true,
  words: '',
  summary: "Show which of orc's git hooks are installed, and beside what",
  examples: ['orc hooks status', 'orc hooks status --json'],
  data,
  async run(call) {
    const { readHooks } = await import('../../app/git-hooks.ts');
    return answer(await readHooks(place(call)));
  },
  view: ({ data: report }, look) => hooksLines(report, look),
});

/** No board is needed for any of this. */
function place({ globals, io }: Call): { readonly cwd: string; readonly env: NodeJS.ProcessEnv } {
  if (globals.board !== undefined)
    throw new OrcError('usage', 'hooks belong to a clone: --board does not fit them', { hint: 'use -C DIR' });
  return { cwd: globals.cwd, env: io.env };
}

function answer(report: HooksReport): CommandResult<HooksReport> {
  return { data: report, published: null, version: null };
}

export const hooksCommands: readonly CommandSpec[] = [install, uninstall, status];
