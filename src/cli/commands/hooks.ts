import type { CommitCheck } from '../../app/commit-check.ts';
import type { HooksReport } from '../../app/git-hooks.ts';
import type { ServerHook } from '../../app/server-hooks.ts';
import { OrcError } from '../../errors.ts';
import type { Call } from '../call.ts';
import { type CommandResult, type CommandSpec, defineCommand } from '../command.ts';
import { pathFrom } from '../path-words.ts';
import { checkLines, hooksLines } from '../views/hooks.ts';

const data = 'HooksReport';

const serverOption = {
  flags: '--server <path>',
  summary: 'the repository of a remote on this machine, instead of the clone',
};

const install = defineCommand<HooksReport>({
  name: 'install',
  words: '',
  summary: "Install orc's git hooks in this clone, beside the hooks that are there",
  details: [
    'pre-commit refuses paths that another agent has locked, prepare-commit-msg adds Orc-Task, post-commit links the commit to its task.',
    'With --server, the hook of a remote is installed: in the repository that is pushed to, on the machine where it lies. It lets in what orc',
    'itself would have made, edits by hand as manual_edits of the board allows them (`orc config set manual_edits refuse --shared`), and refuses',
    'all else (docs/hooks.md). --branch names the branch of the board.',
    'Other hooks go on as before, also those of a manager with a folder of its own (core.hooksPath). Installing twice is installing once.',
  ].join('\n'),
  options: [serverOption, { flags: '--hook <name>', summary: 'on a server: update (default) or pre-receive' }],
  examples: ['orc hooks install', 'orc hooks install --server /srv/git/project.git'],
  data,
  async run(call) {
    const server = call.text('server');
    const hook = call.text('hook');
    if (server !== undefined) {
      const { installServerHook } = await import('../../app/server-hooks.ts');
      const { branch } = call.globals;
      return answer(
        await installServerHook({ path: serverPath(call, server), hook: readServerHookName(hook), branch }),
      );
    }
    if (hook !== undefined) throw new OrcError('usage', '--hook is for servers: it goes with --server');
    const { installHooks } = await import('../../app/git-hooks.ts');
    return answer(await installHooks(place(call)));
  },
  view: ({ data: report }, look) => [
    report.changed ? 'Installed.' : 'They were installed already.',
    ...hooksLines(report, look),
  ],
});

const uninstall = defineCommand<HooksReport>({
  name: 'uninstall',
  words: '',
  summary: "Take orc's git hooks out of this clone, and leave everything as it was before",
  options: [serverOption],
  examples: ['orc hooks uninstall', 'orc hooks uninstall --server /srv/git/project.git'],
  data,
  async run(call) {
    const server = call.text('server');
    if (server !== undefined) {
      const { uninstallServerHook } = await import('../../app/server-hooks.ts');
      return answer(await uninstallServerHook({ path: serverPath(call, server) }));
    }
    const { uninstallHooks } = await import('../../app/git-hooks.ts');
    return answer(await uninstallHooks(place(call)));
  },
  view: ({ data: report }, look) => [
    report.changed ? 'Taken out.' : 'There was nothing to take out.',
    ...hooksLines(report, look),
  ],
});

const status = defineCommand<HooksReport>({
  name: 'status',
  isDefault: true,
  words: '',
  summary: "Show which of orc's git hooks are installed, and beside what",
  options: [serverOption],
  examples: ['orc hooks status', 'orc hooks status --json', 'orc hooks status --server /srv/git/project.git'],
  data,
  async run(call) {
    const server = call.text('server');
    if (server !== undefined) {
      const { readServerHook } = await import('../../app/server-hooks.ts');
      return answer(await readServerHook({ path: serverPath(call, server) }));
    }
    const { readHooks } = await import('../../app/git-hooks.ts');
    return answer(await readHooks(place(call)));
  },
  view: ({ data: report }, look) => hooksLines(report, look),
});

/** How the pre-commit hook hears that the commit is refused: orc itself may fail with any other. */
const refusedStatus = 100;

const run = defineCommand<CommitCheck>({
  name: 'run',
  isHidden: true,
  words: '<hook>',
  summary: "What orc's own git hooks call: not for people",
  examples: ['git diff --cached --name-only -z | orc hooks run pre-commit'],
  data: '{ locked, isSkipped, agent }',
  async run(call) {
    const { globals, io } = call;
    const { env } = io;
    if (call.word(0) !== 'pre-commit') throw new OrcError('usage', 'the hook that calls orc is pre-commit');
    const [{ checkCommit }, { realWorld }] = await Promise.all([
      import('../../app/commit-check.ts'),
      import('../../app/connect.ts'),
    ]);
    const { clock, chance } = io.world ?? realWorld;
    const input = await io.stdin();
    const options = { cwd: globals.cwd, env, agent: globals.agent, now: clock.now(), newId: () => chance.id(), input };
    const check = await checkCommit(options);
    const isRefused = check.locked.length > 0 && !check.isSkipped;
    return { data: check, published: null, version: null, ...(isRefused ? { exitCode: refusedStatus } : {}) };
  },
  view: ({ data: check }, look) => checkLines(check, look),
});

function serverPath(call: Call, server: string): string {
  return pathFrom(call, server, '--server');
}

/** @throws OrcError `invalid-argument` */
function readServerHookName(name: string | undefined): ServerHook | undefined {
  if (name === undefined || name === 'update' || name === 'pre-receive') return name;
  throw new OrcError('invalid-argument', `there is no server hook "${name}"`, {
    hint: '--hook update or --hook pre-receive',
  });
}

/** No board is needed for any of this. */
function place({ globals, io }: Call): { readonly cwd: string; readonly env: NodeJS.ProcessEnv } {
  if (globals.board !== undefined)
    throw new OrcError('usage', 'hooks belong to a clone: --board does not fit them', { hint: 'use -C DIR' });
  return { cwd: globals.cwd, env: io.env };
}

function answer(report: HooksReport): CommandResult<HooksReport> {
  return { data: report, published: null, version: null };
}

export const hooksCommands: readonly CommandSpec[] = [install, uninstall, status, run];
