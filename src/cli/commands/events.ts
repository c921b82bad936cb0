import type { EventFilter } from '../../app/reading.ts';
import type { BoardEvent } from '../../core/records.ts';
import { OrcError } from '../../errors.ts';
import type { Call } from '../call.ts';
import { type CommandResult, type CommandSpec, defineCommand } from '../command.ts';
import { ended, printDocument, printNotice, untilEnded } from '../stream.ts';
import { isCursor, readCursor, readSince, readWhole } from '../values.ts';
import { eventLines } from '../views/events.ts';

const defaultLast = 20;

export const events: CommandSpec = defineCommand<BoardEvent[]>({
  name: 'events',
  words: '',
  summary: 'Show the event log',
  details: [
    '--agent shows the events of that agent. --since with the number of an event, or v and a board version, shows all that came after it.',
    'With --follow only published events are shown, those that are there and then each new one; with --json one document a line.',
  ].join('\n'),
  options: [
    { flags: '--last <n>', summary: `the last so many (default: ${defaultLast})` },
    { flags: '--action <name>', summary: 'only these: task_completed, lock_acquired and so on' },
    {
      flags: '--since <time>',
      summary: 'only from then on: 2026-01-31T12:00:00Z, 2h for two hours ago, or after an event: 4711, v42',
    },
    { flags: '--task <id>', summary: 'only those of this task' },
    { flags: '-f, --follow', summary: 'go on with each event as it is published, until Ctrl-C' },
    { flags: '-v, --verbose', summary: 'with number, version and operation of each' },
  ],
  examples: [
    'orc events',
    'orc e --last 50 --agent agent-1',
    'orc events --action task_completed --since 2h',
    'orc events --follow --json --since 4711',
  ],
  data: 'BoardEvent[]',
  async run(call) {
    const since = call.text('since');
    const cursor = since !== undefined && isCursor(since) ? readCursor(since) : null;
    const last = call.text('last') ?? (cursor === null ? String(defaultLast) : undefined);
    const task = call.text('task');
    const isFollowing = call.flag('follow');
    const lastWanted = last === undefined ? undefined : readWhole(last, '--last');
    const orc = await (isFollowing ? call.open() : call.openToRead());
    const filter: EventFilter = {
      agent: call.globals.agent,
      action: call.text('action'),
      task: task === undefined ? undefined : await orc.resolveTaskId(task),
      ...(cursor ?? (since === undefined ? {} : { since: readSince(since, orc.world.clock.now()) })),
    };
    if (isFollowing) return follow(call, filter, lastWanted);
    return call.answer(await orc.events({ ...filter, last: lastWanted }));
  },
  view: ({ data }, look, call) => eventLines(data, look, call.flag('verbose')),
});

/** What is published already, as far as it is wanted; then each event once, as it comes. */
async function follow(call: Call, filter: EventFilter, last: number | undefined): Promise<CommandResult<BoardEvent[]>> {
  const orc = await call.open();
  const end = await untilEnded(call, undefined);
  const print = (event: BoardEvent): void => {
    if (call.globals.json) printDocument(call, event, true, event.v);
    else
      call.io.stdout(
        eventLines([event], call.look, call.flag('verbose'))
          .map((line) => `${line}\n`)
          .join(''),
      );
  };
  const { after, afterVersion, since, ...fixed } = filter;
  const head = await orc.connection.session.view.head();
  const isAhead = after !== undefined && after > head.read.board.meta.events;
  for (const event of await orc.events({ ...filter, last }, head)) print(event);
  const stream = orc.watch({
    ...fixed,
    afterVersion,
    after: isAhead ? after : head.read.board.meta.events,
    signal: end.signal,
    onNotice: (notice) => printNotice(call, notice),
  });
  for await (const event of stream) {
    print(event);
    if (end.signal.aborted) break;
  }
  return ended([]);
}

export const emit: CommandSpec = defineCommand<BoardEvent>({
  name: 'emit',
  words: '<agent> <action> [data...]',
  summary: "Log an event of an agent's own",
  details: 'Data are words such as service=api, which are kept as text, or a JSON object with --data.',
  options: [{ flags: '--data <json>', summary: 'data as a JSON object' }],
  examples: ['orc emit agent-1 deployed service=api version=2.0', `orc emit agent-1 measured --data '{"p99_ms": 81}'`],
  data: 'BoardEvent',
  async run(call) {
    const [agent, action, ...pairs] = call.words;
    const json = call.text('data');
    const data = { ...(json === undefined ? {} : readObject(json)), ...Object.fromEntries(pairs.map(readPair)) };
    if (Object.hasOwn(data, '__proto__')) {
      // Written into the log it would be lost: no reader of JSON objects keeps it.
      throw new OrcError('invalid-argument', 'the field "__proto__" is a reserved word of JavaScript', {
        hint: 'choose another name',
      });
    }
    return call.perform('event.log', { action, data }, agent);
  },
  view: ({ data }, look) => [look.line(`Logged: ${data.action}`)],
});

function readPair(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new OrcError('invalid-argument', `"${text}" is no key=value`, {
    hint: 'for example service=api; other data goes into --data',
  });
}

function readObject(json: string): Record<string, unknown> {
  let value: unknown = null;
  try {
    value = JSON.parse(json);
  } catch {
    // Told below, as any other value that is no object.
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new OrcError('invalid-argument', '--data must be a JSON object', {
    hint: `for example --data '{"service": "api"}'`,
  });
}
