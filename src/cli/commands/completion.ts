import { type CommandSpec, defineCommand } from '../command.ts';
import { scripts, shells } from '../completion/scripts.ts';
import { readChoice } from '../values.ts';

export const completion: CommandSpec = defineCommand<{ shell: string; script: string }>({
  name: 'completion',
  words: '<shell>',
  summary: 'Print what makes bash, zsh or fish complete commands, ids and names',
  details: [
    'Ids of tasks come with their titles, and in the order that fits the command: for `complete` what the agent holds, for',
    '`claim` what is ready. Only what this clone knows is offered; nobody is asked. docs/completion.md says how to install it.',
  ].join('\n'),
  examples: [
    'orc completion bash > ~/.local/share/bash-completion/completions/orc',
    'orc completion zsh > ~/.zsh/completions/_orc',
    'orc completion fish > ~/.config/fish/completions/orc.fish',
  ],
  data: '{ shell, script }',
  async run(call) {
    const shell = readChoice(call.word(0), 'the shell', shells);
    return { data: { shell, script: scripts[shell] }, published: null, version: null };
  },
  view: () => [],
  raw: ({ data }) => data.script,
});
