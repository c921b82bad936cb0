import type { Prime } from '../../app/prime.ts';
import { type CommandSpec, defineCommand } from '../command.ts';

export const prime: CommandSpec = defineCommand<Prime>({
  name: 'prime',
  words: '[agent]',
  summary: 'Print what a coding agent has to know before it begins',
  details:
    'How to use orc, in brief, and what the board has for the agent now: its tasks, locks and unread mail, what others hold, what is ready. For agents without hooks, and at the start of a session; with hooks, `orc hook session-start` gives the same.',
  options: [
    {
      flags: '--max-chars <n>',
      summary: 'leave out what is least relevant beyond so many characters (8000), and say so',
    },
  ],
  examples: ['orc prime', 'orc prime agent-1 --max-chars 3000', 'orc prime --fresh --json'],
  data: 'Prime',
  async run(call) {
    const orc = await call.openToRead();
    const named = call.words[0];
    return call.answer(await orc.prime({ agent: named, maxChars: call.whole('maxChars', 200) }));
  },
  view: () => [],
  raw: ({ data }) => data.text,
});
