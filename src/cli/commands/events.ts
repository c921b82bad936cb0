import type { BoardEvent } from '../../core/records.ts';
import { OrcError } from '../../errors.ts';
import { type CommandSpec, defineCommand } from '../command.ts';
import { readSince, readWhole } from '../values.ts';
import { eventLines } from '../views/events.ts';

const defaultLast = 20;

export const events: CommandSpec = defineCommand<BoardEvent[]>({
  name: 'events',
  words: '',
  summary: 'Show the event log',
  details: '--agent shows the events of that agent.',
  options: [
    { flags: '--last <n>', summary: `the last so many (default: ${defaultLast})` },
    { flags: '--action <name>', summary: 'only these: task_completed, lock_acquired and so on' },
    { flags: '--since <time>', summary: 'only from then on: 2026-01-31T12:00:00Z, or 2h for two hours ago' },
    { flags: '--task <id>', summary: 'only those of this task' },
    { flags: '-v, --verbose', summary: 'with number, version and operation of each' },
  ],
  examples: ['orc events', 'orc e --last 50 --agent agent-1', 'orc events --action task_completed --since 2h'],
  data: 'BoardEvent[]',
  async run(call) {
    const last = readWhole(call.text('last') ?? String(defaultLast), '--last');
    const since = call.text('since');
    const task = call.text('task');
    const orc = await call.openToRead();
    const filter = {
      last,
      agent: call.globals.agent,
      action: call.text('action'),
      since: since === undefined ? undefined : readSince(since, orc.world.clock.now()),
      task: task === undefined ? undefined : await orc.resolveTaskId(task),
    };
    return call.answer(await orc.events(filter));
  },
  view: ({ data }, look, call) => eventLines(data, look, call.flag('verbose')),
});

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
