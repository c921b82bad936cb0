/** The cycle: what comes next, what an agent has to know for it, what came of it. */
import type { Brief, Collected, PlanOutline } from '../../app/cycle.ts';
import type { Orc } from '../../app/orc.ts';
import { type CommandSpec, defineCommand } from '../command.ts';
import { escapeLine, escapeText } from '../escape.ts';
import { exitCodes } from '../exit-codes.ts';
import { readSince } from '../values.ts';

export const plan: CommandSpec = defineCommand<{ readonly data: PlanOutline | string; readonly text: string }>({
  name: 'plan',
  words: '',
  summary: 'Show what can be worked on next, by whom, and what has to wait',
  details: [
    'Tasks that can start at the same time touch no file in common, and are given to live agents that are free and able. All other ready tasks',
    'stand under "one after the other" with the reason. The critical path is the longest chain of open tasks, by estimate where there is one.',
  ].join('\n'),
  options: [{ flags: '--mermaid', summary: 'draw it, as a Mermaid flowchart' }],
  examples: ['orc plan', 'orc plan --mermaid > plan.mmd', 'orc p --json'],
  data: 'Plan, or with --mermaid the text',
  async run(call) {
    const orc = await call.openToRead();
    const { drawPlan, makePlan, outlinePlan } = await import('../../app/cycle.ts');
    if (call.flag('mermaid')) {
      const drawn = await drawPlan(orc);
      return call.answer({ data: drawn, text: drawn.replace(/\n$/, '') });
    }
    const { planText } = await import('../../app/plan-text.ts');
    // Lines for people have no briefs.
    const made = call.globals.json ? await makePlan(orc) : await outlinePlan(orc, await orc.head());
    return call.answer({ data: made, text: planText(made) });
  },
  toJson: ({ data }) => data,
  view: ({ data }) => [escapeText(data.text)],
});

export const brief: CommandSpec = defineCommand<Brief | null>({
  name: 'brief',
  words: '[workstream] [id]',
  summary: 'Print what an agent has to know for a task, as Markdown',
  details: [
    'Without an id for the next task: what the agent has in hand, else what its next would be; without an agent whatever can begin.',
    'The agent is --agent, ORC_AGENT or `git config orc.agent`. templates/brief.md of the board shapes it. Exit code 4: no task is ready.',
  ].join(' '),
  options: [
    { flags: '--max-chars <n>', summary: 'at most so many characters: the least relevant is left out, and said' },
  ],
  examples: ['orc brief revenue', 'orc b 1a2b3c4d --agent agent-1', 'orc brief revenue 1a2b3c4d --max-chars 8000'],
  data: 'Brief | null',
  async run(call) {
    const maxChars = call.whole('maxChars', 1);
    const orc = await call.openToRead();
    const { workstream, id } = await briefWords(orc, call.words);
    const actor = await orc.actor(undefined);
    const agent = actor === 'system' && call.globals.agent === undefined ? undefined : actor;
    const made = await orc.brief(workstream, id, { agent, maxChars });
    for (const warning of made?.warnings ?? []) call.note(`warning: ${escapeLine(warning)}`);
    return call.answer(made, made === null ? exitCodes.nothingToDo : exitCodes.done);
  },
  view: ({ data }, _look, call) =>
    data === null ? [`No pending tasks in ${call.words.length === 0 ? 'any' : 'this'} workstream.`] : [],
  raw: ({ data }) => (data === null ? '' : escapeText(data.markdown)),
});

/** `[workstream] [id]`: one word is the workstream of that name, else an id. */
async function briefWords(
  orc: Orc,
  words: readonly string[],
): Promise<{ readonly workstream: string | null; readonly id: string | undefined }> {
  const [first, second] = words;
  if (first === undefined || second !== undefined) return { workstream: first ?? null, id: second };
  const isWorkstream = await orc.ask((board) => board.workstreams.get(first) !== undefined);
  return isWorkstream || !/^[0-9a-f]{1,32}$/i.test(first)
    ? { workstream: first, id: undefined }
    : { workstream: null, id: first };
}

interface Shown {
  readonly collected: Collected;
  /** For people: lines, or Markdown with `--markdown`. */
  readonly text: string;
}

export const collect: CommandSpec = defineCommand<Shown>({
  name: 'collect',
  words: '',
  summary: 'Show what was completed, failed, begun and learnt',
  details:
    'Since the opening of the cycle that is open; where none is, since the board began, or since the time before which `orc compact` took work off it. It changes nothing: `orc cycle collect` ends the cycle.',
  options: [
    { flags: '--since <time>', summary: 'from then on: 2026-01-31T12:00:00Z, or 2h for two hours ago' },
    { flags: '--markdown', summary: 'as a report in Markdown' },
  ],
  examples: ['orc collect --since 8h', 'orc collect --markdown > report.md', 'orc c --json'],
  data: 'Collected',
  async run(call) {
    const given = call.text('since');
    const orc = await call.openToRead();
    const since = given === undefined ? undefined : readSince(given, orc.world.clock.now());
    const { collectResults, collectText } = await import('../../app/cycle.ts');
    const { collectMarkdown } = await import('../../app/cycle-report.ts');
    const collected = await collectResults(orc, { since });
    return call.answer({
      collected,
      text: call.flag('markdown') ? collectMarkdown(collected).trimEnd() : collectText(collected),
    });
  },
  toJson: (data) => data.collected,
  view: ({ data }) => [escapeText(data.text)],
});
