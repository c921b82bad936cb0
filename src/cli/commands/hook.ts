import { setTimeout as sleep } from 'node:timers/promises';
import type { HookAnswer } from '../../app/agent-hooks/answer.ts';
import { type HookEvent, hookEvents } from '../../app/agent-hooks/event.ts';
import type { HookOutcome, handleAgentEvent } from '../../app/agent-hooks/handle.ts';
import type { Call } from '../call.ts';
import { type CommandResult, type CommandSpec, defineCommand } from '../command.ts';
import { escapeLine } from '../escape.ts';
import { exitCodes } from '../exit-codes.ts';
import { readChoice } from '../values.ts';

/** A tool's input holds the whole text that it writes. */
const bounds = { maxBytes: 32 * 1024 * 1024, timeoutMs: 2_000 };

export const hook: CommandSpec = defineCommand<HookAnswer | null>({
  name: 'hook',
  words: '<event>',
  summary: "Answer an event of a coding agent's hooks",
  details: [
    'For the settings of coding agents, not for people: reads the event as JSON on standard input and answers as the agent expects it, see docs/hooks.md. Events: session-start, pre-tool-use, stop, session-end.',
    'Nothing that goes wrong here stops the agent: the exit code is 0, or 1 with a line on standard error, and never 2. Without a board it does nothing.',
  ].join('\n'),
  options: [
    { flags: '--quiet', summary: 'stop: say nothing of tasks that are still held (git config orc.stopReminder false)' },
    { flags: '--keep', summary: 'session-end: leave tasks to their leases (git config orc.handOver false)' },
  ],
  examples: ['orc hook session-start', 'orc hook pre-tool-use', 'orc hook stop --quiet', 'orc hook session-end --keep'],
  data: 'HookAnswer | null',
  async run(call) {
    const event: HookEvent = readChoice(call.word(0), 'the event', hookEvents);
    const { deadlineMs, handleAgentEvent: handle } = await import('../../app/agent-hooks/handle.ts');
    const { within } = await import('../../app/agent-hooks/within.ts');
    const outcome = await within(deadlineMs[event], answer(call, event, handle), async (ms, signal) => {
      await sleep(ms, undefined, { signal }).catch(() => undefined);
    });
    // What hangs must not keep the process, for the agent waits for its end.
    if (outcome === null) call.io.leave?.();
    const { answer: data, troubles } = outcome ?? { answer: null, troubles: ['it took too long, and was given up'] };
    for (const trouble of troubles) call.io.stderr(`orc hook ${event}: ${escapeLine(trouble)}\n`);
    return { data, published: null, version: null, exitCode: troubles.length > 0 ? exitCodes.failed : exitCodes.done };
  },
  view: () => [],
  raw: ({ data }: CommandResult<HookAnswer | null>) => (data === null ? '' : `${JSON.stringify(data)}\n`),
});

async function answer(call: Call, event: HookEvent, handle: typeof handleAgentEvent): Promise<HookOutcome> {
  const { realWorld } = await import('../../app/connect.ts');
  const { globals, io } = call;
  const { cwd, board, branch, agent } = globals;
  const text = await (io.boundedStdin === undefined ? io.stdin() : io.boundedStdin(bounds));
  return handle({
    event,
    text,
    cwd,
    isPlaceGiven: cwd !== io.cwd,
    options: { board, branch, agent },
    env: io.env,
    world: io.world ?? realWorld,
    isQuiet: call.flag('quiet'),
    isKeeping: call.flag('keep'),
  });
}
