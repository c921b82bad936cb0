/** Cycles that the board keeps: open, collect, list, show. */
import type { CycleSummary } from '../../app/cycle-board.ts';
import type { Cycle } from '../../core/records.ts';
import type { Call } from '../call.ts';
import { type CommandSpec, defineCommand } from '../command.ts';
import { escapeText } from '../escape.ts';
import { readWhole } from '../values.ts';
import { cycleLines } from '../views/cycle.ts';

const defaultLast = 20;

interface Shown {
  readonly cycle: Cycle;
  readonly text: string;
}

const open = defineCommand<Cycle>({
  name: 'open',
  words: '',
  summary: 'Open a cycle: keep the plan of now on the board',
  details: 'One cycle is open at a time. `orc collect` counts since its opening.',
  examples: ['orc cycle open', 'orc cycle open --agent planner'],
  data: 'Cycle',
  async run(call) {
    const orc = await call.open();
    const { openCycle } = await import('../../app/cycle-board.ts');
    return openCycle(orc, { op: call.globals.op });
  },
  view: ({ data }, look) => [look.line(`Opened cycle ${data.number}. It ends with: orc cycle collect`)],
});

const collect = defineCommand<Shown | null>({
  name: 'collect',
  words: '[number]',
  summary: 'End the cycle that is open: keep on the board what came of it',
  options: [{ flags: '--markdown', summary: 'show the results as a report in Markdown' }],
  examples: ['orc cycle collect', 'orc cycle collect 3 --markdown'],
  data: 'Cycle',
  async run(call) {
    const orc = await call.open();
    const { collectCycle } = await import('../../app/cycle-board.ts');
    const { data, ...rest } = await collectCycle(orc, numberIn(call), { op: call.globals.op });
    // What may have arrived, or not, has no data.
    return { ...rest, data: data === null ? null : await shown(data, call) };
  },
  toJson: (data) => data?.cycle ?? null,
  view: ({ data }) => (data === null ? [] : [escapeText(data.text)]),
});

const list = defineCommand<CycleSummary[]>({
  name: 'list',
  aliases: ['ls'],
  isDefault: true,
  words: '',
  summary: 'List cycles, the newest first',
  options: [{ flags: '--last <n>', summary: `the newest so many (default: ${defaultLast})` }],
  examples: ['orc cycle list', 'orc cycle list --last 100'],
  data: 'CycleSummary[]',
  async run(call) {
    const last = call.whole('last', 1) ?? defaultLast;
    const orc = await call.openToRead();
    const { listCycles } = await import('../../app/cycle-board.ts');
    return call.answer(await listCycles(orc, last));
  },
  view: ({ data }, look) => cycleLines(data, look),
});

const show = defineCommand<Shown>({
  name: 'show',
  words: '[number]',
  summary: "Show a cycle's plan and results; the newest without a number",
  options: [{ flags: '--markdown', summary: 'the results as a report in Markdown' }],
  examples: ['orc cycle show', 'orc cycle show 3', 'orc cycle show 3 --markdown > report.md'],
  data: 'Cycle',
  async run(call) {
    const number = numberIn(call);
    const orc = await call.openToRead();
    const { readCycle } = await import('../../app/cycle-board.ts');
    return call.answer(await shown(await readCycle(orc, number), call));
  },
  toJson: ({ cycle }) => cycle,
  view: ({ data }) => [escapeText(data.text)],
});

function numberIn(call: Call): number | undefined {
  const [word] = call.words;
  return word === undefined ? undefined : readWhole(word, 'the number of a cycle', 1);
}

async function shown(cycle: Cycle, call: Call): Promise<Shown> {
  const { cycleMarkdown, cycleText } = await import('../../app/cycle-text.ts');
  return { cycle, text: call.flag('markdown') ? cycleMarkdown(cycle).trimEnd() : cycleText(cycle) };
}

export const cycleCommands: readonly CommandSpec[] = [open, collect, list, show];
