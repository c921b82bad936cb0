import { type CommandSpec, defineCommand } from '../command.ts';
import { escapeText } from '../escape.ts';

export const demo: CommandSpec = defineCommand<null>({
  name: 'demo',
  words: '',
  summary: 'Show agents at work on a board of their own, in a temporary folder',
  options: [{ flags: '--keep', summary: 'leave the folder, to look around in it' }],
  examples: ['orc demo', 'orc demo --keep'],
  data: 'null',
  async run(call) {
    const { runDemo } = await import('../../app/demo.ts');
    await runDemo({
      out: (line) => call.io[call.globals.json ? 'stderr' : 'stdout'](`${escapeText(line)}\n`),
      keep: call.flag('keep'),
      env: call.io.env,
    });
    return { data: null, published: null, version: null };
  },
  view: () => [],
});
