import type { Orc } from '../../app/orc.ts';
import { OrcError } from '../../errors.ts';
import type { Call } from '../call.ts';
import { type CommandResult, type CommandSpec, defineCommand } from '../command.ts';

interface Begun {
  /** `null` with `how`, `branch`, `upstream` and `shallow` where the block was taken out: no board is looked at. */
  readonly board: string | null;
  readonly how: Orc['how'] | null;
  readonly branch: string | null;
  readonly upstream: string | null;
  /** The store lacks older commits. */
  readonly shallow: boolean | null;
  readonly agents_md: 'written' | 'unchanged' | 'removed' | null;
  readonly hooks: 'installed' | 'unchanged' | null;
}

/** Of the block in AGENTS.md. */
const toldOfBlock = {
  written: 'AGENTS.md tells agents about orc now',
  unchanged: 'AGENTS.md needed no change',
  removed: "orc's part is taken out of AGENTS.md",
} as const;

const told: Readonly<Record<Orc['how'], string>> = {
  created: 'Began a board on',
  joined: 'Joined the board on',
  moved: 'Moved the board to',
  opened: 'The board is here already: on',
};

export const init: CommandSpec = defineCommand<Begun>({
  name: 'init',
  words: '',
  summary: 'Begin a board, or join one',
  details: [
    'Needed only to choose: any other command joins a board that a remote has, and `orc ws create` begins one where it is clear where.',
    '--remote takes the name of a remote, a URL or path, `host` (a branch of this repository alone) or `none` (a board that stands alone).',
  ].join('\n'),
  options: [
    { flags: '--remote <where>', summary: 'where the board lives: NAME, URL, host or none' },
    { flags: '--template <dir>', summary: 'a folder with orc.yaml and what else the board starts with' },
    { flags: '--shallow', summary: 'join with the newest commits alone (default where CI is set; ORC_SHALLOW=1)' },
    { flags: '--full', summary: 'join with the whole history (ORC_SHALLOW=0); fetches what a shallow store lacks' },
    { flags: '--agents-md', summary: 'tell coding agents about orc in AGENTS.md' },
    { flags: '--hooks', summary: "install orc's git hooks in this clone: see `orc hooks install`" },
    { flags: '--remove', summary: 'with --agents-md: take it out again, and begin nothing' },
    { flags: '--yes', summary: 'ask nothing' },
  ],
  examples: [
    'orc init',
    'orc init --remote origin --agents-md --hooks',
    'orc init --remote host --branch coordination',
    'orc init --agents-md --remove',
  ],
  data: '{ board, how, branch, upstream, shallow, agents_md, hooks }',
  async run(call) {
    const upstream = call.text('remote');
    if (call.flag('remove')) return removeInstructions(call);
    const orc = await begin(call, upstream);
    const { config, transport } = orc.connection;
    let agentsMd: Begun['agents_md'] = null;
    if (call.flag('agentsMd')) {
      const { writeAgentsMd } = await import('../../app/agents-md.ts');
      agentsMd = await writeAgentsMd(orc.surroundings.host?.workTree ?? call.globals.cwd);
    }
    const hooks = call.flag('hooks') ? await installHooks(call) : null;
    const { id } = (await orc.head()).read.board.meta;
    const data: Begun = {
      board: id,
      how: orc.how,
      branch: config.branch,
      upstream: transport.label,
      shallow: orc.isShallow,
      agents_md: agentsMd,
      hooks,
    };
    return { ...(await call.answer(data)), published: orc.how === 'created' ? true : null };
  },
  view: ({ data }, look) => [
    ...(data.how === null ? [] : [look.line(`${told[data.how]} branch ${data.branch} of ${data.upstream}`)]),
    ...(data.shallow ? ['Its older commits are not here: `orc init --full` fetches them'] : []),
    ...(data.agents_md === null ? [] : [toldOfBlock[data.agents_md]]),
    ...(data.hooks === null ? [] : [`Git hooks ${data.hooks}`]),
  ],
});

async function installHooks({ globals, io }: Call): Promise<Begun['hooks']> {
  const { installHooks: install } = await import('../../app/git-hooks.ts');
  const { changed } = await install({ cwd: globals.cwd, env: io.env });
  return changed ? 'installed' : 'unchanged';
}

/** Leaving is one command, and needs neither a board nor its remote. @throws OrcError `usage`, `conflict`, `io` */
async function removeInstructions(call: Call): Promise<CommandResult<Begun>> {
  if (!call.flag('agentsMd')) {
    throw new OrcError('usage', '--remove wants --agents-md', { hint: '`orc init --agents-md --remove`' });
  }
  const { removeAgentsMd, workTreeAround } = await import('../../app/agents-md.ts');
  const agents_md = await removeAgentsMd(workTreeAround(call.globals.cwd, call.io.env));
  const data: Begun = { board: null, how: null, branch: null, upstream: null, shallow: null, agents_md, hooks: null };
  return { data, published: null, version: null };
}

async function begin(call: Call, upstream: string | undefined): Promise<Orc> {
  const template = call.text('template');
  if (template === '') throw new OrcError('invalid-argument', '--template must not be empty');
  const shallow = readShallow(call);
  try {
    return await call.open({ create: { upstream, template, shallow }, isTold: false });
  } catch (error) {
    const { ask } = call.io;
    const isChoice = error instanceof OrcError && error.code === 'ambiguous-remote';
    if (!isChoice || ask === undefined || call.flag('yes') || call.globals.json) throw error;
    const chosen = (await ask(`${error.message}\nWhich one? (a name, or host for this repository alone) `)).trim();
    if (chosen === '') throw error;
    return call.open({ create: { upstream: chosen, template, shallow }, isTold: false });
  }
}

/** @throws OrcError `usage` when both are asked for */
function readShallow(call: Call): boolean | undefined {
  const [shallow, full] = [call.flag('shallow'), call.flag('full')];
  if (shallow && full) throw new OrcError('usage', '--shallow and --full exclude each other');
  return shallow || full ? shallow : undefined;
}
