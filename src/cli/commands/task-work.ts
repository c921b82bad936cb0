/** Commands on who works on a task: next, claim, complete, fail, release, renew, block and the like. */
import type { Task } from '../../core/records.ts';
import { shellWord } from '../../core/shell-word.ts';
import { OrcError } from '../../errors.ts';
import type { Call } from '../call.ts';
import { type CommandResult, type CommandSpec, defineCommand, type OptionSpec } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Look } from '../look.ts';
import { onlyWord, sortTaskWords } from '../task-words.ts';
import { textFrom } from '../text-words.ts';
import { readChoice } from '../values.ts';
import { checkResultLines, claimedLines, leaseFacts } from '../views/task.ts';

const lease: OptionSpec = {
  flags: '--lease <time>',
  summary: 'how long the claim holds without a sign of life (default: `lease` of the settings, 30m)',
};
const token: OptionSpec = { flags: '--token <n>', summary: 'proves the claim where it was not made here' };

const next = defineCommand<Task | null>({
  name: 'next',
  words: '[workstream] [agent]',
  isLoose: true,
  summary: 'Claim the first task that is ready, by priority and age',
  details: 'Exit code 4: there is none. Say a workstream, or --any for all of them.',
  options: [
    { flags: '--any', summary: 'from any workstream' },
    { flags: '--label <label>', summary: 'only tasks with this label' },
    lease,
  ],
  examples: [
    'orc t next revenue agent-1',
    'orc t next --any agent-1 --lease 2h',
    'ORC_AGENT=agent-1 orc t next revenue --label api',
  ],
  data: 'Task | null',
  allowsNoWords: true,
  async run(call) {
    const isAny = call.flag('any');
    const [workstream, named] = isAny ? [null, call.words[0]] : call.words;
    if (call.words.length > (isAny ? 1 : 2))
      throw new OrcError('usage', 'too many words', { hint: '`orc t next <workstream> <agent>`' });
    if (workstream === undefined) {
      throw new OrcError('usage', 'from which workstream?', {
        hint: '`orc t next <workstream> <agent>`, or `orc t next --any <agent>`',
      });
    }
    if (isAny && named !== undefined) {
      const orc = await call.open();
      if (await orc.ask((board) => board.workstreams.get(named) !== undefined)) {
        throw new OrcError('usage', `"${named}" is a workstream, and --any means all of them`, {
          hint: `\`orc t next ${shellWord(named)} <agent>\`, or \`orc t next --any <agent>\``,
        });
      }
    }
    const leaseMs = call.duration('lease');
    const actor = await call.actor(named);
    const result = await call.perform<Task | null>(
      'task.next',
      { workstream, label: call.text('label'), lease_ms: leaseMs },
      actor,
    );
    if (result.data !== null || result.state === 'unknown') return result;
    // Nothing here, and nobody could be asked: that is not "nothing to do".
    return { ...result, exitCode: result.reason === null ? exitCodes.nothingToDo : exitCodes.notPublished };
  },
  view: ({ data }, look, call) => {
    if (data !== null) return [look.line(`Claimed next task: ${data.id} - ${data.title}`), ...claimedLines(data, look)];
    return [`No pending tasks in ${call.flag('any') ? 'any' : 'this'} workstream.`];
  },
});

const claim = defineCommand<Task>({
  name: 'claim',
  words: '[workstream] <id> [agent]',
  isLoose: true,
  summary: 'Claim a task: it is yours until its lease runs out',
  options: [lease],
  examples: ['orc t claim revenue 1a2b3c4d agent-1', 'orc t claim 1a2b --agent agent-1 --lease 2h'],
  data: 'Task',
  async run(call) {
    const leaseMs = call.duration('lease');
    const { workstream, id, more } = await sortTaskWords(await call.open(), call.words);
    const actor = await call.actor(onlyWord(more, call.words, 'the agent'));
    return call.perform('task.claim', { workstream, id, lease_ms: leaseMs }, actor);
  },
  view: ({ data }, look) => [look.line(`Claimed: ${data.title} -> ${data.assigned_to}`), ...claimedLines(data, look)],
});

const complete = defineCommand<ClosedTask>({
  name: 'complete',
  aliases: ['done'],
  words: '[workstream] <id> [result]',
  isLoose: true,
  summary: 'Complete a task, with its result',
  details: [
    'With - in the place of the result it is read from standard input. Parts of it that are open stay open; which, is told.',
    'With --check the commands of its checks are run first, in',
    'this work tree; it is completed when all of them succeed. They come from the board: without --run-checks they run only',
    'where `git config orc.runChecks true` allows it.',
  ].join('\n'),
  options: [
    token,
    { flags: '--check', summary: 'run its checks, and complete it when all have passed' },
    { flags: '--run-checks', summary: 'as --check, and allows the commands of the board for this call' },
    { flags: '--confirm', summary: 'with --check: say that its criteria in words are met' },
    { flags: '--check-timeout <time>', summary: 'a check that takes longer has failed (default: 10m)' },
    {
      flags: '--force <what>',
      summary: '`checks`: complete it although its checks did not pass, or were not run; it is recorded',
    },
  ],
  examples: [
    'orc t complete revenue 1a2b3c4d "Done: integrated payments"',
    'orc t done 1a2b3c4d --token 17',
    'orc t complete 1a2b3c4d - < report.md',
    'orc t complete 1a2b3c4d "Done" --run-checks --confirm',
  ],
  data: 'ClosedTask',
  async run(call) {
    const proof = call.whole('token', 1);
    const force = call.text('force');
    if (force !== undefined) readChoice(force, '--force', ['checks']);
    const { workstream, id, more } = await sortTaskWords(await call.open(), call.words);
    const result = await textOf(call, more);
    const { checksFor } = await import('../task-checks.ts');
    const checks = await checksFor(call, id, force !== undefined);
    const forced = force === undefined ? undefined : [force];
    const args = { workstream, id, result, checks, force: forced, token: proof };
    return withOpenParts(call, await call.perform<Task>('task.complete', args));
  },
  view: ({ data }, look) => [
    look.line(`Completed: ${data.title}`),
    ...checkResultLines(data, look),
    ...openPartsLines(data, look),
  ],
});

const renew = defineCommand<Task>({
  name: 'renew',
  words: '[workstream] <id> [agent]',
  isLoose: true,
  summary: 'Extend the lease of a claim',
  options: [lease, token],
  examples: ['orc t renew revenue 1a2b3c4d agent-1', 'orc t renew 1a2b3c4d --lease 2h'],
  data: 'Task',
  async run(call) {
    const args = { lease_ms: call.duration('lease'), token: call.whole('token', 1) };
    const { workstream, id, more } = await sortTaskWords(await call.open(), call.words);
    return call.perform('task.renew', { workstream, id, ...args }, onlyWord(more, call.words, 'the agent'));
  },
  view: ({ data }, look) => [look.line(`Renewed: ${data.title}`), look.line(leaseFacts(data, look).join(' | '))],
});

/** A task that was closed, and its parts that are still open. */
export interface ClosedTask extends Task {
  readonly open_parts: readonly string[];
}

/** Closing a task closes none of its parts: whoever closes it hears of those that are left. */
async function withOpenParts(call: Call, result: CommandResult<Task>): Promise<CommandResult<ClosedTask>> {
  // When it is not known whether it is in there is no task to tell of.
  if (result.state === 'unknown') return result as CommandResult<ClosedTask>;
  const { openPartsOf } = await import('../../app/task-views.ts');
  return { ...result, data: { ...result.data, open_parts: await openPartsOf(await call.open(), result.data.id) } };
}

function openPartsLines({ id, open_parts: open }: ClosedTask, look: Look): string[] {
  if (open.length === 0) return [];
  const what = open.length === 1 ? 'A part of it is still open' : `${open.length} parts of it are still open`;
  return [look.line(`${what}: ${open.slice(0, 5).join(', ')}${open.length > 5 ? ', …' : ''} (orc t tree ${id})`)];
}

interface WithReason {
  readonly name: 'fail' | 'release' | 'block' | 'unblock' | 'reopen';
  readonly summary: string;
  readonly told: (task: Task) => string;
  readonly reason: string;
  readonly isProven?: boolean;
}

/** `[workstream] <id> [reason]`. */
function withReason({ name, summary, told, reason, isProven = false }: WithReason): CommandSpec {
  return defineCommand<Task>({
    name,
    words: '[workstream] <id> [reason]',
    isLoose: true,
    summary,
    ...(isProven ? { options: [token] } : {}),
    examples: [`orc t ${name} revenue 1a2b3c4d "${reason}"`, `orc t ${name} 1a2b`],
    data: 'Task',
    async run(call) {
      const proof = call.whole('token', 1);
      const { workstream, id, more } = await sortTaskWords(await call.open(), call.words);
      return call.perform(`task.${name}`, { workstream, id, reason: await textOf(call, more), token: proof });
    },
    view: ({ data }, look) => [look.line(told(data))],
  });
}

const cancel = defineCommand<ClosedTask>({
  name: 'cancel',
  words: '[workstream] <id> [reason]',
  isLoose: true,
  summary: 'Close a task without doing it',
  details: 'Parts of it that are open stay open; which, is told.',
  examples: ['orc t cancel revenue 1a2b3c4d "not needed any more"', 'orc t cancel 1a2b'],
  data: 'ClosedTask',
  async run(call) {
    const { workstream, id, more } = await sortTaskWords(await call.open(), call.words);
    return withOpenParts(call, await call.perform('task.cancel', { workstream, id, reason: await textOf(call, more) }));
  },
  view: ({ data }, look) => [look.line(`Cancelled: ${data.title}`), ...openPartsLines(data, look)],
});

async function textOf(call: Call, more: string | undefined): Promise<string | undefined> {
  return more === undefined ? undefined : textFrom(call, [more]);
}

export const taskWorkCommands: readonly CommandSpec[] = [
  next,
  claim,
  complete,
  withReason({
    name: 'fail',
    summary: 'Report that a task could not be done; it is tried again, up to max_attempts times',
    told: ({ title, status, attempts }) =>
      `Failed: ${title} (attempt ${attempts}, ${status === 'failed' ? 'given up' : 'pending again'})`,
    reason: 'the sandbox API is down',
    isProven: true,
  }),
  withReason({
    name: 'release',
    summary: 'Hand a claimed task back: it is pending again',
    told: ({ title }) => `Released: ${title}`,
    reason: 'somebody with database access should do this',
    isProven: true,
  }),
  renew,
  withReason({
    name: 'block',
    summary: 'Mark a task as blocked: nobody is given it until it is unblocked',
    told: ({ title }) => `Blocked: ${title}`,
    reason: 'waits for the contract',
    isProven: true,
  }),
  withReason({
    name: 'unblock',
    summary: 'Make a blocked task pending again',
    told: ({ title }) => `Unblocked: ${title}`,
    reason: 'the contract is signed',
  }),
  cancel,
  withReason({
    name: 'reopen',
    summary: 'Make a closed task pending again',
    told: ({ title }) => `Reopened: ${title}`,
    reason: 'it broke in production',
  }),
];
