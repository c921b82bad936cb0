import type { BoardEvent } from '../../core/records.ts';
import type { Call } from '../call.ts';
import { type CommandSpec, defineCommand } from '../command.ts';
import { escapeText } from '../escape.ts';
import { ended, printDocument, printNotice, untilEnded } from '../stream.ts';
import { readCursor } from '../values.ts';
import { liveLine } from '../views/events.ts';

export const watch: CommandSpec = defineCommand<null | BoardEvent>({
  name: 'watch',
  words: '',
  summary: 'Show what happens on the board, live',
  details: [
    'Begins with the board as it is; then each event as it is published, here or elsewhere, until Ctrl-C.',
    'The upstream is asked every second at first, and less often, down to twice a minute, while nothing happens; while it cannot be reached it goes on trying.',
    'With --json one document a line for each event, and on standard error {"notice": …} about the upstream and leases.',
    "--since with the number of the last event that was seen (`n`), or v and a board version, goes on exactly there. --agent shows that agent's events.",
  ].join('\n'),
  options: [
    { flags: '--since <event>', summary: 'go on after this event: its number, or v and a board version' },
    { flags: '--action <name>', summary: 'only these: task_completed, lock_acquired and so on' },
    { flags: '--task <id>', summary: 'only those of this task' },
    { flags: '--workstream <name>', summary: 'only those of this workstream' },
    { flags: '--count <n>', summary: 'end after so many events' },
    {
      flags: '--for <time>',
      summary: 'end after this time; exit code 4 when there was no event, or fewer than --count',
    },
  ],
  examples: [
    'orc watch',
    'orc watch --json --since 4711',
    'orc watch --action task_completed --task 1a2b3c4d --count 1 --for 10m',
  ],
  data: 'BoardEvent',
  async run(call) {
    const since = call.text('since');
    const count = call.whole('count', 1);
    const forMs = call.duration('for');
    const from = since === undefined ? {} : readCursor(since);
    const task = call.text('task');
    const orc = await call.open();
    const end = await untilEnded(call, forMs);
    const filter = {
      agent: call.globals.agent,
      action: call.text('action'),
      workstream: call.text('workstream'),
      task: task === undefined ? undefined : await orc.resolveTaskId(task),
    };
    if (since === undefined) await catchUp(call);
    // From here on nothing is missed.
    const stream = orc.watch({
      ...filter,
      ...from,
      signal: end.signal,
      onNotice: (notice) => printNotice(call, notice),
    });
    if (!call.globals.json) call.io.stdout(await overview(call));
    let seen = 0;
    for await (const event of stream) {
      await print(call, event);
      seen++;
      if (seen === count || end.signal.aborted) break;
    }
    end.abort();
    return ended(null, count === undefined ? forMs !== undefined && seen === 0 : seen < count && !isStopped(call));
  },
  view: () => [],
});

function isStopped({ io }: Call): boolean {
  return io.signal?.aborted === true || io.gone?.aborted === true;
}

/** What happened before it was called is no news; an upstream that is away is told later. */
async function catchUp(call: Call): Promise<void> {
  const { OrcError } = await import('../../errors.ts');
  const orc = await call.open();
  await orc.head({ fresh: true }).catch((error: unknown) => {
    if (!(error instanceof OrcError && error.code === 'unreachable')) throw error;
  });
}

async function overview(call: Call): Promise<string> {
  const { boardLines } = await import('../../app/status.ts');
  const orc = await call.open();
  const status = await orc.status();
  const head = `Board version: ${status.version} | Upstream: ${status.sync.upstream}`;
  return `${escapeText([head, ...boardLines(status, orc.world.clock.now())].join('\n'))}\n\n--- Live ---\n`;
}

async function print(call: Call, event: BoardEvent): Promise<void> {
  if (call.globals.json) {
    printDocument(call, event, true, event.v);
    return;
  }
  const orc = await call.open();
  const title = event.task_id === undefined ? null : ((await orc.task(event.task_id).catch(() => null))?.title ?? null);
  call.io.stdout(`${liveLine(event, title, call.look)}\n`);
}
