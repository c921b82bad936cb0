/** `orc work`: the loop that has a command do tasks. */
import type { WorkSummary } from '../../app/worker-ports.ts';
import { OrcError } from '../../errors.ts';
import type { Call } from '../call.ts';
import { type CommandSpec, defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { WorkPrinter } from '../work-printer.ts';

const hint = '`orc work <workstream> -- <command>`, or `orc work --any -- <command>`';

export const work: CommandSpec = defineCommand<WorkSummary>({
  name: 'work',
  words: '[workstream] -- <command...>',
  isLoose: true,
  endsItself: true,
  summary: 'Have a command do tasks, one after the other',
  details: [
    'Claims the next task, runs the command, keeps the claim alive while it runs, and reports. Exit code 0 completes the task,',
    'another one fails it, a signal hands it back. It goes on until it is stopped, or as --once or --drain says.',
    'The command gets the brief on standard input and in the file $ORC_BRIEF_FILE, and writes its result to $ORC_RESULT_FILE;',
    '$ORC_TASK, $ORC_WORKSTREAM, $ORC_AGENT and $ORC_CLAIM_TOKEN say what it works on. What it prints is shown on standard',
    'error, and published only with --tail. Ctrl-C ends it and hands back what is under way; a second one ends it at once.',
  ].join('\n'),
  options: [
    { flags: '--any', summary: 'tasks of any workstream' },
    { flags: '--label <label>', summary: 'only tasks with this label' },
    { flags: '--parallel <n>', summary: 'how many tasks at a time (default: 1)' },
    { flags: '--once', summary: 'one task; exit code 4 when none is ready' },
    { flags: '--drain', summary: 'until nothing is ready, and nothing under way can make something ready' },
    {
      flags: '--lease <time>',
      summary: 'how long a claim holds without a renewal (default: `lease` of the settings, 30m)',
    },
    { flags: '--task-timeout <time>', summary: 'a task that takes longer is failed' },
    { flags: '--grace <time>', summary: 'between SIGTERM and SIGKILL (default: 10s)' },
    { flags: '--tail <n>', summary: "put the last lines of the command's output into the result or the reason" },
    {
      flags: '--run-checks',
      summary: 'run the checks of tasks, which are commands from the board, before they count as done',
    },
    { flags: '--check-timeout <time>', summary: 'a check that takes longer has failed (default: 10m)' },
  ],
  examples: [
    'orc work revenue --agent agent-1 -- ./do-task.sh',
    `orc work --any --agent ci --drain --parallel 4 -- sh -c 'my-agent < "$ORC_BRIEF_FILE" > "$ORC_RESULT_FILE"'`,
    'orc work revenue --once --task-timeout 30m --tail 20 --json -- npm test',
  ],
  data: 'WorkSummary',
  async run(call) {
    const { workstream, command } = readWords(call);
    const options = {
      label: call.text('label'),
      parallel: call.whole('parallel', 1),
      mode: readMode(call),
      leaseMs: call.duration('lease'),
      taskTimeoutMs: call.duration('taskTimeout'),
      graceMs: call.duration('grace'),
    };
    const tailLines = call.whole('tail') ?? 0;
    const checkTimeoutMs = call.duration('checkTimeout');
    if (call.globals.publish !== undefined && call.globals.publish !== 'each') {
      throw new OrcError('usage', 'work is published at once: claims need the upstream', {
        hint: 'leave --publish out',
      });
    }
    const orc = await call.open();
    if (workstream === null) await demandNoWorkstream(call, command[0] as string);
    const { workWithCommand } = await import('../../app/work-command.ts');
    const printer = new WorkPrinter(call.io, {
      isJson: call.globals.json,
      isParallel: (options.parallel ?? 1) > 1,
      now: () => orc.world.clock.now(),
    });
    try {
      const summary = await workWithCommand(
        orc,
        {
          ...options,
          workstream,
          agent: await call.actor(null),
          allowSecret: call.globals.allowSecret,
          signal: call.io.signal,
          onEvent: (event) => printer.event(event),
        },
        {
          command,
          tailLines,
          runChecks: call.flag('runChecks'),
          checkTimeoutMs,
          onOutput: (claimed, chunk) => printer.output(claimed, chunk),
        },
      );
      return await call.answer(summary, exitCodeFor(summary));
    } finally {
      printer.close();
    }
  },
  view: ({ data }, _look, call) => {
    if (data.because === 'nothing') return [`No pending tasks in ${call.flag('any') ? 'any' : 'this'} workstream.`];
    const { completed, failed, released, lost } = data;
    const counts = [`${completed} completed`, `${failed} failed`];
    if (released > 0) counts.push(`${released} handed back`);
    if (lost > 0) counts.push(`${lost} lost`);
    return [`${data.because === 'stopped' ? 'Stopped' : 'Done'}: ${counts.join(', ')}`];
  },
});

function readWords(call: Call): { readonly workstream: string | null; readonly command: readonly string[] } {
  const isAny = call.flag('any');
  const [first, ...others] = call.words;
  const command = isAny ? call.words : others;
  if (!isAny && first === undefined) throw new OrcError('usage', 'from which workstream?', { hint });
  if (command.length === 0) throw new OrcError('usage', 'which command does the tasks?', { hint });
  return { workstream: isAny ? null : (first as string), command };
}

function readMode(call: Call): 'once' | 'drain' | 'forever' {
  if (call.flag('once') && call.flag('drain'))
    throw new OrcError('usage', '--once and --drain exclude one another', {
      hint: '--once does one task, --drain all',
    });
  return call.flag('once') ? 'once' : call.flag('drain') ? 'drain' : 'forever';
}

/** The parser drops the --: `orc work --any revenue -- make` would run "revenue". */
async function demandNoWorkstream(call: Call, first: string): Promise<void> {
  const orc = await call.open();
  if (!(await orc.ask((board) => board.workstreams.get(first) !== undefined))) return;
  throw new OrcError('usage', `"${first}" is a workstream, and --any means all of them`, { hint });
}

function exitCodeFor({ because, unpublished, unfinished }: WorkSummary): number {
  if (because === 'stopped') return exitCodes.interrupted;
  if (because === 'nothing') return exitCodes.nothingToDo;
  if (unpublished > 0) return exitCodes.notPublished;
  return unfinished.length > 0 ? exitCodes.failed : exitCodes.done;
}
