import { type CommandSpec, defineCommand } from '../command.ts';
import { escapeText } from '../escape.ts';

interface Shown {
  readonly folder: string;
  /** Task → who was given it. */
  readonly claims: Readonly<Record<string, readonly string[]>>;
  readonly lock_holders: readonly string[];
}

export const demo: CommandSpec = defineCommand<Shown>({
  name: 'demo',
  words: '',
  summary: 'Show agents at work on a board of their own, in a temporary folder',
  options: [{ flags: '--keep', summary: 'leave the folder, to look around in it' }],
  examples: ['orc demo', 'orc demo --keep'],
  data: '{ folder, claims, lock_holders }',
  async run(call) {
    const { io, globals } = call;
    const print = globals.json ? io.stderr : io.stdout;
    const { runDemo } = await import('../../app/demo.ts');
    const report = await runDemo({
      out: (line) => print(`${escapeText(line)}\n`),
      keep: call.flag('keep'),
      env: io.env,
    });
    const { folder, claims, lockHolders } = report;
    return {
      data: { folder, claims: Object.fromEntries(claims), lock_holders: lockHolders },
      published: null,
      version: null,
    };
  },
  // It has told its story line by line.
  view: () => [],
});
