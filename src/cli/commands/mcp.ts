import { OrcError } from '../../errors.ts';
import { type CommandSpec, defineCommand } from '../command.ts';
import { escapeLine } from '../escape.ts';
import { ended } from '../stream.ts';

export const mcp: CommandSpec = defineCommand<null>({
  name: 'mcp',
  words: '',
  endsItself: true,
  summary: 'Serve the board as tools to a coding agent, on standard input and output',
  details: [
    'Speaks the Model Context Protocol; a coding agent starts it, for example by .mcp.json. See docs/mcp.md.',
    'It acts as --agent, ORC_AGENT or git config orc.agent, else under a name of its own. While it runs it renews what was claimed through it;',
    'when its client goes, or on SIGTERM, it hands back what is not done.',
  ].join('\n'),
  options: [{ flags: '--tools <set>', summary: '`default`, `all`, or names: default,task_release (default: default)' }],
  examples: ['orc mcp', 'orc mcp --tools all', 'orc mcp --agent agent-1 --tools default,task_release'],
  data: 'null',
  async run(call) {
    const { globals, io } = call;
    const serve = io.surfaces?.mcp;
    if (serve === undefined) throw new OrcError('unsupported', 'tools can be served by the installed command alone');
    const { cwd, board, branch, agent, publish, timeoutMs, requirePublished } = globals;
    const { env, world } = io;
    await serve({
      tools: call.text('tools'),
      open: async (tell) => {
        const { openAgentSession } = await import('../../app/agent-session.ts');
        return openAgentSession({
          ...{ cwd, board, branch, agent, publish, timeoutMs, requirePublished, env, world },
          tell,
        });
      },
      signal: io.signal,
      log: (line) => io.stderr(`orc mcp: ${escapeLine(line)}\n`),
    });
    return ended(null);
  },
  view: () => [],
});
